import { mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CommitPair, Repository } from "../../src/ports/repository.ts";
import { type GitLab, openGitLab } from "../support/git-repository.ts";

let lab: GitLab;
let repository: Repository;
let log: string;
const NAME = 'src/é "x"\n[1].txt';
const lines = (...changed: readonly number[]): string =>
  Array.from({ length: 12 }, (_, at) => (changed.includes(at + 1) ? `X${at}\n` : `${at}\n`)).join(
    "",
  );

beforeEach(async () => {
  lab = await openGitLab();
  await lab.commit({ [NAME]: lines(), "b.txt": lines(), "package-lock.json": lines() });
  repository = await lab.open();
  log = join(lab.folder, "merges.log");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await lab.close();
});

/** A commit on a branch of its own from the base. */
async function work(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  await lab.git(["switch", "-q", "-c", name, "main"]);
  return lab.commit(files);
}

/** Puts a git before the real one that notes each merge, and refuses `--stdin` where it is said to be old. */
async function watchGit(isOld: boolean): Promise<void> {
  const folder = join(lab.folder, "bin");
  const { PATH: path } = process.env;
  const script = [
    "#!/bin/sh",
    `for word; do test "$word" = merge-tree && echo merge >> "$MERGES_LOG"; done`,
    ...(isOld ? [`for word; do test "$word" = --stdin && exit 129; done`] : []),
    `PATH="$REAL_PATH" exec git "$@"`,
    "",
  ].join("\n");
  await mkdir(folder);
  await writeFile(join(folder, "git"), script, { mode: 0o755 });
  vi.stubEnv("MERGES_LOG", log);
  vi.stubEnv("REAL_PATH", path);
  vi.stubEnv("PATH", `${folder}${delimiter}${path}`);
}

const merges = async (): Promise<number> => (await readFile(log, "utf8")).trim().split("\n").length;

async function conflicts(pairs: readonly CommitPair[]) {
  const found = await repository.conflicts(pairs);
  if (found.kind === "unknown") throw new Error(found.reason);
  return found.value.map((files) => {
    if (files.kind === "unknown") throw new Error(files.reason);
    return files.value;
  });
}

test.each([
  { git: "git", isOld: false, processes: 1 },
  { git: "a git without --stdin", isOld: true, processes: 4 },
])("$git merges all pairs for a try, tells files and lines, and asks once", async (one) => {
  const first = await work("one", { [NAME]: lines(3, 4, 9), "package-lock.json": lines(1) });
  const second = await work("two", {
    [NAME]: lines(4),
    "b.txt": lines(2),
    "package-lock.json": lines(1, 2),
  });
  const third = await work("three", { "b.txt": lines(8) });
  await watchGit(one.isOld);
  const pairs = [
    { left: first, right: second },
    { left: second, right: third },
    { left: second, right: first },
  ];
  const range = (from: number, to = from) => ({ from, to });
  const [left, right] = [[range(3, 4), range(9)], [range(4)]];
  const expected = [[{ path: NAME, left, right }], [], [{ path: NAME, left: right, right: left }]];
  expect(await conflicts(pairs)).toEqual(expected);
  expect(await merges()).toBe(one.processes);
  expect(await conflicts(pairs)).toEqual(expected);
  expect(await merges()).toBe(one.processes);
});

test("a file that one side removes is a conflict, and nothing in the checkout is touched", async () => {
  const changed = await work("changed", { "b.txt": lines(6) });
  await lab.git(["switch", "-q", "-c", "removed", "main"]);
  await lab.git(["rm", "-q", "b.txt"]);
  const removed = await lab.commit({ "c.txt": "c" });
  const before = await lab.git(["for-each-ref"]);
  expect(await conflicts([{ left: changed, right: removed }])).toMatchObject([
    [{ path: "b.txt", left: [{ from: 6, to: 6 }] }],
  ]);
  expect(await lab.git(["for-each-ref"])).toBe(before);
  expect(await lab.git(["status", "--porcelain"])).toBe("");
});

test.each([false, true])(
  "a commit that is not there leaves its own pairs unknown, and no others (old git: %s)",
  async (isOld) => {
    const first = await work("one", { "b.txt": lines(3) });
    const second = await work("two", { "b.txt": lines(3, 4) });
    await watchGit(isOld);
    const pairs = [
      { left: first, right: second },
      { left: first, right: "d".repeat(40) },
      { left: second, right: first },
    ];
    for (let again = 0; again < 2; again += 1) {
      expect(await repository.conflicts(pairs)).toMatchObject({
        kind: "known",
        value: [
          { kind: "known", value: [{ path: "b.txt" }] },
          { kind: "unknown", reason: expect.stringContaining("git merge-tree failed") },
          { kind: "known", value: [{ path: "b.txt" }] },
        ],
      });
    }
  },
);

test("of more pairs than one look takes, the rest is unknown until the next", async () => {
  const base = await lab.git(["rev-parse", "HEAD"]);
  const tree = await lab.git(["rev-parse", "HEAD^{tree}"]);
  const identity = ["-c", "user.name=Lab", "-c", "user.email=lab@example.invalid"];
  const commits: string[] = [];
  for (let n = 0; n < 21; n += 1)
    commits.push(await lab.git([...identity, "commit-tree", tree, "-p", base, "-m", `${n}`]));
  const pairs = commits.flatMap((left, at) =>
    commits.slice(at + 1).map((right) => ({ left, right })),
  );
  const kinds = async () => {
    const found = await repository.conflicts(pairs);
    return found.kind === "known" ? found.value.map(({ kind }) => kind) : [];
  };
  expect(await kinds()).toEqual([...Array(200).fill("known"), ...Array(10).fill("unknown")]);
  expect(new Set(await kinds())).toEqual(new Set(["known"]));
});

test("a commit is tried on the base as it is on origin by now", async () => {
  const mine = await work("mine", { "b.txt": lines(3) });
  const theirs = await work("theirs", { "b.txt": lines(3, 4) });
  const onto = async () => {
    const found = await repository.mergesOnto(mine, "main");
    return found.kind === "known" ? found.value : found.reason;
  };
  const tip = await lab.git(["rev-parse", "main"], lab.origin);
  expect(await onto()).toEqual({ tip, files: [] });
  await lab.git(["push", "-q", "origin", `${theirs}:refs/heads/main`]);
  await lab.git(["update-ref", "refs/remotes/origin/main", "main"]);
  expect(await onto()).toEqual({ tip: theirs, files: ["b.txt"] });
  await lab.git(["remote", "set-url", "origin", join(lab.folder, "nowhere")]);
  expect(await onto()).toMatch(/nobody can tell whether it merges with main: .*nowhere/s);
});

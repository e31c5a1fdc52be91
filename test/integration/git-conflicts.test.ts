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
  return found.value;
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

test("a commit that is not there is an unknown answer", async () => {
  const head = await lab.git(["rev-parse", "HEAD"]);
  const answer = await repository.conflicts([{ left: head, right: "d".repeat(40) }]);
  expect(answer.kind).toBe("unknown");
});

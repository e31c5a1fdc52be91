import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exec } from "../../src/adapters/exec.ts";

const DEMO = resolve(import.meta.dirname, "../../fixtures/demo");
let dir: string;
let repository: string;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "coppice-demo-"));
  repository = join(dir, "tally");
  await cp(join(DEMO, "repository"), repository, { recursive: true });
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await commit("Start");
});

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(dir, { recursive: true, force: true });
});

test("the sample repository passes its own tests and has no leftovers", async () => {
  const run = await exec("npm", ["test"], { cwd: repository });
  expect(run).toMatchObject({ code: 0 });
  expect(await git("status", "--porcelain")).toBe("");
});

test("an issue becomes one commit, and the worktree is clean", async () => {
  const agent = await work(1);

  expect(agent).toMatchObject({ code: 0 });
  expect(agent.output).toMatch(/\b10 tests pass/);
  expect(await git("status", "--porcelain")).toBe("");
  expect(await git("log", "-1", "--name-only", "--format=%s%n%b")).toBe(
    "Read durations of minutes alone (#1)\nCloses #1.\n\n\nsrc/duration.js\ntest/duration.test.js\n",
  );
});

test("issue 3 asks and goes on only when it is answered", async () => {
  const agent = await start(3);
  await agent.shows("Keep the old name as an alias? [y/n]");
  expect(await git("log", "--format=%s")).toBe("Start\n");

  agent.type("what?\n");
  await agent.shows(/alias\? \[y\/n\] .*alias\? \[y\/n\]/s);
  agent.type("y\n");

  expect(await agent.exit).toBe(0);
  expect(await readFile(join(repository, "src/report.js"), "utf8")).toContain("export const sum");
});

test("issue 3 drops the old name when the answer is no", async () => {
  expect(await work(3, { answers: "n\n" })).toMatchObject({ code: 0 });
  expect(await readFile(join(repository, "src/report.js"), "utf8")).not.toContain("const sum");
});

test("issue 3 fails when there is nobody to answer", async () => {
  expect(await work(3)).toMatchObject({ code: 1 });
});

test("issue 5 fails on the first attempt and works on the second, in the same worktree", async () => {
  const first = await work(5, { attempt: 1 });
  expect(first.code).toBe(1);
  expect(first.output).toContain("error: lost the connection to the model");
  expect(await git("log", "--format=%s")).toBe("Start\n");

  expect(await work(5, { attempt: 2 })).toMatchObject({ code: 0 });
  expect(await git("log", "-1", "--format=%s")).toContain("(#5)");
});

test("an issue that is done already is not done twice", async () => {
  await work(1);
  const before = await git("rev-parse", "HEAD");

  expect(await work(1)).toMatchObject({ code: 0 });

  expect(await git("rev-parse", "HEAD")).toBe(before);
});

test("a prompt without an issue is refused", async () => {
  await writeFile(join(dir, "prompt.md"), "Do something nice.");
  const child = launch(join(dir, "prompt.md"), "1");
  expect(await child.exit).toBe(1);
});

test("the six branches, stacked as planned, merge without a conflict and pass all tests", async () => {
  const parents = { 1: "main", 2: "i1", 3: "main", 4: "i3", 5: "main", 6: "i4" };
  for (const [issue, parent] of Object.entries(parents)) {
    await git("switch", "--quiet", "--create", `i${issue}`, parent);
    expect(await work(Number(issue), { answers: "y\n", attempt: 2 })).toMatchObject({ code: 0 });
  }
  await git("switch", "--quiet", "main");
  for (const branch of ["i2", "i5", "i6"]) {
    await git(...IDENTITY, "merge", "--quiet", "--no-edit", branch);
  }
  expect(await exec("npm", ["test"], { cwd: repository })).toMatchObject({ code: 0 });
  expect((await git("log", "--no-merges", "--format=%s")).match(/\(#\d\)/g)).toHaveLength(6);
});

test("there is a Markdown issue for each prepared change", async () => {
  const issues = (await readdir(join(DEMO, "issues"))).map((name) => Number.parseInt(name, 10));
  expect(issues.sort()).toEqual([1, 2, 3, 4, 5, 6]);
});

const IDENTITY = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"];

async function git(...args: string[]): Promise<string> {
  const run = await exec("git", args, { cwd: repository });
  if (run.code !== 0) throw new Error(`git ${args.join(" ")}: ${run.stderr}`);
  return run.stdout;
}

const commit = (subject: string): Promise<string> =>
  git(...IDENTITY, "commit", "--quiet", "-m", subject);

interface Start {
  readonly answers?: string;
  readonly attempt?: number;
}

/** Runs the agent on an issue to its end. */
async function work(issue: number, how: Start = {}): Promise<{ code: number; output: string }> {
  const agent = await start(issue, how);
  agent.type(how.answers ?? "");
  agent.leave();
  return { code: await agent.exit, output: agent.output() };
}

async function start(issue: number, how: Start = {}): Promise<Launched> {
  const promptFile = join(dir, "prompt.md");
  await writeFile(promptFile, `You work on issue #${issue}: a title.\n\nIt depends on #9.\n`);
  return launch(promptFile, String(how.attempt ?? 1));
}

interface Launched {
  readonly exit: Promise<number>;
  output(): string;
  type(text: string): void;
  leave(): void;
  shows(text: string | RegExp): Promise<void>;
}

function launch(promptFile: string, attempt: string): Launched {
  const child = spawn(process.execPath, [join(DEMO, "agent.mjs"), promptFile, "0"], {
    cwd: repository,
    env: { ...process.env, COPPICE_ATTEMPT: attempt },
  });
  running.add(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  return {
    exit: once(child, "close").then(([code]) => {
      running.delete(child);
      return Number(code);
    }),
    output: () => output,
    type: (text) => void child.stdin.write(text),
    leave: () => void child.stdin.end(),
    shows: (text) => expect.poll(() => output, { timeout: 10_000 }).toMatch(text),
  };
}

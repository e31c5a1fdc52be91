import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { readRecords } from "../../src/adapters/local-forge/records.ts";
import { readManifest } from "../../src/app/read-manifest.ts";

/** Issues of the demo, each with those whose commits its branch holds too, nearest first. */
const STACKS: readonly (readonly number[])[] = [[1], [2, 1], [3], [4, 3], [5], [6, 4, 3]];

/** Holds a finished demo to its promise: for each issue one pull request, one commit, no more and no less. */
export async function expectDeliveredDemo(dir: string): Promise<void> {
  const path = join(dir, "manifest.json");
  const read = readManifest(await readFile(path, "utf8"), path);
  if (read.kind === "invalid") throw new Error(JSON.stringify(read.problems));
  const tasks = read.manifest.phases.flatMap((phase) => phase.tasks);
  const records = await readRecords(join(dir, "origin.pulls"));
  expect(records).toHaveLength(STACKS.length);
  expect(tasks).toHaveLength(STACKS.length);
  for (const [issue = 0, parent, ...others] of STACKS) {
    const head = `fix/issue-${issue}`;
    const record = records.find((one) => one.head === head);
    const tip = (await git(join(dir, "origin.git"), "rev-parse", head)).trim();
    expect(record).toMatchObject({
      state: "open",
      base: parent === undefined ? "main" : `fix/issue-${parent}`,
      headSha: tip,
      body: expect.stringMatching(
        new RegExp(`^Closes #${issue}\n[^]*<!-- coppice:demo/t${issue} -->`),
      ),
    });
    expect(tasks.find((task) => task.issue === issue)).toMatchObject({
      id: `t${issue}`,
      status: "pr_open",
      prNumber: record?.number,
      branch: head,
    });
    const subjects = await git(join(dir, "origin.git"), "log", "--format=%s", `main..${head}`);
    const issues = [...subjects.matchAll(/\(#(\d+)\)$/gm)].map(([, number]) => Number(number));
    expect(issues).toEqual(parent === undefined ? [issue] : [issue, parent, ...others]);
    expect(await git(join(dir, "work/worktrees", `t${issue}`), "status", "--porcelain")).toBe("");
  }
  const refs = await git(join(dir, "origin.git"), "for-each-ref", "--format=%(refname)");
  expect(refs.trim().split("\n")).toHaveLength(STACKS.length + 1);
}

/** Runs the sample's own tests in every worktree. */
export async function expectGreenWorktrees(dir: string): Promise<void> {
  for (const [issue] of STACKS) {
    const run = await exec(process.execPath, ["--test"], {
      cwd: join(dir, "work/worktrees", `t${issue}`),
      env: { NODE_TEST_CONTEXT: undefined },
    });
    expect(run, `the tests of issue ${issue}`).toMatchObject({ code: 0 });
  }
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const run = await exec("git", args, { cwd });
  if (run.code !== 0) throw new Error(`git ${args.join(" ")}: ${run.stderr}`);
  return run.stdout;
}

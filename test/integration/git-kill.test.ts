import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { WorktreeOutcome } from "../../src/ports/repository.ts";
import { startChild } from "../support/child.ts";
import { type GitLab, openGitLab } from "../support/git-repository.ts";

vi.setConfig({ testTimeout: 240_000 });

let lab: GitLab;

beforeEach(async () => {
  lab = await openGitLab();
});
afterEach(() => lab.close());

const specs = (ids: readonly number[]) => ids.map((id) => lab.spec(`t${id}`));

async function expectWhole(outcomes: readonly WorktreeOutcome[]): Promise<void> {
  const tree = await lab.git(["rev-parse", "main^{tree}"]);
  for (const outcome of outcomes) {
    if (outcome.kind !== "ready") throw new Error(JSON.stringify(outcome));
    expect(await lab.git(["status", "--porcelain"], outcome.path)).toBe("");
    expect(await lab.git(["write-tree"], outcome.path)).toBe(tree);
  }
}

test("twenty worktrees of one repository, asked for at once by two processes, are all made", async () => {
  const ids = Array.from({ length: 20 }, (_, id) => id);
  const halves = [ids.filter((id) => id % 2 === 0), ids.filter((id) => id % 2 === 1)];
  const makers = halves.map((half) =>
    startChild("worktree-process.ts", { root: lab.root, specs: specs(half) }),
  );
  const outcomes: WorktreeOutcome[] = [];
  for (const maker of makers) {
    await maker.line();
    outcomes.push(...JSON.parse(await maker.line()));
  }
  expect(outcomes).toHaveLength(20);
  await expectWhole(outcomes);
  expect((await lab.git(["worktree", "list"])).split("\n")).toHaveLength(21);
  expect((await lab.git(["branch"])).split("\n")).toHaveLength(21);
});

test("two processes that make the same worktree make it once", async () => {
  const makers = [1, 2].map(() =>
    startChild("worktree-process.ts", { root: lab.root, specs: specs([1]) }),
  );
  const outcomes: WorktreeOutcome[] = [];
  for (const maker of makers) {
    await maker.line();
    outcomes.push(...JSON.parse(await maker.line()));
  }
  await expectWhole(outcomes);
  expect(outcomes.filter((outcome) => outcome.kind === "ready" && outcome.created)).toHaveLength(1);
});

test("a maker killed at any moment is followed by one that finds or makes everything whole", async () => {
  const files = Object.fromEntries(
    Array.from({ length: 400 }, (_, n) => [`dir${n % 20}/file${n}.txt`, `${n}\n`.repeat(200)]),
  );
  await lab.commit(files);
  await lab.git(["push", "-q", "origin", "main"]);
  for (const delayMs of [10, 40, 80, 130, 200]) {
    const wanted = specs([1, 2, 3]);
    const maker = startChild("worktree-process.ts", { root: lab.root, specs: wanted });
    await maker.line();
    const alarm = setTimeout(() => maker.signal("SIGKILL"), delayMs);
    await maker.ended;
    clearTimeout(alarm);
    const repository = await lab.open();
    await expectWhole(await Promise.all(wanted.map((spec) => repository.ensureWorktree(spec))));
    for (const { taskId, branch, path } of wanted) {
      await repository.removeWorktree({ taskId, branch, worktree: path });
    }
    expect(await lab.git(["branch", "--format=%(refname:short)"])).toBe("main");
    expect(await lab.git(["for-each-ref", "refs/coppice"])).toBe("");
  }
});

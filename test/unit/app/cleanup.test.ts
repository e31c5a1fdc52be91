import { expect, test } from "vitest";
import { cleanup } from "../../../src/app/cleanup.ts";
import type { Workspace } from "../../../src/app/world.ts";
import { type GitFact, known, type Probe, unknown } from "../../../src/classify/evidence.ts";
import { manifestOf, patched, type Told, taskId } from "../../support/decision.ts";
import { gitFact, launchFact } from "../../support/facts.ts";
import { executorWorld } from "../../support/fakes/executor-world.ts";

const SNAPSHOT = { path: "/m.json", text: "", warnings: [] };

/** What clean-up would do with t9, which ended and is not in the manifest. */
async function planFor(git: Probe<GitFact | null>, all: boolean): Promise<string> {
  const manifest = manifestOf({ t1: {} });
  const { context } = executorWorld(manifest, {
    folders: { launched: async () => [taskId("t9")], launch: async () => known(launchFact()) },
    repository: { probe: async () => git },
  });
  const snapshot = { ...SNAPSHOT, manifest };
  const store: Partial<Workspace["ports"]["store"]> = {
    read: async () => ({ kind: "read", snapshot }),
  };
  const workspace = { ports: { ...context.ports, store }, workdir: "/w" } as unknown as Workspace;
  const [item] = await cleanup(workspace, { all, dryRun: true });
  return item?.plan.kind === "keep" ? item.plan.why : `${item?.taskId} ${item?.plan.kind}`;
}

test.each([
  ["its work is in the base", known(gitFact({ commitsAhead: 0 })), "t9 remove"],
  ["it has commits", known(gitFact()), "not merged; --all removes it too"],
  [
    "it has files that are not committed",
    known(gitFact({ commitsAhead: 0, dirtyFiles: ["a"] })),
    "not merged; --all removes it too",
  ],
  ["git does not answer", unknown("index.lock"), "not merged; --all removes it too"],
])("a task that is not in the manifest, when %s", async (_, git, plan) => {
  expect(await planFor(git, false)).toBe(plan);
  expect(await planFor(git, true)).toBe("t9 remove");
});

test("what was removed is noted before the next is taken up, and a second clean-up does the rest", async () => {
  const left: Told = { status: "merged", worktree: "/w/worktrees/x", tmuxSession: "task-x" };
  let manifest = manifestOf({ t1: left, t2: left, t3: left });
  let mayGoOn = false;
  const { context } = executorWorld(manifest, {
    repository: {
      removeWorktree: async ({ taskId: id }) => {
        if (id === "t2" && !mayGoOn) throw new TypeError("the end of this process");
        return { kind: "removed" };
      },
    },
  });
  const store: Partial<Workspace["ports"]["store"]> = {
    read: async () => ({ kind: "read", snapshot: { ...SNAPSHOT, manifest } }),
    commit: async (before, patches) => {
      manifest = patched(manifest, patches);
      return { kind: "committed", before, snapshot: { ...SNAPSHOT, manifest }, kept: [] };
    },
  };
  const lock = { holder: { fence: 1 }, release: async () => undefined };
  const workspace = {
    ports: { ...context.ports, store },
    workdir: "/w",
    locks: { tryAcquire: async () => ({ kind: "held", lock }) },
    journal: () => ({ append: async () => undefined }),
    notifier: { notify: () => undefined },
  } as unknown as Workspace;
  const worktrees = () => manifest.phases[0]?.tasks.map(({ worktree }) => worktree !== null);

  await expect(cleanup(workspace, { all: false, dryRun: false })).rejects.toThrow(
    "the end of this",
  );
  expect(worktrees()).toEqual([false, true, true]);
  mayGoOn = true;
  const done = await cleanup(workspace, { all: false, dryRun: false });
  expect(done.map(({ taskId: id, result }) => [id, result])).toEqual([
    ["t2", "removed"],
    ["t3", "removed"],
  ]);
  expect(worktrees()).toEqual([false, false, false]);
});

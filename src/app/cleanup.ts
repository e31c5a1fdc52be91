import { execute } from "../executor/execute.ts";
import { branchOf } from "../manifest/branch.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { ManifestPatch } from "../manifest/merge.ts";
import type { TaskId } from "../manifest/task.ts";
import { readOrThrow } from "./run.ts";
import { openStory, type Workspace } from "./world.ts";

/** What clean-up does, or would do, with one task's session, worktree and branch. */
export interface CleanupItem {
  readonly taskId: TaskId;
  readonly branch: string;
  readonly worktree: string;
  readonly status: string;
  /** `remove`, or why it stays. */
  readonly plan: { readonly kind: "remove" } | { readonly kind: "keep"; readonly why: string };
  /** After the removal: what came of it. */
  readonly result?: string;
}

/**
 * Removes what finished tasks left: merged and cancelled ones, with `all` also open, failed and complete ones. Anything
 * that exists nowhere else is saved under `refs/coppice/preserved/` first. With `dryRun` it only lists.
 */
export async function cleanup(
  workspace: Workspace,
  options: { readonly all: boolean; readonly dryRun: boolean },
): Promise<readonly CleanupItem[]> {
  const snapshot = await readOrThrow(workspace);
  const { manifest } = snapshot;
  const items = manifest.phases
    .flatMap((phase) => phase.tasks)
    .flatMap((task): CleanupItem[] => {
      if (task.worktree === null) return [];
      const finished = ["merged", "cancelled", "archived"].includes(task.status);
      const rest = ["pr_open", "error", "complete"].includes(task.status);
      const plan =
        finished || (options.all && rest)
          ? ({ kind: "remove" } as const)
          : ({
              kind: "keep",
              why: rest ? "not merged; --all removes it too" : `is ${task.status}`,
            } as const);
      return [
        {
          taskId: task.id,
          branch: branchOf(manifest, task),
          worktree: task.worktree,
          status: task.status,
          plan,
        },
      ];
    });
  if (options.dryRun) return items;
  const taken = await workspace.locks.tryAcquire(workspace.lockPath, "coppice cleanup");
  if (taken.kind === "busy") {
    throw new CoppiceError({
      code: "workdir-busy",
      kind: "machine",
      message: `${taken.holder.purpose} (process ${taken.holder.pid}) is at work in ${workspace.workdir}`,
      hint: "Clean up when it has ended, or start it with --cleanup.",
    });
  }
  try {
    const { emit } = openStory(workspace, taken.lock.holder.fence);
    const context = { ports: workspace.ports, manifest, workdir: workspace.workdir };
    const patches: ManifestPatch[] = [];
    const done: CleanupItem[] = [];
    for (const item of items) {
      if (item.plan.kind === "keep") {
        done.push(item);
        continue;
      }
      const action = {
        kind: "retire",
        taskId: item.taskId,
        branch: item.branch,
        why: `is ${item.status}`,
      } as const;
      const outcome = await execute(context, action);
      for (const event of outcome.events) await emit(event);
      await emit(
        outcome.failed
          ? { kind: "action-failed", action, ...outcome.failed }
          : { kind: "action-done", action, result: outcome.result },
      );
      patches.push(...outcome.patches);
      done.push({ ...item, result: outcome.result });
    }
    if (patches.length > 0) await workspace.ports.store.commit(snapshot, patches);
    await workspace.ports.sessions.shutDown();
    return done;
  } finally {
    await taken.lock.release();
  }
}

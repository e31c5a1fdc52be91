import type { GitFact, Probe } from "../classify/evidence.ts";
import { worktreeOf } from "../executor/context.ts";
import { execute } from "../executor/execute.ts";
import { clearAway } from "../executor/retire.ts";
import { branchOf } from "../manifest/branch.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { sessionNameOf } from "../manifest/names.ts";
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
  const listed = manifest.phases
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
  const items = [...listed, ...(await strays(workspace, manifest, options.all))];
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
    const done: CleanupItem[] = [];
    for (const item of items) {
      if (item.plan.kind === "keep") {
        done.push(item);
        continue;
      }
      if (item.status === STRAY) {
        const cleared = await clearAway(context, item.taskId, item.branch);
        for (const event of cleared.events) await emit(event);
        done.push({ ...item, result: cleared.result });
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
      // Noted one by one: a clean-up that dies has then told of all that it took away.
      if (outcome.patches.length > 0) await workspace.ports.store.commit(snapshot, outcome.patches);
      done.push({ ...item, result: outcome.result });
    }
    await workspace.ports.sessions.shutDown();
    return done;
  } finally {
    await taken.lock.release();
  }
}

const STRAY = "not in the manifest";

/**
 * What tasks left that are not in the manifest: a person took them out, or they are another manifest's. With `all` only goes
 * one whose agent may be at work, or whose work the base does not have.
 */
async function strays(
  { ports: { folders, sessions, repository }, workdir }: Workspace,
  manifest: Manifest,
  all: boolean,
): Promise<readonly CleanupItem[]> {
  const ids = new Set(manifest.phases.flatMap((phase) => phase.tasks).map(({ id }) => id));
  const found: CleanupItem[] = [];
  for (const taskId of await folders.launched()) {
    if (ids.has(taskId)) continue;
    const launch = await folders.launch(taskId, Number.POSITIVE_INFINITY);
    const branch = launch.kind === "known" ? launch.value?.branch : undefined;
    // Its launch cannot be read, or is another manifest's, which looks after it.
    if (branch === undefined) continue;
    const worktree = worktreeOf(workdir, taskId);
    const git = await repository.probe({ taskId, branch, worktree, ignore: [] });
    const session = await sessions.capture(sessionNameOf(taskId), 0);
    const gone = git.kind === "known" && git.value?.worktreeReady !== true;
    if (gone && session.kind === "known" && session.value === null) continue;
    const ended = session.kind === "known" && (session.value === null || session.value.paneDead);
    const why = ended ? "not merged; --all removes it too" : "its session goes on; --all ends it";
    const plan =
      all || (ended && holdsNothing(git))
        ? ({ kind: "remove" } as const)
        : ({ kind: "keep", why } as const);
    found.push({ taskId, branch, worktree, status: STRAY, plan });
  }
  return found;
}

const holdsNothing = (git: Probe<GitFact | null>): boolean =>
  git.kind === "known" &&
  (git.value === null ||
    (git.value.commitsAhead === 0 &&
      git.value.dirtyFiles.length === 0 &&
      git.value.astray === null));

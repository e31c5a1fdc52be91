import { backoffMs } from "../decide/ladder.ts";
import { branchOf } from "../manifest/branch.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ManifestPatch } from "../manifest/merge.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { toIso } from "../manifest/time.ts";
import type { Clock } from "../ports/clock.ts";
import type { Conversations } from "../ports/conversations.ts";
import type { Forge } from "../ports/forge.ts";
import type { History } from "../ports/history.ts";
import type { Host } from "../ports/host.ts";
import type { CoppiceEvent } from "../ports/journal.ts";
import type { Repository } from "../ports/repository.ts";
import type { Sessions } from "../ports/sessions.ts";
import type { TaskFolders } from "../ports/task-folders.ts";

/** The world as the executor reaches it. */
export interface ExecutorPorts {
  readonly sessions: Sessions;
  readonly folders: TaskFolders;
  readonly repository: Repository;
  readonly forge: Forge;
  readonly conversations: Conversations;
  readonly history: History;
  readonly clock: Clock;
  readonly host: Host;
}

/** What an action is carried out with: the ports and the manifest that the decision was made on. */
export interface ExecutionContext {
  readonly ports: ExecutorPorts;
  readonly manifest: Manifest;
  /** Absolute. */
  readonly workdir: string;
}

/** What came of an action. `failed` is an outcome that is told and remembered, not our bug. */
export interface Outcome {
  readonly result: string;
  readonly patches: readonly ManifestPatch[];
  readonly events: readonly CoppiceEvent[];
  readonly failed?: { readonly code: string; readonly message: string; readonly hint: string };
  /** The session was left alone: what was counted for the action does not count. */
  readonly leftAlone?: true;
}

/**
 * An outcome that only a person can mend: the task is in `error` and says why and what to do. Whatever the person then
 * sets it to begins afresh: all tries are there again, and `complete` means the branch as it is by then.
 */
export function asksPerson(task: Task, code: string, message: string, hint: string): Outcome {
  return {
    result: message,
    events: [],
    patches: [
      {
        kind: "task",
        taskId: task.id,
        set: { status: "error", error: `${message}. ${hint}` },
        state: {
          notBefore: undefined,
          startFailures: undefined,
          deliveryFailures: undefined,
          provedSha: undefined,
        },
      },
    ],
    failed: { code, message, hint },
  };
}

/**
 * An outcome of an action that could not be carried out: it comes again after a pause, which doubles. What comes again
 * for ever is not counted to the end.
 */
export function triesAgain(
  context: ExecutionContext,
  task: Task,
  { code, message, hint }: NonNullable<Outcome["failed"]>,
  { forEver }: { readonly forEver: boolean } = { forEver: false },
): Outcome {
  const countMax = context.manifest.policy.deliveryAttemptsMax - 1;
  const counted = (task.state?.startFailures ?? 0) + 1;
  const failures = forEver ? Math.min(counted, countMax) : counted;
  const againMs = context.ports.clock.now() + backoffMs(failures, context.manifest.policy);
  return {
    result: message,
    events: [],
    patches: [
      {
        kind: "task",
        taskId: task.id,
        set: { error: forEver ? `${message}. ${hint}` : message },
        state: { startFailures: failures, notBefore: toIso(againMs) },
      },
    ],
    failed: { code, message, hint },
  };
}

/** The task that an action names; a person may have deleted it meanwhile. */
export function taskOf(context: ExecutionContext, taskId: TaskId): Task {
  const task = context.manifest.phases
    .flatMap((phase) => phase.tasks)
    .find((one) => one.id === taskId);
  if (task) return task;
  throw new CoppiceError({
    code: "task-unknown",
    kind: "bug",
    message: `no task ${taskId} in the manifest of this beat`,
    hint: "Please report this with the manifest that you used.",
  });
}

/** Where a task works: its branch and the absolute folder of its worktree. */
export function placeOf(
  context: ExecutionContext,
  task: Task,
): { readonly taskId: TaskId; readonly branch: string; readonly worktree: string } {
  return {
    taskId: task.id,
    branch: branchOf(context.manifest, task),
    worktree: worktreeOf(context.workdir, task.id),
  };
}

/** The absolute folder of a task's worktree. */
export const worktreeOf = (workdir: string, taskId: TaskId): string =>
  `${workdir}/worktrees/${taskId}`;

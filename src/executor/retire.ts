import type { Action } from "../decide/action.ts";
import type { TaskId } from "../manifest/task.ts";
import { type ExecutionContext, type Outcome, taskOf, triesAgain, worktreeOf } from "./context.ts";
import { endSessions } from "./end-sessions.ts";

/** Ends and removes what a task has, and notes it; see `clearAway`. */
export async function retire(
  context: ExecutionContext,
  action: Extract<Action, { kind: "retire" }>,
): Promise<Outcome> {
  const task = taskOf(context, action.taskId);
  const { refused, ...cleared } = await clearAway(context, task.id, action.branch);
  if (refused !== undefined) {
    const hint = "Look at that folder and remove it yourself if it is not needed.";
    const failed = { code: "cleanup-refused", message: refused, hint };
    return { ...triesAgain(context, task, failed), ...cleared };
  }
  return {
    ...cleared,
    patches: [
      {
        kind: "task",
        taskId: task.id,
        set: { worktree: null, tmuxSession: null, error: null },
        state: { startFailures: undefined, notBefore: undefined },
      },
    ],
  };
}

/**
 * Session, worktree and branch go, after anything that exists nowhere else is saved under a private ref. What is already
 * saved is not saved twice, so it is safe to repeat. The manifest need not have the task.
 */
export async function clearAway(
  { ports: { sessions, repository }, workdir }: ExecutionContext,
  taskId: TaskId,
  branch: string,
): Promise<Pick<Outcome, "result" | "events"> & { readonly refused?: string }> {
  const place = { taskId, branch, worktree: worktreeOf(workdir, taskId) };
  await endSessions(sessions, taskId);
  const refs = await repository.preserve(place);
  const removed = await repository.removeWorktree(place);
  const events = refs.length > 0 ? [{ kind: "preserved", taskId, refs } as const] : [];
  if (removed.kind === "refused") {
    return { result: `kept: ${removed.reason}`, events, refused: removed.reason };
  }
  return { result: refs.length > 0 ? `removed; saved ${refs.join(", ")}` : "removed", events };
}

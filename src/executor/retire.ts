import type { Action } from "../decide/action.ts";
import { type ExecutionContext, type Outcome, placeOf, taskOf, triesAgain } from "./context.ts";
import { endSessions } from "./end-sessions.ts";

/**
 * Session, worktree and branch go, after anything that exists nowhere else is saved under a private ref. What is already
 * saved is not saved twice, so it is safe to repeat.
 */
export async function retire(
  context: ExecutionContext,
  action: Extract<Action, { kind: "retire" }>,
): Promise<Outcome> {
  const { sessions, repository } = context.ports;
  const task = taskOf(context, action.taskId);
  const place = { ...placeOf(context, task), branch: action.branch };
  await endSessions(sessions, task.id);
  const refs = await repository.preserve(place);
  const removed = await repository.removeWorktree(place);
  const events = refs.length > 0 ? [{ kind: "preserved", taskId: task.id, refs } as const] : [];
  if (removed.kind === "refused") {
    const hint = "Look at that folder and remove it yourself if it is not needed.";
    const failed = { code: "cleanup-refused", message: removed.reason, hint };
    return { ...triesAgain(context, task, failed), result: `kept: ${removed.reason}`, events };
  }
  return {
    result: refs.length > 0 ? `removed; saved ${refs.join(", ")}` : "removed",
    events,
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

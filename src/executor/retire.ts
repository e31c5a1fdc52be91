import type { Action } from "../decide/action.ts";
import { sessionNameOf, verifySessionNameOf } from "../manifest/names.ts";
import { type ExecutionContext, type Outcome, placeOf, taskOf } from "./context.ts";

/** Session, worktree and branch go, after anything that exists nowhere else is saved under a private ref. */
export async function retire(
  context: ExecutionContext,
  action: Extract<Action, { kind: "retire" }>,
): Promise<Outcome> {
  const { sessions, repository } = context.ports;
  const task = taskOf(context, action.taskId);
  const place = { ...placeOf(context, task), branch: action.branch };
  await sessions.stop(verifySessionNameOf(task.id));
  if (!(await sessions.stop(sessionNameOf(task.id)))) {
    return { result: "its session has not ended yet", patches: [], events: [] };
  }
  const refs = await repository.preserve(place);
  const removed = await repository.removeWorktree(place);
  const preserved = refs.length > 0 ? [{ kind: "preserved", taskId: task.id, refs } as const] : [];
  if (removed.kind === "refused") {
    return {
      result: `kept: ${removed.reason}`,
      patches: [],
      events: preserved,
      failed: {
        code: "cleanup-refused",
        message: removed.reason,
        hint: "Look at that folder and remove it yourself if it is not needed.",
      },
    };
  }
  return {
    result: refs.length > 0 ? `removed; saved ${refs.join(", ")}` : "removed",
    events: preserved,
    patches: [{ kind: "task", taskId: task.id, set: { worktree: null, tmuxSession: null } }],
  };
}

import { CoppiceError } from "../manifest/errors.ts";
import { sessionNameOf, verifySessionNameOf } from "../manifest/names.ts";
import type { TaskId } from "../manifest/task.ts";
import type { Sessions } from "../ports/sessions.ts";

/** Ends a task's session and its verification. Throws CoppiceError `session-alive` (kind machine) when one stays. */
export async function endSessions(sessions: Sessions, taskId: TaskId): Promise<void> {
  for (const name of [verifySessionNameOf(taskId), sessionNameOf(taskId)]) {
    if (await sessions.stop(name)) continue;
    throw new CoppiceError({
      code: "session-alive",
      kind: "machine",
      message: `the session ${name} has not ended yet`,
      hint: `coppice attach ${taskId} shows it.`,
    });
  }
}

import type { Action } from "../decide/action.ts";
import { CoppiceError, unreachable } from "../manifest/errors.ts";
import { machineTrouble } from "../manifest/machine-trouble.ts";
import { sessionNameOf } from "../manifest/names.ts";
import { asksPerson, type ExecutionContext, type Outcome, taskOf, triesAgain } from "./context.ts";
import { deliver } from "./deliver.ts";
import { restart, resume, start, verify } from "./launch.ts";
import { retire } from "./retire.ts";
import { answer, nudge, stopSession } from "./steer.ts";

/**
 * Carries out one action. Failures of the machine are outcomes that back the task off, so that one task's trouble never
 * stops another's beat; our own bugs are thrown.
 */
export async function execute(context: ExecutionContext, action: Action): Promise<Outcome> {
  try {
    return disturbs(action) && (await isOverSomebodysHead(context, action))
      ? LEFT_ALONE
      : await carryOut(context, action);
  } catch (error) {
    const trouble = machineTrouble(error);
    if (trouble)
      return triesAgain(context, taskOf(context, action.taskId), trouble, { forEver: true });
    if (!(error instanceof CoppiceError) || error.kind === "bug") throw error;
    return backedOff(context, action, error);
  }
}

/**
 * Somebody has attached since the decision, which may have waited for its turn: nothing is typed or ended over their head,
 * unless the agent has left its record.
 */
async function isOverSomebodysHead(context: ExecutionContext, action: Action): Promise<boolean> {
  const { sessions, folders } = context.ports;
  const { id, attempts } = taskOf(context, action.taskId);
  if (!(await sessions.isAttended(sessionNameOf(id)))) return false;
  const exit = await folders.exit(id, attempts ?? 0);
  return exit.kind === "unknown" || exit.value === null;
}

/** It types into the task's session or ends it, and no person has asked for that. */
function disturbs(action: Action): boolean {
  switch (action.kind) {
    case "answer":
    case "nudge":
    case "restart":
    case "resume":
    case "retire":
      return true;
    case "stop-session":
      return !action.asked;
    case "start":
    case "verify":
    case "deliver":
      return false;
    default:
      return unreachable(action);
  }
}

/** The next beat sees who is attached, and waits. */
const LEFT_ALONE: Outcome = {
  result: "left alone: a person is attached",
  patches: [],
  events: [],
  failed: {
    code: "session-attended",
    message: "a person is attached to the session",
    hint: "It is done when nobody is attached any more.",
  },
};

async function carryOut(context: ExecutionContext, action: Action): Promise<Outcome> {
  switch (action.kind) {
    case "start":
      return await start(context, action);
    case "restart":
      return await restart(context, action);
    case "resume":
      return await resume(context, action);
    case "answer":
      return await answer(context, action);
    case "nudge":
      return await nudge(context, action);
    case "stop-session":
      return await stopSession(context, action);
    case "verify":
      return await verify(context, action);
    case "deliver":
      return await deliver(context, action);
    case "retire":
      return await retire(context, action);
    default:
      return unreachable(action);
  }
}

function backedOff(context: ExecutionContext, action: Action, error: CoppiceError): Outcome {
  const task = taskOf(context, action.taskId);
  // Clearing up changes no task: what cannot be cleared up does not make delivered work a failure.
  const clearsUp = action.kind === "stop-session" || action.kind === "retire";
  const failures = (task.state?.startFailures ?? 0) + 1;
  return !clearsUp && failures >= context.manifest.policy.deliveryAttemptsMax
    ? asksPerson(task, error.code, error.message, error.hint)
    : triesAgain(context, task, error);
}

import { agentByName } from "../agents/catalog.ts";
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
    if (disturbs(action) && (await isOverSomebodysHead(context, action))) return ATTENDED;
    if (endsIdle(context, action) && (await isBackAtWork(context, action))) return BACK_AT_WORK;
    return await carryOut(context, action);
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

/** It ends a session whose agent was seen at rest. Of what a person took as complete nobody sees any more what its agent does. */
function endsIdle(context: ExecutionContext, action: Action): boolean {
  const { status, state } = taskOf(context, action.taskId);
  const seen = status === "complete" ? "unknown" : (state?.verdict ?? "unknown");
  const ends =
    action.kind === "restart" ||
    action.kind === "resume" ||
    (action.kind === "stop-session" && !action.asked);
  return ends && !["working", "stalled", "unknown"].includes(seen);
}

/** An agent at work writes at least this often while it shows so. */
const WRITES_SECONDS = 2;

/** Somebody has told the agent to go on since the decision, which may have waited for its turn. */
async function isBackAtWork(context: ExecutionContext, action: Action): Promise<boolean> {
  const { id, state } = taskOf(context, action.taskId);
  const screen = await context.ports.sessions.capture(sessionNameOf(id), 0);
  if (screen.kind === "unknown" || screen.value === null || screen.value.paneDead) return false;
  const { silentSeconds } = screen.value;
  const writes = silentSeconds !== null && silentSeconds < WRITES_SECONDS;
  return writes && agentByName(state?.agent ?? "")?.read(screen.value).kind === "working";
}

/** The next beat sees who is attached, and waits. */
const ATTENDED: Outcome = {
  result: "left alone: a person is attached",
  patches: [],
  events: [],
  leftAlone: true,
  failed: {
    code: "session-attended",
    message: "a person is attached to the session",
    hint: "It is done when nobody is attached any more.",
  },
};

/** The next beat sees what it does. */
const BACK_AT_WORK: Outcome = {
  result: "left alone: its agent is at work again",
  patches: [],
  events: [],
  leftAlone: true,
  failed: {
    code: "session-at-work",
    message: "the agent is at work again",
    hint: "It is looked at again.",
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

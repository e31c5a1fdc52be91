import type { Agent, Dialog, DialogOption, ScreenReading } from "../agents/agent.ts";
import { agentByName } from "../agents/catalog.ts";
import { askedBy } from "../agents/dialogs.ts";
import type { Screen } from "../agents/screen.ts";
import { takesWords } from "../agents/takes-words.ts";
import type { Action } from "../decide/action.ts";
import { CoppiceError } from "../manifest/errors.ts";
import { sessionNameOf } from "../manifest/names.ts";
import { settingsOf } from "../manifest/settings.ts";
import type { Task } from "../manifest/task.ts";
import type { InjectOutcome } from "../ports/sessions.ts";
import { type ExecutionContext, type Outcome, taskOf } from "./context.ts";
import { endSessions } from "./end-sessions.ts";

type ActionOf<Kind extends Action["kind"]> = Extract<Action, { kind: Kind }>;

/** The prompt of an attempt that never reached its agent. */
const WHOLE_TASK = "@task";

/** Types words to an agent that waits at its composer; refused when a dialog is open. */
export async function nudge(
  context: ExecutionContext,
  action: ActionOf<"nudge">,
): Promise<Outcome> {
  const task = taskOf(context, action.taskId);
  const text =
    action.text === WHOLE_TASK
      ? `Please read the file ${await context.ports.folders.folder(task.id)}/prompt.${task.attempts ?? 1}.md and do what it says.`
      : action.text;
  const stalled = task.state?.verdict === "stalled";
  // An agent that went back to work since the decision, e.g. because a person answered it, is left alone.
  const takes = (reading: ScreenReading): boolean =>
    takesWords(reading) && (stalled || reading.kind !== "working");
  return told(await say(context, task, text, takes), `nudged: ${action.why}`);
}

/**
 * The one way to type words into a task's session: only where they are taken, never into a shell or an unread dialog.
 * `interrupts`: a turn that runs is ended first, by its agent's own keys.
 */
export async function say(
  context: ExecutionContext,
  task: Task,
  text: string,
  takes: (reading: ScreenReading) => boolean,
  { interrupts }: { readonly interrupts: boolean } = { interrupts: false },
): Promise<InjectOutcome> {
  const agent = agentOf(context, task);
  const launch = await context.ports.folders.launch(task.id, task.attempts ?? 0);
  if (launch.kind === "known" && launch.value?.mode === "headless") {
    return { kind: "refused", reason: "its agent runs headless and reads no words" };
  }
  return await context.ports.sessions.inject(
    sessionNameOf(task.id),
    text,
    (screen) => !screen.paneDead && takes(agent.read(screen)),
    interrupts
      ? { keys: agent.interrupt, runs: (screen) => isInterruptible(agent.read(screen)) }
      : undefined,
  );
}

const isInterruptible = ({ turn, dialog, needsPerson }: ScreenReading): boolean =>
  turn === "running" && dialog === undefined && needsPerson !== true;

/**
 * Answers a dialog by the label of an option, or a question by typed words; nothing when it has changed meanwhile. The event
 * shows the screen before and after.
 */
export async function answer(
  context: ExecutionContext,
  action: ActionOf<"answer">,
): Promise<Outcome> {
  const { taskId, dialogId } = action;
  const task = taskOf(context, taskId);
  const agent = agentOf(context, task);
  const name = sessionNameOf(task.id);
  const { sessions } = context.ports;
  const still = (screen: Screen): boolean => isMeant(agent.read(screen).dialog, action);
  const before = await witness(context, name);
  const outcome = action.typed
    ? await sessions.inject(name, action.answer, still)
    : await chooseOption(context, name, agent, action, still);
  const result = told(outcome, `answered "${action.answer}"`);
  if (outcome.kind === "refused") return result;
  const after = await witness(context, name);
  return {
    ...result,
    events: [{ kind: "answered", taskId, dialogId, answer: action.answer, before, after }],
  };
}

/** The very dialog that the answer was decided on: the next one may ask for approval of something else. */
const isMeant = (dialog: Dialog | undefined, { dialogId, asked }: ActionOf<"answer">): boolean =>
  dialog?.id === dialogId && askedBy(dialog) === asked;

const WITNESS_LINES_MAX = 50;
const WITNESS_CHARACTERS_MAX = 200;

/** The lines with text of a session's screen; none when it cannot be seen. */
async function witness(context: ExecutionContext, name: string): Promise<readonly string[]> {
  const screen = await context.ports.sessions.capture(name, 0);
  if (screen.kind === "unknown" || screen.value === null) return [];
  return screen.value.lines
    .filter((line) => line.trim() !== "")
    .slice(-WITNESS_LINES_MAX)
    .map((line) => line.slice(0, WITNESS_CHARACTERS_MAX));
}

/** Read → move to the wanted option → read again → confirm → the session's own proof that the screen moved. */
async function chooseOption(
  context: ExecutionContext,
  name: string,
  agent: Agent,
  action: ActionOf<"answer">,
  still: (screen: Screen) => boolean,
): Promise<InjectOutcome> {
  const { sessions } = context.ports;
  const wanted = (dialog: Dialog | undefined): DialogOption | undefined =>
    dialog?.options.find((option) => option.label === action.answer);
  const read = async (): Promise<Dialog | undefined> => {
    const screen = await sessions.capture(name, 0);
    return screen.kind === "known" && screen.value ? agent.read(screen.value).dialog : undefined;
  };
  const dialog = await read();
  const option = wanted(dialog);
  if (dialog === undefined || !isMeant(dialog, action) || option === undefined) {
    return { kind: "refused", reason: "the dialog is not there any more" };
  }
  if (option.keys) return await sessions.press(name, option.keys, still);
  const from = dialog.options.findIndex((one) => one.highlighted);
  const distance = dialog.options.indexOf(option) - from;
  if (from < 0) return { kind: "refused", reason: "no option of the dialog is highlighted" };
  const move = distance < 0 ? "Up" : "Down";
  if (distance !== 0) {
    const moved = await sessions.press(name, Array<string>(Math.abs(distance)).fill(move), still);
    if (moved.kind === "refused") return moved;
  }
  if (!wanted(await read())?.highlighted) {
    return { kind: "refused", reason: `"${action.answer}" could not be highlighted` };
  }
  return await sessions.press(name, ["Enter"], (screen) => {
    const now = agent.read(screen).dialog;
    return isMeant(now, action) && wanted(now)?.highlighted === true;
  });
}

/** Ends a task's session, and its verification, with all their processes. */
export async function stopSession(
  context: ExecutionContext,
  action: ActionOf<"stop-session">,
): Promise<Outcome> {
  const task = taskOf(context, action.taskId);
  await endSessions(context.ports.sessions, task.id);
  const failedBefore = task.state?.startFailures !== undefined;
  const patch = {
    kind: "task",
    taskId: task.id,
    set: { error: null },
    state: { startFailures: undefined, notBefore: undefined },
  } as const;
  return { result: "ended", patches: failedBefore ? [patch] : [], events: [] };
}

function agentOf(context: ExecutionContext, task: Task): Agent {
  const name = task.state?.agent ?? settingsOf(context.manifest, task).agents[0] ?? "";
  const agent = agentByName(name);
  if (agent) return agent;
  throw new CoppiceError({
    code: "agent-unknown",
    kind: "input",
    message: `task ${task.id} runs the agent "${name}", which Coppice does not know`,
    hint: "Correct `agent` in the manifest; coppice doctor lists the known ones.",
  });
}

function told(outcome: InjectOutcome, result: string): Outcome {
  const nothing = { patches: [], events: [] };
  switch (outcome.kind) {
    case "sent":
      return { result, ...nothing };
    case "unproven":
      return { result: `${result} (no effect seen: ${outcome.reason})`, ...nothing };
    case "refused":
      return {
        result: `nothing typed: ${outcome.reason}`,
        ...nothing,
        failed: {
          code: "inject-refused",
          message: outcome.reason,
          hint: "The next beat looks at the session again.",
        },
      };
  }
}

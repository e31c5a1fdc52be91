import type { Agent, ScreenReading } from "../agents/agent.ts";
import { failureReading } from "../agents/failure.ts";
import type { Screen } from "../agents/screen.ts";
import { readOutput } from "../agents/shell.ts";
import { saidReading, working } from "../agents/tui.ts";
import { unreachable } from "../manifest/errors.ts";
import type { VerdictKind } from "../manifest/verdict-kind.ts";
import type { ExitFact, SignalFact, TaskEvidence } from "./evidence.ts";
import { resetTimeMs } from "./reset-time.ts";
import { type Response, responseFor } from "./response.ts";
import type { Verdict } from "./verdict.ts";

/** A screen may show what was before the agent's word this much later. */
const SCREEN_LAG_MS = 800;
/** Output counts as later than a word from here on: silence is measured in whole seconds. */
const SHOWN_LATER_MS = 2000;
/** An older word of an agent may be about an earlier turn than its screen. */
const SIGNAL_FRESH_MS = 5000;

export interface ClassifyInput {
  readonly agent: Agent;
  readonly evidence: TaskEvidence;
  readonly nowMs: number;
  readonly stallAfterMs: number;
  /** When something last counted as progress: a commit, a changed file, output, processor time. */
  readonly progressAtMs: number;
  /** Minutes east of UTC of this machine, for times of day on the screen. */
  readonly utcOffsetMinutes: number;
}

/**
 * What a task's session is doing. The order of trust is this function's order: each step returns as soon as its evidence
 * decides. A probe that could not answer never leads to `dead` or to an exit.
 */
export function classify(input: ClassifyInput): Verdict {
  const { evidence } = input;
  const { launch, exit, session, screen, signals } = evidence;
  // Without the newest launch no record can be told from an earlier attempt's.
  if (launch.kind === "unknown") return unknownVerdict(`the launch record: ${launch.reason}`);
  if (launch.value === null) return unknownVerdict("it was never launched");
  const { attempt, mode } = launch.value;
  const said = signals.kind === "known" ? newestSignal(signals.value, attempt) : undefined;
  // The wrapper's own record: a fact, and the only one that outlives tmux.
  if (exit.kind === "unknown") return unknownVerdict(`the exit record: ${exit.reason}`);
  if (exit.value?.attempt === attempt) {
    if (mode === "interactive") return exitVerdict(input, exit.value, undefined);
    return signals.kind === "unknown"
      ? unknownVerdict(`the agent's word: ${signals.reason}`)
      : exitVerdict(input, exit.value, said);
  }
  if (session.kind === "unknown") return unknownVerdict(`the session: ${session.reason}`);
  // No record and no session: the wrapper itself was killed, or tmux with it.
  if (session.value === null) return deadVerdict("the session is gone and left no exit record");
  if (screen.kind === "unknown") return unknownVerdict(`the screen: ${screen.reason}`);
  if (screen.value === null) return unknownVerdict("the session shows no screen");
  if (screen.value.paneDead) return deadVerdict(deadWhy(screen.value));
  // Any sign without the agent's word may be that of a turn that has ended meanwhile.
  if (signals.kind === "unknown") return unknownVerdict(`the agent's word: ${signals.reason}`);
  // Without a composer there is nothing to read: the program runs until it ends.
  if (mode === "headless") {
    return stalledOr(input, headlessVerdict(input, said, screen.value.silentSeconds));
  }
  const reading = input.agent.read(screen.value);
  return stalledOr(input, said ? signalVerdict(input, said, reading) : toVerdict(reading, input));
}

/** A verdict on one screen alone, in the words of a scored corpus. */
export function classifyScreen(
  agent: Agent,
  screen: Screen,
): {
  readonly state: VerdictKind;
  readonly action: Response;
  readonly confidence: number;
  readonly why: string;
} {
  const verdict = screen.paneDead
    ? deadVerdict(deadWhy(screen))
    : toVerdict(agent.read(screen), { nowMs: 0, utcOffsetMinutes: 0 });
  const { kind, confidence, why } = verdict;
  return { state: kind, action: responseFor(verdict), confidence, why };
}

/** `signal`: the last word of a headless agent, which tells why it ended. */
function exitVerdict(
  input: ClassifyInput,
  exit: ExitFact,
  signal: SignalFact | undefined,
): Verdict {
  if (exit.stage !== "agent") {
    const what =
      exit.stage === "directory" ? "the worktree could not be entered" : "the setup command failed";
    return {
      kind: "exited-error",
      why: `${what} (exit code ${exit.code})`,
      confidence: 1,
      fact: true,
      turn: "ended",
    };
  }
  if (signal?.kind === "turn-failed") {
    const failed = toVerdict(failureReading(signal.text, "ended", 1), input);
    return { ...failed, why: `exit code ${exit.code}; ${failed.why}`, fact: true };
  }
  const said = toVerdict(
    signal?.kind === "turn-ended" ? saidReading(signal.text.split("\n")) : readOutput(exit.tail),
    input,
  );
  // Agents end with 0 also when they only ask or give up: the code says that the turn ended, the proof says the rest.
  if (exit.code === 0) {
    const turn = said.turn === "broken-off" ? "broken-off" : "ended";
    const { question } = said;
    return {
      kind: "exited-ok",
      why: "ended with exit code 0",
      confidence: 1,
      fact: true,
      turn,
      ...(question === undefined ? {} : { question }),
    };
  }
  // The last lines tell a limit, a refused log-in and a full context from other failures.
  if (said.kind === "rate-limited" || said.kind === "auth-error" || said.kind === "context-full") {
    return { ...said, why: `exit code ${exit.code}; ${said.why}`, confidence: 0.9, fact: true };
  }
  const killed = exit.code > 128;
  return {
    kind: "exited-error",
    why: `ended with exit code ${exit.code}${killed ? ` (signal ${exit.code - 128})` : ""}`,
    confidence: 1,
    fact: true,
    turn: killed ? "broken-off" : "ended",
  };
}

function newestSignal(signals: readonly SignalFact[], attempt: number): SignalFact | undefined {
  const telling = signals.filter(
    (signal) => signal.attempt === attempt && signal.kind !== "conversation",
  );
  const newest = telling.reduce<SignalFact | undefined>(
    (before, signal) => (before && before.atMs > signal.atMs ? before : signal),
    undefined,
  );
  if (newest?.kind !== "turn-ended" || newest.text !== "") return newest;
  // The last words came before the word that the turn ended.
  const said = telling.findLast(({ kind }) => kind === "said" || kind === "turn-started");
  return { ...newest, text: said?.text ?? "" };
}

/** A program without a composer is at work for as long as it runs; what it shows after a word that it tries again is work too. */
function headlessVerdict(
  input: ClassifyInput,
  signal: SignalFact | undefined,
  silentSeconds: number | null,
): Verdict {
  const shownAtMs = silentSeconds === null ? 0 : input.nowMs - silentSeconds * 1000;
  const retries = signal?.kind === "retrying" && shownAtMs <= signal.atMs + SHOWN_LATER_MS;
  return toVerdict(
    retries
      ? failureReading(signal.text, "running", 0.9)
      : working(0.9, "the program has not ended"),
    input,
  );
}

/**
 * The agent's own word with its screen. The word is the quicker one, the screen the newer one: while the screen may lag behind,
 * the word is the verdict, but not a fact; a screen that agrees makes it one; later a screen that shows something else has
 * moved on since, and only one that cannot be read leaves the word alone.
 */
function signalVerdict(input: ClassifyInput, signal: SignalFact, reading: ScreenReading): Verdict {
  const seen = toVerdict(reading, input);
  const ageMs = input.nowMs - signal.atMs;
  const lags = ageMs < SCREEN_LAG_MS;
  const unreadable = reading.kind === "unknown";
  const goesOn = reading.kind === "working" || reading.turn === "running";
  const silent = unreadable || reading.kind === "idle-fresh";
  // A turn that began later without a word of it, e.g. by typed words, is not this one.
  const agreed = (): Verdict => ({ ...seen, fact: ageMs < SIGNAL_FRESH_MS });
  switch (signal.kind) {
    case "done":
    case "turn-ended": {
      if (goesOn && !lags) return seen;
      if (!goesOn && !silent) return agreed();
      const said = toVerdict(saidReading(signal.text.split("\n")), input);
      return { ...said, why: `${said.why}: the agent's own word`, fact: !goesOn };
    }
    case "turn-failed":
      if (goesOn && !lags) return seen;
      // Another end is not this one: the failure went from the screen when words were sent since.
      if (!goesOn && !silent) return FAILURES.has(reading.kind) ? agreed() : seen;
      return { ...toVerdict(failureReading(signal.text, "ended", 0.9), input), fact: !goesOn };
    case "fail":
      if (goesOn && !lags) return seen;
      return {
        kind: "waiting-input",
        why: "the agent says that it cannot go on",
        confidence: 0.95,
        fact: !goesOn,
        turn: "ended",
        question: signal.text,
      };
    case "approval":
      if (reading.dialog) return withCommand(agreed(), signal.command);
      if (!unreadable && !(goesOn && lags)) return seen;
      return {
        kind: "waiting-approval",
        why: `the agent asks for approval: ${signal.text}`,
        confidence: 0.9,
        fact: unreadable,
      };
    case "turn-started":
      return lags && !goesOn && !reading.dialog
        ? toVerdict(working(0.8, "the agent's turn began"), input)
        : seen;
    case "said":
    case "retrying":
    case "conversation":
      return seen;
    default:
      return unreachable(signal.kind);
  }
}

const FAILURES: ReadonlySet<ScreenReading["kind"]> = new Set([
  "error-transient",
  "rate-limited",
  "auth-error",
  "context-full",
]);

/** The command of a dialog in the agent's own words, when they are what the screen shows, broken into rows as it may be. */
function withCommand(verdict: Verdict, command: string | undefined): Verdict {
  const { dialog } = verdict;
  const shown = dialog?.command?.join("").replace(/\s/g, "");
  return dialog && command !== undefined && shown === command.replace(/\s/g, "")
    ? { ...verdict, dialog: { ...dialog, command: [command] } }
    : verdict;
}

/** Work, and what cannot be told, is believed only as long as something moves. */
function stalledOr(input: ClassifyInput, verdict: Verdict): Verdict {
  const stillMs = input.nowMs - input.progressAtMs;
  const believed = verdict.kind !== "working" && verdict.kind !== "unknown";
  if (believed || stillMs < input.stallAfterMs) return verdict;
  const minutes = Math.floor(stillMs / 60_000);
  return {
    kind: "stalled",
    why: `no progress for ${minutes} minutes; last reading: ${verdict.why}`,
    confidence: 0.8,
    fact: false,
    turn: "broken-off",
  };
}

function toVerdict(
  reading: ScreenReading,
  { nowMs, utcOffsetMinutes }: Pick<ClassifyInput, "nowMs" | "utcOffsetMinutes">,
): Verdict {
  const { resetText, ...said } = reading;
  const waitUntilMs =
    resetText === undefined ? undefined : resetTimeMs(resetText, nowMs, utcOffsetMinutes);
  return { ...said, fact: false, ...(waitUntilMs === undefined ? {} : { waitUntilMs }) };
}

function deadWhy({ paneDeadStatus }: Screen): string {
  const how = paneDeadStatus === null ? "by a signal" : `with status ${paneDeadStatus}`;
  return `the session's program ended ${how} and left no exit record`;
}

const deadVerdict = (why: string): Verdict => ({
  kind: "dead",
  why,
  confidence: 1,
  fact: true,
  turn: "broken-off",
});

const unknownVerdict = (why: string): Verdict => ({
  kind: "unknown",
  why: `cannot tell (${why})`,
  confidence: 0,
  fact: false,
});

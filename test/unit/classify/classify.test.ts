import { resolve } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { agentByName } from "../../../src/agents/catalog.ts";
import { codex } from "../../../src/agents/codex.ts";
import { command } from "../../../src/agents/command.ts";
import type { Screen } from "../../../src/agents/screen.ts";
import { type ClassifyInput, classify } from "../../../src/classify/classify.ts";
import {
  type ExitFact,
  known,
  type LaunchFact,
  type SessionFact,
  type SignalFact,
  type TaskEvidence,
  unknown,
} from "../../../src/classify/evidence.ts";
import { responseFor } from "../../../src/classify/response.ts";
import type { Verdict } from "../../../src/classify/verdict.ts";
import { TaskId } from "../../../src/manifest/task.ts";
import { VerdictKind } from "../../../src/manifest/verdict-kind.ts";
import { recordedScreens } from "../../support/recorded-screens.ts";

const SCREENS = await recordedScreens(resolve(import.meta.dirname, "../../../fixtures/screens"));
const NOW = Date.parse("2026-10-03T10:00:00Z");

function screenOf(prefix: string): Screen {
  const recorded = SCREENS.find(({ file }) => file.startsWith(prefix));
  if (!recorded) throw new Error(`no recorded screen ${prefix}`);
  return recorded.screen;
}

const LAUNCH: LaunchFact = {
  attempt: 2,
  agent: "codex",
  startedAtMs: NOW - 60_000,
  kind: "start",
  mode: "interactive",
  worktree: "/run/worktrees/t1",
  branch: "fix/t1",
  parent: null,
  forkPoint: null,
};
const SESSION: SessionFact = {
  name: "task-t1",
  taskId: "t1",
  attempt: 2,
  paneId: "%1",
  panePid: 1,
  createdAtMs: NOW - 60_000,
  attached: 0,
  cpuSeconds: null,
};

const evidence = (more: Partial<TaskEvidence> = {}): TaskEvidence => ({
  taskId: TaskId.parse("t1"),
  takenAtMs: NOW,
  pullRequest: known(null),
  checks: known(null),
  git: known(null),
  launch: known(LAUNCH),
  exit: known(null),
  verify: known(null),
  session: known(SESSION),
  screen: known(screenOf("codex/016")),
  signals: known([]),
  ...more,
});

const exit = (more: Partial<ExitFact> = {}): ExitFact => ({
  attempt: 2,
  stage: "agent",
  code: 0,
  atMs: NOW,
  tail: [],
  ...more,
});

const signal = (kind: SignalFact["kind"], more: Partial<SignalFact> = {}): SignalFact => ({
  kind,
  atMs: NOW - 1000,
  attempt: 2,
  text: "",
  ...more,
});

const verdictOf = (found: Partial<TaskEvidence>, more: Partial<ClassifyInput> = {}): Verdict =>
  classify({
    agent: codex,
    evidence: evidence(found),
    nowMs: NOW,
    stallAfterMs: 20 * 60_000,
    progressAtMs: NOW - 60_000,
    utcOffsetMinutes: 0,
    ...more,
  });

describe("facts come before any screen", () => {
  test("the exit record decides over a screen that still works", () => {
    expect(verdictOf({ exit: known(exit()) })).toMatchObject({
      kind: "exited-ok",
      fact: true,
      turn: "ended",
    });
    expect(verdictOf({ exit: known(exit({ code: 2 })) })).toMatchObject({
      kind: "exited-error",
      fact: true,
    });
  });

  test("the record of an earlier attempt decides nothing", () => {
    expect(verdictOf({ exit: known(exit({ attempt: 1 })) }).kind).toBe("working");
  });

  test("an exit by a signal is a turn that broke off", () => {
    expect(verdictOf({ exit: known(exit({ code: 137 })) })).toMatchObject({
      kind: "exited-error",
      turn: "broken-off",
    });
  });

  test("a failed setup is named as such", () => {
    const verdict = verdictOf({ exit: known(exit({ stage: "setup", code: 1 })) });
    expect(verdict).toMatchObject({ kind: "exited-error", why: expect.stringContaining("setup") });
  });

  test.each([
    [
      "ERROR: You’ve hit your usage limit. Upgrade to Pro, or try again at 11:39 AM.",
      "rate-limited",
    ],
    ["ERROR: unexpected status 401 Unauthorized: Incorrect API key provided", "auth-error"],
    ["ERROR: Codex ran out of room in the model's context window.", "context-full"],
    ["ERROR: unexpected status 503 Service Unavailable", "exited-error"],
    ["1 test failed", "exited-error"],
  ])("the last lines of a failed run tell its kind: %s", (line, kind) => {
    expect(verdictOf({ exit: known(exit({ code: 1, tail: ["working", line] })) }).kind).toBe(kind);
  });

  test("a limit brings its reset time", () => {
    const tail = ["ERROR: You’ve hit your usage limit. Upgrade to Pro, or try again at 11:39 AM."];
    expect(verdictOf({ exit: known(exit({ code: 1, tail })) }).waitUntilMs).toBe(
      Date.parse("2026-10-03T11:39:00Z"),
    );
  });

  test("words about failure in the output of a run that ended with 0 change nothing", () => {
    const tail = ["fatal: 3 failed", "API Error: 429"];
    expect(verdictOf({ exit: known(exit({ tail })) }).kind).toBe("exited-ok");
  });

  test("a run that ended with a question says so", () => {
    const tail = ["Which database should I use?"];
    expect(verdictOf({ exit: known(exit({ tail })) })).toMatchObject({
      kind: "exited-ok",
      question: "Which database should I use?",
    });
  });

  test("no session and no record is dead; so is a dead pane without a record", () => {
    expect(verdictOf({ session: known(null), screen: known(null) })).toMatchObject({
      kind: "dead",
      fact: true,
    });
    expect(verdictOf({ screen: known(screenOf("codex/133")) })).toMatchObject({
      kind: "dead",
      fact: true,
    });
  });
});

describe("signals", () => {
  const working = known(screenOf("codex/005"));
  const ended = known(screenOf("codex/008"));
  const blank = known<Screen>({
    ...screenOf("codex/016"),
    lines: ["?"],
    title: "",
    cursor: { x: 9, y: 9, visible: false },
    alternateOn: true,
  });
  const now = { atMs: NOW - 100 };

  test("the end of a turn by the agent's own word makes an unreadable screen idle, as a fact", () => {
    expect(verdictOf({ screen: blank, signals: known([signal("turn-ended")]) })).toMatchObject({
      kind: "idle-done",
      fact: true,
    });
  });

  test("a screen that agrees with a fresh word makes it a fact; an old word adds nothing", () => {
    const fresh = verdictOf({ screen: ended, signals: known([signal("turn-ended", now)]) });
    const old = verdictOf({
      screen: ended,
      signals: known([signal("turn-ended", { atMs: NOW - 60_000 })]),
    });
    expect(fresh.fact).toBe(true);
    expect(old).toEqual(verdictOf({ screen: ended }));
    expect(old.kind).toBe(fresh.kind);
  });

  test("the word of a failed turn makes a fact of a screen that shows a failure, and of no other end", () => {
    const failed = known([signal("turn-failed", { ...now, text: "400 malformed" })]);
    const limited = known(screenOf("codex/035"));
    expect(verdictOf({ screen: limited, signals: failed }).fact).toBe(true);
    expect(verdictOf({ screen: ended, signals: failed })).toEqual(verdictOf({ screen: ended }));
  });

  test("a screen that may lag gives way to the newer word, but not as a fact", () => {
    expect(
      verdictOf({ screen: working, signals: known([signal("turn-ended", now)]) }),
    ).toMatchObject({
      kind: "idle-done",
      turn: "ended",
      fact: false,
    });
    expect(verdictOf({ screen: ended, signals: known([signal("turn-started", now)]) }).kind).toBe(
      "working",
    );
    expect(
      verdictOf({
        screen: working,
        signals: known([signal("approval", { ...now, text: "Bash x" })]),
      }),
    ).toMatchObject({ kind: "waiting-approval", fact: false });
  });

  test("a screen at work outlives an older end of a turn", () => {
    for (const kind of ["turn-ended", "turn-failed", "done", "fail", "approval"] as const) {
      expect(verdictOf({ screen: working, signals: known([signal(kind)]) }).kind).toBe("working");
    }
  });

  test("an interrupted turn shows at the composer, whatever was said before", () => {
    for (const kind of ["turn-started", "approval"] as const) {
      expect(verdictOf({ screen: ended, signals: known([signal(kind)]) })).toEqual(
        verdictOf({ screen: ended }),
      );
    }
  });

  test("the last words tell a question and an announcement from an end", () => {
    const said = (text: string) =>
      verdictOf({ screen: blank, signals: known([signal("turn-ended", { text })]) });
    expect(said("Which one shall I take?")).toMatchObject({ kind: "waiting-input", turn: "ended" });
    expect(said("I'll now run the tests.")).toMatchObject({
      kind: "idle-done",
      turn: "broken-off",
    });
    expect(said("All done.")).toMatchObject({ kind: "idle-done", turn: "ended" });
  });

  test("a failed request that the screen does not show is told by its words", () => {
    const failed = signal("turn-failed", { text: "rate_limit: 429 Too Many Requests" });
    expect(verdictOf({ screen: blank, signals: known([failed]) })).toMatchObject({
      kind: "rate-limited",
      fact: true,
    });
  });

  test("a question for approval on an unreadable screen is a person's", () => {
    const verdict = verdictOf({
      screen: blank,
      signals: known([signal("approval", { text: "Bash x" })]),
    });
    expect(verdict.kind).toBe("waiting-approval");
    expect(responseFor(verdict)).toBe("ask-person");
  });

  test("a command in the agent's own words counts when the screen shows it, however it is broken", () => {
    const asking = screenOf("codex/051");
    const rows = ["  $ git commit -m one", "  two", ""];
    const lines = asking.lines.flatMap((line) => (/^\s+\$ git/.test(line) ? rows : [line]));
    const commandOf = (command: string) =>
      verdictOf({
        screen: known({ ...asking, lines }),
        signals: known([signal("approval", { text: `Bash ${command}`, command })]),
      }).dialog?.command;
    expect(commandOf("git commit -m one two")).toEqual(["git commit -m one two"]);
    expect(commandOf("git commit -m one\ntwo")).toEqual(["git commit -m one\ntwo"]);
    expect(commandOf("git commit -m one")).toEqual(["git commit -m one", "two"]);
  });

  test("signals of an earlier attempt decide nothing", () => {
    const found = verdictOf({
      screen: known(screenOf("codex/003")),
      signals: known([signal("done", { attempt: 1 })]),
    });
    expect(found.kind).toBe("idle-fresh");
  });

  test("an agent that says it cannot go on asks with its own words", () => {
    const found = verdictOf({
      screen: ended,
      signals: known([signal("fail", { text: "no access" })]),
    });
    expect(found).toMatchObject({ kind: "waiting-input", question: "no access", fact: true });
  });
});

describe("time", () => {
  test("work without progress is stalled after the policy's time, not before", () => {
    expect(verdictOf({}, { progressAtMs: NOW - 20 * 60_000 + 1 }).kind).toBe("working");
    expect(verdictOf({}, { progressAtMs: NOW - 20 * 60_000 }).kind).toBe("stalled");
  });

  test("what waits for a person, or for a limit, is not stalled", () => {
    const long = { progressAtMs: NOW - 86_400_000 };
    expect(verdictOf({ screen: known(screenOf("codex/051")) }, long).kind).toBe("waiting-approval");
    expect(verdictOf({ screen: known(screenOf("codex/035")) }, long).kind).toBe("rate-limited");
  });
});

const probes = ["launch", "exit", "session"] as const;
test.prop([fc.subarray([...probes], { minLength: 1 }), fc.constantFrom(...SCREENS)])(
  "a probe that did not answer never means that something ended",
  (lost, recorded) => {
    const found = Object.fromEntries(lost.map((name) => [name, unknown("no answer")]));
    const agent = agentByName(recorded.agent) ?? command;
    const verdict = verdictOf({ screen: known(recorded.screen), ...found }, { agent });
    expect(verdict.kind).toBe("unknown");
    expect(responseFor(verdict)).toBe("none");
  },
);

test("a screen that could not be had is unknown", () => {
  expect(verdictOf({ screen: unknown("tmux did not answer") }).kind).toBe("unknown");
});

describe("responses", () => {
  const verdict = (kind: Verdict["kind"], more: Partial<Verdict> = {}): Verdict => ({
    kind,
    why: "x",
    confidence: 1,
    fact: false,
    ...more,
  });

  test.each(VerdictKind.options)(
    "%s without any detail is never answered and never counts as finished",
    (kind) => {
      expect(["answer", "finish"]).not.toContain(responseFor(verdict(kind)));
    },
  );

  test("the proof is looked for after the agent's own end of its turn only", () => {
    expect(responseFor(verdict("idle-done", { turn: "ended" }))).toBe("finish");
    expect(responseFor(verdict("idle-done", { turn: "broken-off" }))).toBe("nudge");
    expect(responseFor(verdict("idle-done", { turn: "ended", draft: true }))).toBe("nudge");
    expect(responseFor(verdict("exited-ok", { turn: "ended" }))).toBe("finish");
  });

  test("an agent that retries by itself is left alone; one that gave up is nudged", () => {
    expect(responseFor(verdict("error-transient", { turn: "running" }))).toBe("wait-until");
    expect(responseFor(verdict("error-transient", { turn: "ended" }))).toBe("nudge");
  });

  test("what needs a person is never typed at", () => {
    for (const kind of VerdictKind.options) {
      expect(responseFor(verdict(kind, { needsPerson: true }))).toBe("ask-person");
    }
  });

  test("nothing is ever typed at a shell's prompt", () => {
    expect(responseFor(verdict("shell-prompt"))).toBe("ask-person");
  });
});

describe("a headless agent", () => {
  const headless = { launch: known({ ...LAUNCH, mode: "headless" } as const) };
  const dialog = known(screenOf("claude/0"));

  test("works for as long as it runs, whatever its output looks like", () => {
    expect(verdictOf({ ...headless, screen: dialog })).toMatchObject({ kind: "working" });
    const said = known([signal("turn-ended", { text: "Shall I?" })]);
    expect(verdictOf({ ...headless, signals: said }).kind).toBe("working");
  });

  test("that tries again says so, until it shows something else", () => {
    const signals = known([
      signal("retrying", { text: "API Error: 429 rate_limit", atMs: NOW - 9000 }),
    ]);
    const shown = (silentSeconds: number) => known({ ...screenOf("codex/016"), silentSeconds });
    expect(verdictOf({ ...headless, signals, screen: shown(8) })).toMatchObject({
      kind: "rate-limited",
      turn: "running",
    });
    expect(verdictOf({ ...headless, signals, screen: shown(1) }).kind).toBe("working");
  });

  test("ends as it said: by its error, by its last words, or without one", () => {
    const ended = (code: number, ...signals: SignalFact[]) =>
      verdictOf({ ...headless, exit: known(exit({ code })), signals: known(signals) });
    const limit = "You've hit your usage limit, try again at 11:31 AM.";
    expect(ended(173, signal("turn-failed", { text: limit }))).toMatchObject({
      kind: "rate-limited",
      fact: true,
      waitUntilMs: Date.parse("2026-10-03T11:31:00Z"),
    });
    const words = signal("said", { text: "Shall I use tabs?" });
    expect(ended(0, words, signal("turn-ended"))).toMatchObject({
      kind: "exited-ok",
      question: "Shall I use tabs?",
    });
    expect(ended(137, signal("turn-started"))).toMatchObject({
      kind: "exited-error",
      turn: "broken-off",
    });
  });

  test("is judged by the words of this turn only", () => {
    const signals = known([
      signal("said", { text: "Shall I use tabs?", atMs: NOW - 900 }),
      signal("turn-started", { atMs: NOW - 800 }),
      signal("turn-ended", { atMs: NOW - 700 }),
    ]);
    const found = verdictOf({ ...headless, exit: known(exit()), signals });
    expect(found.question).toBeUndefined();
  });
});

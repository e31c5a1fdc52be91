import { describe, expect, test } from "vitest";
import { known } from "../../../src/classify/evidence.ts";
import { decide } from "../../../src/decide/decide.ts";
import { launchedPatch } from "../../../src/decide/launched.ts";
import type { TaskState } from "../../../src/manifest/task.ts";
import {
  actionsOf,
  ago,
  MINUTE,
  patchesOf,
  SECOND,
  type Told,
  theAction,
  viewOf,
} from "../../support/decision.ts";
import { exitFact, gitFact, launchFact, sessionFact, verdict } from "../../support/facts.ts";

const live = {
  launch: known(launchFact()),
  session: known(sessionFact()),
  git: known(gitFact({ commitsAhead: 0 })),
};
const running = (more: Told = {}, state: Partial<TaskState> = {}): Told => ({
  status: "running",
  attempts: 1,
  facts: live,
  ...more,
  state: {
    agent: "codex",
    verdict: more.verdict?.kind,
    verdictSince: ago(20 * MINUTE),
    lastHealAt: ago(30 * MINUTE),
    ...state,
  },
});
const stateAfter = (told: Told) =>
  Object.assign({}, ...patchesOf(decide(viewOf({ t1: told })).patches, "t1").map((p) => p.state));

const ended = verdict("idle-done", { turn: "ended" });

describe("what was tried", () => {
  test("is noted for the next attempt, one line for each rung", () => {
    expect(stateAfter(running({ verdict: ended })).tried).toEqual([
      "nudged: ended without a commit",
    ]);
    const tried = ["nudged: ended without a commit"];
    expect(stateAfter(running({ verdict: ended }, { nudges: 2, tried })).tried).toEqual([
      ...tried,
      "resumed codex's conversation: ended without a commit",
    ]);
    expect(stateAfter(running({ verdict: ended }, { nudges: 2, resumes: 1, tried })).tried).toEqual(
      [...tried, "started codex again: ended without a commit"],
    );
  });

  test("keeps the newest twenty lines", () => {
    const tried = Array.from({ length: 20 }, (_, index) => `line ${index}`);
    const after = stateAfter(running({ verdict: ended }, { tried })).tried;
    expect(after).toHaveLength(20);
    expect(after.at(-1)).toContain("nudged");
  });

  test("is forgotten when a person has the task done anew", () => {
    const [task] =
      viewOf({ t1: running({}, { tried: ["x"], conversation: "abc" }) }).manifest.phases[0]
        ?.tasks ?? [];
    if (task === undefined) throw new Error("no task");
    const forgotten = { tried: undefined, conversation: undefined };
    expect(launchedPatch(task, launchFact({ kind: "start" })).state).toMatchObject(forgotten);
    expect(launchedPatch(task, launchFact({ kind: "restart" })).state).not.toHaveProperty("tried");
    expect(launchedPatch(task, launchFact({ kind: "resume" })).state).not.toHaveProperty(
      "conversation",
    );
  });
});

describe("the agent's conversation", () => {
  test("is noted from its own word and is the one that is resumed", () => {
    const signals = ["older-id-1", "newer-id-2"].map((text, index) => ({
      kind: "conversation" as const,
      text,
      atMs: index,
      attempt: 1,
    }));
    const told = running({
      verdict: verdict("working"),
      facts: { ...live, signals: known(signals) },
    });
    expect(stateAfter(told).conversation).toBe("newer-id-2");
    const view = viewOf({ t1: running({ verdict: ended }, { nudges: 2, conversation: "id-9" }) });
    expect(theAction(decide(view), "resume").conversation).toBe("id-9");
  });
});

describe("nothing is typed", () => {
  test("at a pane whose agent has ended", () => {
    const exit = known(exitFact());
    const asked = verdict("exited-ok", { fact: true, turn: "ended", question: "Which?" });
    const view = viewOf({ t1: running({ verdict: asked, facts: { ...live, exit } }) });
    expect(actionsOf(decide(view))).toEqual(["t1 resume"]);
  });

  test("behind a turn that retries without end: past its deadline it is resumed", () => {
    const retrying = verdict("error-transient", { turn: "running" });
    const long = viewOf({ t1: running({ verdict: retrying }) });
    expect(actionsOf(decide(long))).toEqual(["t1 resume"]);
    const policy = { policy: { retryDeadlineMinutes: 60 } };
    expect(actionsOf(decide(viewOf({ t1: running({ verdict: retrying }) }, policy)))).toEqual([]);
  });

  test("on one look that is not a fact, nor on two within a second", () => {
    const soon = { verdictSince: ago(SECOND / 2) };
    expect(actionsOf(decide(viewOf({ t1: running({ verdict: ended }, soon) })))).toEqual([]);
  });
});

test("an agent whose turn broke off is told to go on, one that asks is told to decide", () => {
  const words = (told: ReturnType<typeof verdict>) =>
    theAction(decide(viewOf({ t1: running({ verdict: told }) })), "nudge").text;
  expect(words(verdict("idle-done", { turn: "broken-off" }))).toMatch(/broke off.*go on/);
  expect(words(verdict("waiting-input", { turn: "ended", question: "A or B?" }))).toMatch(
    /Decide yourself/,
  );
});

describe("a headless agent that ended its turn", () => {
  const left = {
    ...live,
    launch: known(launchFact({ mode: "headless" })),
    exit: known(exitFact()),
  };
  const told = (state: Partial<TaskState> = {}) =>
    running({ facts: left, verdict: verdict("exited-ok", { turn: "ended", fact: true }) }, state);

  test("is nudged by resuming its conversation, and that is none of its starts", () => {
    const conversation = "01a1f8ec-177e";
    expect(theAction(decide(viewOf({ t1: told({ conversation }) })), "resume")).toMatchObject({
      kind: "resume",
      as: "nudge",
      conversation,
      attempt: 2,
    });
    const task = viewOf({ t1: told({ attemptsBefore: 0 }) }).manifest.phases[0]?.tasks[0];
    if (task === undefined) throw new Error("no task");
    const nudge = launchFact({ kind: "nudge", mode: "headless", attempt: 2 });
    expect(launchedPatch(task, nudge).state).toMatchObject({ attemptsBefore: 1 });
    expect(launchedPatch(task, nudge).state).not.toHaveProperty("nudges");
  });

  test("is resumed and started again when nudges have not helped", () => {
    expect(theAction(decide(viewOf({ t1: told({ nudges: 2 }) })), "resume")).toMatchObject({
      kind: "resume",
      as: "resume",
    });
    const third = decide(viewOf({ t1: told({ nudges: 2, resumes: 1 }) }));
    expect(theAction(third, "restart").attempt).toBe(2);
  });
});

import { describe, expect, test } from "vitest";
import type { Screen } from "../../../src/agents/screen.ts";
import { known } from "../../../src/classify/evidence.ts";
import { decide } from "../../../src/decide/decide.ts";
import { progressKey } from "../../../src/decide/progress.ts";
import {
  actionsOf,
  ago,
  MINUTE,
  NOW,
  SECOND,
  taskId,
  viewOf,
  waitOf,
} from "../../support/decision.ts";
import {
  exitFact,
  gitFact,
  launchFact,
  screenFact,
  sessionFact,
  verdict,
} from "../../support/facts.ts";

const live = {
  launch: known(launchFact()),
  session: known(sessionFact()),
  git: known(gitFact({ commitsAhead: 0 })),
};

const nothing = {
  taskId: taskId("t1"),
  takenAtMs: NOW,
  pullRequest: known(null),
  checks: known(null),
  exit: known(null),
  verify: known(null),
  screen: known(null),
  signals: known([]),
};

describe("a clock on the screen", () => {
  const keyOf = (row: string) => progressKey({ ...nothing, ...live, screen: known(screenOf(row)) });

  test("is no progress, also when it passes a minute or an hour", () => {
    const keys = [
      "◦ Working (59s • esc)",
      "• Working (1m 00s • esc)",
      "◦ Working (1h 2m 3s • esc)",
    ];
    expect(new Set(keys.map(keyOf)).size).toBe(1);
  });

  test("hides no word beside it", () => {
    expect(keyOf("• Ran tests (3s)")).not.toBe(keyOf("• Ran builds (3s)"));
  });
});

test("an agent that waits for a limit by itself is left alone when the limit ends", () => {
  const view = viewOf({
    t1: {
      status: "running",
      attempts: 1,
      facts: live,
      verdict: verdict("rate-limited", { turn: "running", waitUntilMs: NOW + 3 * SECOND }),
      state: {
        agent: "codex",
        verdict: "rate-limited",
        verdictSince: ago(MINUTE),
        notBefore: ago(30 * SECOND),
      },
    },
  });
  expect(actionsOf(decide(view))).toEqual([]);
  expect(actionsOf(decide({ ...view, nowMs: NOW + 15 * MINUTE }))).toEqual(["t1 nudge"]);
});

test("a refused log-in that the agent tries again is a person's matter only when it gives up", () => {
  const told = (turn: "running" | "ended") =>
    viewOf({
      t1: {
        status: "running",
        attempts: 1,
        facts: live,
        verdict: verdict("auth-error", { turn, needsPerson: true }),
        state: { agent: "claude", verdict: "auth-error", verdictSince: ago(5 * SECOND) },
      },
    });
  expect(waitOf(decide(told("running")), "t1").needsPerson).toBe(false);
  expect(waitOf(decide(told("ended")), "t1").needsPerson).toBe(true);
});

test("a dialog that was just answered is not answered again before it is read twice", () => {
  const dialog = { id: "claude/unknown", title: "Which colour?", options: [choice("Blue")] };
  const told = (state: object) =>
    viewOf(
      {
        t1: {
          status: "stuck",
          attempts: 1,
          facts: live,
          verdict: verdict("waiting-approval", { fact: true, dialog }),
          state: { agent: "claude", ...state },
        },
      },
      { policy: { answers: [{ question: "which colour", answer: "Blue" }] } },
    );
  const readOnce = { verdict: "waiting-approval" as const, verdictSince: ago(2 * SECOND) };
  expect(actionsOf(decide(told({})))).toEqual(["t1 answer"]);
  expect(actionsOf(decide(told({ answers: 1 })))).toEqual([]);
  expect(actionsOf(decide(told({ answers: 1, ...readOnce })))).toEqual(["t1 answer"]);
});

test.each([
  ["killed in its turn goes on with its conversation", "broken-off", "t1 resume"],
  ["that failed by itself starts anew", "ended", "t1 restart"],
] as const)("an agent %s", (_case, turn, action) => {
  const view = viewOf({
    t1: {
      status: "running",
      attempts: 1,
      facts: { ...live, session: known(null), exit: known(exitFact({ code: 137 })) },
      verdict: verdict("exited-error", { fact: true, turn }),
      state: { agent: "codex", verdict: "exited-error", verdictSince: ago(MINUTE) },
    },
  });
  expect(actionsOf(decide(view))).toEqual([action]);
});

test("a stall is believed after the policy's own time where that is short", () => {
  const still = progressKey({ ...nothing, ...live });
  const view = viewOf(
    {
      t1: {
        status: "running",
        attempts: 1,
        facts: live,
        verdict: verdict("stalled"),
        lastProgress: ago(MINUTE),
        state: {
          agent: "codex",
          verdict: "stalled",
          verdictSince: ago(6 * SECOND),
          ...(still === null ? {} : { progressKey: still }),
        },
      },
    },
    { policy: { stallAfterMinutes: 0.1 } },
  );
  expect(actionsOf(decide({ ...view, nowMs: NOW - SECOND }))).toEqual([]);
  expect(actionsOf(decide({ ...view, nowMs: NOW + 10 * SECOND }))).toEqual(["t1 resume"]);
});

const choice = (label: string) => ({ label, highlighted: true });

const screenOf = (row: string): Screen => screenFact([row], { rows: 36 });

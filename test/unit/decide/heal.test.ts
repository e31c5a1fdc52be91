import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { known } from "../../../src/classify/evidence.ts";
import type { Verdict } from "../../../src/classify/verdict.ts";
import { decide } from "../../../src/decide/decide.ts";
import { backoffMs } from "../../../src/decide/ladder.ts";
import { launchedPatch } from "../../../src/decide/launched.ts";
import type { BeatView } from "../../../src/decide/view.ts";
import { taskGraph } from "../../../src/graph/task-graph.ts";
import { Policy } from "../../../src/manifest/policy.ts";
import {
  actionsOf,
  ago,
  MINUTE,
  NOW,
  newStatus,
  patched,
  SECOND,
  type Told,
  theAction,
  viewOf,
  waitOf,
} from "../../support/decision.ts";
import { exitFact, gitFact, launchFact, sessionFact, verdict } from "../../support/facts.ts";

const live = {
  launch: known(launchFact()),
  session: known(sessionFact()),
  git: known(gitFact({ commitsAhead: 0 })),
};
const seen = (kind: Parameters<typeof verdict>[0], more: Told = {}): Told => ({
  status: "running",
  attempts: 1,
  verdict: verdict(kind, { turn: "ended" }),
  facts: live,
  ...more,
  state: { agent: "codex", verdict: kind, verdictSince: ago(5 * MINUTE), ...more.state },
});
const actions = (task: Told, more = {}) => actionsOf(decide(viewOf({ t1: task }, more)));

test.prop([
  fc.integer({ min: 1, max: 100 }),
  fc.integer({ min: 1, max: 600 }),
  fc.integer({ min: 1, max: 86_400 }),
])(
  "the back-off never shrinks and never exceeds its bound",
  (failures, backoffSeconds, backoffMaxSeconds) => {
    const policy = Policy.parse({ backoffSeconds, backoffMaxSeconds });
    expect(backoffMs(failures + 1, policy)).toBeGreaterThanOrEqual(backoffMs(failures, policy));
    expect(backoffMs(failures, policy)).toBeLessThanOrEqual(1000 * backoffMaxSeconds);
    expect(backoffMs(failures, policy)).toBeGreaterThan(0);
  },
);

describe("the ladder", () => {
  test("nudges, as often as the policy says, then resumes, then restarts", () => {
    const idle = (state: Told["state"]) =>
      actions(seen("idle-done", { ...(state ? { state } : {}) }));
    expect(idle({})).toEqual(["t1 nudge"]);
    expect(idle({ nudges: 1, lastHealAt: ago(2 * MINUTE) })).toEqual(["t1 nudge"]);
    expect(idle({ nudges: 2, lastHealAt: ago(2 * MINUTE) })).toEqual(["t1 resume"]);
    expect(idle({ nudges: 2, resumes: 1, lastHealAt: ago(2 * MINUTE) })).toEqual(["t1 restart"]);
  });

  test("gives a nudge a minute to show an effect", () => {
    const nudged = seen("idle-done", { state: { nudges: 1, lastHealAt: ago(20 * SECOND) } });
    const decision = decide(viewOf({ t1: nudged }));
    expect(actionsOf(decision)).toEqual([]);
    expect(decision.wakeAtMs).toBe(NOW + 40 * SECOND);
  });

  test("takes a turn that began and ended between two looks for the nudge's effect", () => {
    const endedAgo = (ms: number) => {
      const word = { kind: "turn-ended", atMs: NOW - ms, attempt: 1, text: "Done." } as const;
      const state = { nudges: 1, lastHealAt: ago(20 * SECOND) };
      return actions(seen("idle-done", { facts: { ...live, signals: known([word]) }, state }));
    };
    expect(endedAgo(25 * SECOND)).toEqual([]);
    expect(endedAgo(15 * SECOND)).toEqual(["t1 nudge"]);
  });

  test("takes nothing that shows while it types for an answer", () => {
    const typedAgo = (ms: number) => {
      const state = { nudges: 1, lastHealAt: ago(ms), verdictSince: ago(ms - 1 * SECOND) };
      return decide(viewOf({ t1: seen("error-transient", { state }) }));
    };
    expect(actionsOf(typedAgo(2 * SECOND))).toEqual([]);
    expect(typedAgo(2 * SECOND).wakeAtMs).toBe(NOW + 1 * SECOND);
    expect(actionsOf(typedAgo(3 * SECOND))).toEqual(["t1 nudge"]);
  });

  test("types into no session that is gone, and resumes none of a program that ends", () => {
    const gone = { ...live, session: known(null), exit: known(exitFact({ code: 1 })) };
    const failed = verdict("exited-error", { fact: true, turn: "ended" });
    expect(actions(seen("exited-error", { verdict: failed, facts: gone }))).toEqual(["t1 restart"]);
    const program = seen("dead", {
      verdict: verdict("dead", { fact: true }),
      facts: gone,
      agent: "command",
    });
    expect(actions({ ...program, state: { ...program.state, agent: "command" } })).toEqual([
      "t1 restart",
    ]);
  });

  test("begins anew what never reached its agent, since there is nothing to go on with", () => {
    const fresh = (nudges: number) =>
      seen("idle-fresh", { state: { nudges, lastHealAt: ago(2 * MINUTE) } });
    expect(theAction(decide(viewOf({ t1: fresh(0) })), "nudge").text).toBe("@task");
    expect(actions(fresh(2))).toEqual(["t1 restart"]);
  });

  test("goes to the next agent when one has used its tries, and then asks a person", () => {
    const agents = ["codex", "claude"];
    const tries = (attempts: number) =>
      seen("context-full", {
        agents,
        attempts,
        state: { resumes: 1 },
        facts: { ...live, launch: known(launchFact({ attempt: attempts })) },
      });
    expect(theAction(decide(viewOf({ t1: tries(2) })), "restart").agent).toBe("codex");
    expect(theAction(decide(viewOf({ t1: tries(3) })), "restart").agent).toBe("claude");
    expect(theAction(decide(viewOf({ t1: tries(5) })), "restart").agent).toBe("claude");
    const last = decide(viewOf({ t1: tries(6) }));
    expect(actionsOf(last)).toEqual([]);
    expect(newStatus(last, "t1")).toBe("error");
    expect(waitOf(last, "t1")).toMatchObject({ needsPerson: true });
    expect(waitOf(last, "t1").reason).toContain("gave up after 6 starts with codex, claude");
  });

  test("hands the last lines of what failed to the next try", () => {
    const tail = Array.from({ length: 100 }, (_, line) => `line ${line}`);
    const exit = known(exitFact({ code: 1, tail }));
    const failed = verdict("exited-error", { fact: true, turn: "ended" });
    const task = seen("exited-error", {
      verdict: failed,
      facts: { ...live, session: known(null), exit },
    });
    expect(theAction(decide(viewOf({ t1: task })), "restart").context).toEqual(tail.slice(-60));
  });

  test("waits for its back-off before it starts anything", () => {
    const failed = verdict("dead", { fact: true });
    const task = seen("dead", {
      verdict: failed,
      state: { verdictSince: ago(4 * SECOND) },
      facts: { ...live, session: known(null) },
    });
    const decision = decide(viewOf({ t1: task }));
    expect(actionsOf(decision)).toEqual([]);
    expect(decision.wakeAtMs).toBe(NOW + 6 * SECOND);
  });
});

describe("a task whose every launch fails", () => {
  /** Beats with every launch noted and failing at once, until a person is needed. */
  function launches(view: BeatView): { count: number; times: readonly number[] } {
    let now = view;
    const times: number[] = [];
    for (let beats = 0; beats < 200; beats += 1) {
      const decision = decide(now);
      let manifest = patched(now.manifest, decision.patches);
      const task = manifest.phases[0]?.tasks[0];
      if (task === undefined || task.status === "error") break;
      const evidence = new Map(now.evidence);
      for (const action of decision.actions) {
        if (action.kind !== "start" && action.kind !== "restart" && action.kind !== "resume")
          continue;
        times.push(now.nowMs);
        const { attempt, agent, kind } = action;
        const fact = launchFact({ attempt, agent, kind, startedAtMs: now.nowMs });
        manifest = patched(manifest, [
          { kind: "task", taskId: task.id, ...launchedPatch(task, fact) },
        ]);
        const facts = evidence.get(task.id);
        if (facts) evidence.set(task.id, { ...facts, launch: known(fact) });
      }
      const nowMs = Math.max(now.nowMs + 250, decision.wakeAtMs ?? 0);
      const verdicts = new Map([[task.id, verdict("exited-error", { fact: true, turn: "ended" })]]);
      now = { ...now, manifest, graph: taskGraph(manifest), evidence, verdicts, nowMs };
    }
    return { count: times.length, times };
  }

  test.prop([
    fc.integer({ min: 1, max: 4 }),
    fc.uniqueArray(fc.constantFrom("codex", "claude", "command"), { minLength: 1 }),
    fc.nat({ max: 3 }),
  ])(
    "is launched attemptsMax times with each agent, with growing pauses, and no more",
    (attemptsMax, agents, earlier) => {
      const view = viewOf(
        { t1: { agents, attempts: earlier, facts: { git: known(gitFact({ commitsAhead: 0 })) } } },
        { command: ["agent"], policy: { attemptsMax } },
      );
      const { count, times } = launches(view);
      expect(count).toBe(attemptsMax * agents.length);
      const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
      for (const [index, pause] of pauses.entries()) {
        expect(pause).toBeGreaterThanOrEqual(Math.min(10 * 2 ** index, 300) * SECOND);
        expect(pause).toBeLessThan(Math.min(10 * 2 ** index, 300) * SECOND + 5 * SECOND);
      }
    },
  );
});

describe("a question", () => {
  const trust = {
    id: "codex/trust-folder",
    title: "Do you trust this folder?",
    options: [
      { label: "No, exit", highlighted: true },
      { label: "Yes, proceed", highlighted: false },
    ],
  };
  const asked = (dialog: typeof trust, state: Told["state"] = {}): Told =>
    seen("onboarding", { verdict: verdict("onboarding", { dialog }), ...(state ? { state } : {}) });

  test("that is known is answered by the option's label, wherever it stands", () => {
    expect(theAction(decide(viewOf({ t1: asked(trust) })), "answer")).toMatchObject({
      dialogId: "codex/trust-folder",
      answer: "Yes, proceed",
      typed: false,
    });
    const turned = { ...trust, options: trust.options.toReversed() };
    expect(theAction(decide(viewOf({ t1: asked(turned) })), "answer").answer).toBe("Yes, proceed");
  });

  test("that comes back again and again is a person's after the answers of the policy", () => {
    expect(actions(asked(trust, { answers: 4 }))).toEqual(["t1 answer"]);
    const decision = decide(viewOf({ t1: asked(trust, { answers: 5 }) }));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t1").needsPerson).toBe(true);
  });

  test.each([
    [
      "is not known",
      {
        id: "codex/unknown",
        title: "Delete the database?",
        options: [
          { label: "Yes", highlighted: true },
          { label: "No", highlighted: false },
        ],
      },
    ],
    [
      "lacks the known option",
      {
        ...trust,
        options: [
          { label: "Nope", highlighted: true },
          { label: "Exit", highlighted: false },
        ],
      },
    ],
    ["names something dangerous", { ...trust, title: "Trust this folder and run sudo rm -rf / ?" }],
  ])("that %s is never answered", (_, dialog) => {
    const decision = decide(viewOf({ t1: asked(dialog) }));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t1").needsPerson).toBe(true);
    expect(newStatus(decision, "t1")).toBe("stuck");
  });

  test("is left to the person who is attached, whatever the agent's own word is", () => {
    const watched = { ...live, session: known(sessionFact({ attached: 1 })) };
    expect(actions({ ...asked(trust), facts: watched })).toEqual([]);
    const said = { ...asked(trust), facts: watched };
    expect(actions({ ...said, verdict: { ...said.verdict, fact: true } as Verdict })).toEqual([]);
  });
});

test("an agent that ended its turn by its own word is not nudged over the head of who is attached", () => {
  const word = verdict("idle-done", { turn: "ended", fact: true });
  const watched = { ...live, session: known(sessionFact({ attached: 1 })) };
  expect(actions(seen("idle-done", { verdict: word }))).toEqual(["t1 nudge"]);
  expect(actions(seen("idle-done", { verdict: word, facts: watched }))).toEqual([]);
  const gone = { ...watched, exit: known(exitFact({ code: 1 })) };
  const ended = verdict("exited-error", { turn: "ended", fact: true });
  expect(actions(seen("exited-error", { verdict: ended, facts: gone }))).toEqual(["t1 restart"]);
});

test("silence is a stall only after it has stayed one for a minute, and while nothing moves", () => {
  const still = (since: string) =>
    seen("stalled", { state: { verdictSince: since, progressKey: "?" } });
  expect(actions(still(ago(5 * SECOND)))).toEqual([]);
  const moved = { ...still(ago(5 * MINUTE)), lastProgress: ago(2 * MINUTE) };
  expect(actions(moved)).toEqual([]);
});

import { describe, expect, test } from "vitest";
import { known } from "../../../src/classify/evidence.ts";
import { decide } from "../../../src/decide/decide.ts";
import type { BeatView } from "../../../src/decide/view.ts";
import { taskGraph } from "../../../src/graph/task-graph.ts";
import type { Task } from "../../../src/manifest/task.ts";
import { toIso } from "../../../src/manifest/time.ts";
import {
  actionsOf,
  ago,
  MINUTE,
  NOW,
  newStatus,
  patched,
  SECOND,
  type Told,
  viewOf,
  waitOf,
} from "../../support/decision.ts";
import { exitFact, gitFact, launchFact, sessionFact, verdict } from "../../support/facts.ts";

const live = {
  launch: known(launchFact()),
  session: known(sessionFact()),
  git: known(gitFact({ commitsAhead: 0 })),
};
const running = (more: Told = {}): Told => ({
  status: "running",
  attempts: 1,
  facts: live,
  state: { agent: "codex", verdict: more.verdict?.kind, verdictSince: ago(5 * SECOND) },
  ...more,
});
const limited = (waitUntilMs?: number) =>
  verdict("rate-limited", waitUntilMs === undefined ? {} : { waitUntilMs });

/** The same world at another time, with the manifest that the decision wrote. */
function later(view: BeatView, nowMs: number): BeatView {
  const manifest = patched(view.manifest, decide(view).patches);
  return { ...view, manifest, graph: taskGraph(manifest), nowMs };
}

const taskIn = ({ manifest }: BeatView, id: string): Task => {
  const task = manifest.phases.flatMap((phase) => phase.tasks).find((one) => one.id === id);
  if (task === undefined) throw new Error(`no task ${id}`);
  return task;
};

describe("a usage limit", () => {
  const until = NOW + 30 * MINUTE;
  const view = viewOf({
    t1: running({ verdict: limited(until) }),
    t2: { agent: "codex" },
    t3: { agent: "claude" },
  });

  test("stops the starts of its agent in the very beat that reads it, and no other agent's", () => {
    const decision = decide(view);
    expect(actionsOf(decision)).toEqual(["t3 start"]);
    expect(waitOf(decision, "t2")).toMatchObject({
      reason: `codex is paused until ${toIso(until)}: looks rate-limited`,
      needsPerson: false,
    });
    expect(waitOf(decision, "t1").reason).toContain(toIso(until));
  });

  test("holds until it ends, and then the session is told and the starts go on", () => {
    expect(actionsOf(decide(later(view, until - SECOND)))).toEqual(["t3 start"]);
    const after = decide(later(view, until));
    expect(actionsOf(after)).toEqual(["t1 nudge", "t2 start", "t3 start"]);
  });

  test("that ended is not begun anew by the same words, which would name the next day now", () => {
    const atEnd = later(view, until);
    const nextDay = new Map(atEnd.verdicts);
    for (const [id] of nextDay) nextDay.set(id, limited(until + 24 * 60 * MINUTE));
    const still = later({ ...atEnd, verdicts: nextDay }, until + SECOND);
    expect(still.manifest.pausedAgents).toEqual({});
    expect(decide(still).patches.filter((patch) => patch.kind === "root")).toEqual([]);
    expect(actionsOf(decide(still))).not.toContain("t1 nudge");
    expect(waitOf(decide(still), "t1").reason).toContain("was nudged");
  });

  test("that ended costs none of the policy's nudges, and what stays as it is climbs the ladder from its first rung", () => {
    const told = later(later(view, until), until + SECOND);
    expect(taskIn(told, "t1").state?.nudges ?? 0).toBe(0);
    const ignored = later(told, until + 2 * MINUTE);
    expect(actionsOf(decide(later(told, until + MINUTE - SECOND)))).not.toContain("t1 nudge");
    expect(actionsOf(decide(ignored))).toContain("t1 nudge");
    expect(taskIn(later(ignored, until + 3 * MINUTE), "t1").state?.nudges).toBe(1);
  });

  test("without a time pauses as long as the policy says, counted from when it was read", () => {
    const vague = viewOf({ t1: running({ verdict: limited() }), t2: {} });
    const end = NOW + 15 * MINUTE;
    const halfway = later(later(vague, NOW + 5 * MINUTE), NOW + 10 * MINUTE);
    expect(halfway.manifest.pausedAgents).toEqual({
      codex: { until: toIso(end), why: "looks rate-limited", guessed: true },
    });
    expect(decide(halfway).wakeAtMs).toBe(end);
    expect(actionsOf(decide(later(halfway, end)))).toEqual(["t1 nudge", "t2 start"]);
  });

  test.each([
    ["sooner", 2 * MINUTE],
    ["later", 3 * 60 * MINUTE],
  ])(
    "whose time is told after its word, and is %s than was guessed, ends at that time",
    (_, ms) => {
      const vague = viewOf({
        t1: running({ verdict: limited() }),
        t2: running({ verdict: limited() }),
      });
      const told = later(vague, NOW + SECOND);
      const shown = new Map(told.verdicts);
      for (const [id] of shown) if (id === "t1") shown.set(id, limited(NOW + ms));
      const corrected = later({ ...told, verdicts: shown }, NOW + 2 * SECOND);
      expect(corrected.manifest.pausedAgents).toEqual({
        codex: { until: toIso(NOW + ms), why: "looks rate-limited" },
      });
      const still = decide(corrected);
      expect(still.wakeAtMs).toBe(NOW + ms);
      for (const id of ["t1", "t2"]) {
        expect(waitOf(still, id).reason).toContain(`until ${toIso(NOW + ms)}`);
      }
      expect(actionsOf(decide(later(corrected, NOW + ms)))).toEqual(["t1 nudge", "t2 nudge"]);
    },
  );

  test("that was guessed holds beside an earlier one that is over", () => {
    const old = ago(20 * MINUTE);
    const over: Told = running({
      verdict: limited(NOW - MINUTE),
      state: {
        agent: "codex",
        verdict: "rate-limited",
        verdictSince: old,
        notBefore: ago(MINUTE),
        lastHealAt: ago(SECOND),
      },
    });
    const fresh = viewOf({ t1: running({ verdict: limited() }), t2: over, t3: {} });
    expect(actionsOf(decide(fresh))).toEqual([]);
    expect(actionsOf(decide(later(fresh, NOW + SECOND)))).toEqual([]);
  });

  test("whose time is told when it is over already is over", () => {
    const vague = later(viewOf({ t1: running({ verdict: limited() }), t2: {} }), NOW + MINUTE);
    expect(actionsOf(decide(vague))).toEqual([]);
    const shown = new Map(vague.verdicts);
    for (const [id] of shown) shown.set(id, limited(NOW + 30 * SECOND));
    expect(actionsOf(decide({ ...vague, verdicts: shown }))).toEqual(["t1 nudge", "t2 start"]);
  });

  test("with an absurd time is tried again after eight days", () => {
    const endless = viewOf({ t1: running({ verdict: limited(1e20) }) });
    expect(decide(endless).wakeAtMs).toBe(NOW + 8 * 24 * 60 * MINUTE);
  });

  test("that a program ended with is waited for before it is started again, and costs no patience", () => {
    const ended = viewOf({
      t1: running({
        verdict: verdict("rate-limited", { fact: true, waitUntilMs: until }),
        agent: "command",
        command: ["agent"],
        state: { agent: "command" },
        facts: { ...live, session: known(null), exit: known(exitFact({ code: 1 })) },
      }),
    });
    expect(actionsOf(decide(ended))).toEqual([]);
    expect(newStatus(decide(ended), "t1")).toBe("stuck");
    expect(actionsOf(decide(later(ended, until)))).toEqual(["t1 restart"]);
  });
});

describe("a refused log-in", () => {
  const refused = running({ verdict: verdict("auth-error") });

  test("asks a person and stops the starts of its agent in the same beat", () => {
    const decision = decide(viewOf({ t1: refused, t2: {}, t3: { agent: "claude" } }));
    expect(actionsOf(decision)).toEqual(["t3 start"]);
    expect(waitOf(decision, "t1").needsPerson).toBe(true);
    expect(waitOf(decision, "t2").needsPerson).toBe(true);
  });

  test("is believed only when it is read twice", () => {
    const once = running({ verdict: verdict("auth-error"), state: { agent: "codex" } });
    const decision = decide(viewOf({ t1: once, t2: {} }));
    expect(actionsOf(decision)).toEqual(["t2 start"]);
    expect(waitOf(decision, "t1").needsPerson).toBe(false);
  });

  test("makes a limited session of the same agent wait for a person too", () => {
    const decision = decide(viewOf({ t1: refused, t2: running({ verdict: limited() }) }));
    expect(decision.waits.map((wait) => wait.needsPerson)).toEqual([true, true]);
  });

  test("is over when a session of that agent works again", () => {
    const pausedAgents = { codex: { until: null, why: "401" } };
    const decision = decide(
      viewOf({ t1: running({ verdict: verdict("working") }), t2: {} }, { pausedAgents }),
    );
    expect(actionsOf(decision)).toEqual(["t2 start"]);
    expect(decision.patches).toContainEqual({ kind: "root", set: { pausedAgents: {} } });
  });
});

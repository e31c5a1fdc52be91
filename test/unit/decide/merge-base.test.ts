import { describe, expect, test } from "vitest";
import { known } from "../../../src/classify/evidence.ts";
import { decide } from "../../../src/decide/decide.ts";
import { explainWaits } from "../../../src/decide/explain.ts";
import {
  actionsOf,
  ago,
  MINUTE,
  NOW,
  newStatus,
  patched,
  SECOND,
  type Told,
  taskId,
  theAction,
  viewOf,
  waitOf,
} from "../../support/decision.ts";
import {
  exitFact,
  gitFact,
  launchFact,
  pullRequest,
  sessionFact,
  verdict,
} from "../../support/facts.ts";

const A = "a".repeat(40);
const B = "b".repeat(40);
const TIP = "f".repeat(40);
const policy = { collisions: "rebase" } as const;
const baseConflict = { tip: TIP, base: "main", files: ["src/a.ts"] };

/** Its work was proved, and then found not to merge with the base; its agent idles at its composer. */
const conflicting = (more: Told = {}): Told => ({
  status: "running",
  attempts: 1,
  ...more,
  state: {
    agent: "codex",
    conversation: "c1",
    verdict: "idle-done",
    verdictSince: ago(5 * MINUTE),
    baseConflict,
    ...more.state,
  },
  verdict: more.verdict ?? verdict("idle-done", { turn: "ended" }),
  facts: {
    launch: known(launchFact()),
    session: known(sessionFact()),
    git: known(gitFact({ headSha: B, touched: ["src/a.ts"] })),
    ...more.facts,
  },
});
const gone = { exit: known(exitFact()), session: known(null) };

describe("finished work that does not merge with its base", () => {
  test("has its agent asked in its own session, which then has a while to begin", () => {
    const view = viewOf({ t1: conflicting() }, { policy });
    const first = decide(view);
    expect(actionsOf(first)).toEqual(["t1 nudge"]);
    const { text } = theAction(first, "nudge");
    expect(text).toContain(`git merge ${TIP}`);
    expect(text).toContain('- "src/a.ts"');
    const manifest = patched(view.manifest, first.patches);
    const [task] = manifest.phases.flatMap(({ tasks }) => tasks);
    expect(task?.state).toMatchObject({ merges: 1 });
    expect(task?.state?.baseConflict).toBeUndefined();
    const soon = decide({ ...view, manifest, nowMs: view.nowMs + 5 * SECOND });
    expect(actionsOf(soon)).toEqual([]);
    expect(waitOf(soon, "t1").reason).toMatch(/was asked to merge the base/);
    const later = decide({ ...view, manifest, nowMs: view.nowMs + 2 * MINUTE });
    expect(theAction(later, "deliver")).toMatchObject({ sha: B, triesBase: true });
  });

  test("is not taken as settled by what its screen shows while it is asked", () => {
    const asked = (ms: number) => {
      const state = { baseConflict: undefined, merges: 1, lastHealAt: ago(ms) };
      const told = conflicting();
      const verdictSince = ago(ms - 1 * SECOND);
      return decide(
        viewOf({ t1: { ...told, state: { ...told.state, ...state, verdictSince } } }, { policy }),
      );
    };
    expect(actionsOf(asked(2 * SECOND))).toEqual([]);
    expect(asked(2 * SECOND).wakeAtMs).toBe(NOW + 1 * SECOND);
    expect(actionsOf(asked(3 * SECOND))).toEqual(["t1 deliver"]);
  });

  test.each([
    ["has ended", verdict("exited-ok", { fact: true, turn: "ended" })],
    ["was killed", verdict("exited-error", { fact: true })],
    ["is gone", verdict("dead", { fact: true })],
  ])("has its conversation resumed where its session %s", (_, seen) => {
    const decision = decide(
      viewOf({ t1: conflicting({ verdict: seen, facts: gone }) }, { policy }),
    );
    expect(theAction(decision, "resume")).toMatchObject({
      as: "nudge",
      attempt: 2,
      conversation: "c1",
      why: expect.stringContaining(TIP),
    });
  });

  test("is a person's where its session is gone and no start is left, and begins anew with another agent", () => {
    const ended = { verdict: verdict("dead", { fact: true }), facts: gone };
    const spent = decide(viewOf({ t1: conflicting({ ...ended, attempts: 3 }) }, { policy }));
    expect(actionsOf(spent)).toEqual([]);
    expect(newStatus(spent, "t1")).toBe("error");
    expect(waitOf(spent, "t1").reason).toMatch(/no start is left\. Merge main/);
    const other = decide(viewOf({ t1: conflicting({ ...ended, agent: "claude" }) }, { policy }));
    const action = theAction(other, "resume");
    expect([action.agent, action.conversation]).toEqual(["claude", undefined]);
  });

  test("waits for who is attached, for a pause of its agent, and for a free place", () => {
    const attached = { session: known(sessionFact({ attached: 1 })) };
    const watched = decide(viewOf({ t1: conflicting({ facts: attached }) }, { policy }));
    expect(actionsOf(watched)).toEqual([]);
    const pausedAgents = { codex: { until: null, why: "a limit" } };
    const paused = decide(viewOf({ t1: conflicting() }, { policy, pausedAgents }));
    expect(actionsOf(paused)).toEqual([]);
    expect(waitOf(paused, "t1")).toMatchObject({ needsPerson: true });
    const both = { t1: conflicting(), t2: conflicting() };
    const full = decide(viewOf(both, { policy, maxParallel: 1 }));
    expect(actionsOf(full)).toEqual(["t1 nudge"]);
    expect(waitOf(full, "t2")).toMatchObject({ on: ["t1"] });
  });

  test("and everything behind it is a person's when all places are held by what needs one", () => {
    const facts = { launch: known(launchFact()), session: known(sessionFact()) };
    const held: Told = {
      status: "stuck",
      attempts: 1,
      facts,
      verdict: verdict("waiting-approval", { needsPerson: true }),
      state: { agent: "codex", verdict: "waiting-approval", verdictSince: ago(MINUTE) },
    };
    const tasks = { t1: held, t2: conflicting(), t3: {} };
    const full = decide(viewOf(tasks, { policy, maxParallel: 1 }));
    expect(full.waits.map((wait) => wait.needsPerson)).toEqual([true, true, true]);
    const working: Told = { ...held, status: "running", verdict: verdict("working") };
    const some = decide(viewOf({ ...tasks, t4: working }, { policy, maxParallel: 2 }));
    expect(some.waits.map((wait) => wait.needsPerson)).toEqual([true, false, false, false]);
  });
});

test("the status says what work waits for that does not merge with its base", () => {
  const { manifest } = viewOf({ t1: conflicting({ error: "does not merge" }) }, { policy });
  expect(explainWaits(manifest, NOW).get(taskId("t1"))).toBe("does not merge");
});

test("with the policy rebase finished work waits for an open pull request, and is tried on its base", () => {
  const collision = {
    left: taskId("t1"),
    right: taskId("t2"),
    files: [{ path: "src/a.ts", left: [], right: [] }],
  };
  const open: Told = {
    status: "pr_open",
    prNumber: 7,
    state: { pushedSha: A, touched: ["src/a.ts"], commits: 1 },
    facts: { pullRequest: known(pullRequest()) },
  };
  const finished = conflicting({ state: { baseConflict: undefined } });
  const held = decide(viewOf({ t1: open, t2: finished }, { policy }, { collisions: [collision] }));
  expect(actionsOf(held)).toEqual([]);
  expect(newStatus(held, "t2")).toBe("complete");
  expect(waitOf(held, "t2")).toMatchObject({ on: ["t1"], needsPerson: true });
  const alone = decide(viewOf({ t2: finished }, { policy }));
  expect(theAction(alone, "deliver").triesBase).toBe(true);
});

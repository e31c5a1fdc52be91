import { describe, expect, test } from "vitest";
import { type ChecksFact, known, unknown } from "../../../src/classify/evidence.ts";
import { decide } from "../../../src/decide/decide.ts";
import { explainWaits } from "../../../src/decide/explain.ts";
import { launchedPatch } from "../../../src/decide/launched.ts";
import type { Policy } from "../../../src/manifest/policy.ts";
import { toIso } from "../../../src/manifest/time.ts";
import type { VerdictKind } from "../../../src/manifest/verdict-kind.ts";
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
  gitFact,
  HEAD,
  launchFact,
  pullRequest,
  sessionFact,
  verdict,
} from "../../support/facts.ts";

const policy = { checks: "tell" } as const;
const failed: ChecksFact = {
  sha: HEAD,
  state: "failed",
  awaited: [],
  failed: [{ name: "build (ubuntu)", tail: ["first", "1 failed\u0007"] }],
};
const other = "f".repeat(40);

/** Delivered a while ago; nothing of it is left but its pull request. */
const opened = (checks: ChecksFact | null, more: Told = {}): Told => ({
  status: "pr_open",
  attempts: 1,
  prNumber: 7,
  completedAt: ago(10 * MINUTE),
  ...more,
  state: { agent: "codex", conversation: "c1", pushedSha: HEAD, ...more.state },
  facts: { pullRequest: known(pullRequest()), checks: known(checks), ...more.facts },
});
const decided = (told: Told, more: Partial<Policy> = {}) =>
  decide(viewOf({ t1: told }, { policy: { ...policy, ...more } }));

describe("checks of an open pull request that failed", () => {
  test("go back to its own agent, in its own conversation, with their last lines", () => {
    const view = viewOf({ t1: opened(failed) }, { policy });
    const decision = decide(view);
    const { agent, conversation, text, why, checks } = theAction(decision, "resume");
    expect([agent, conversation, checks]).toEqual(["codex", "c1", HEAD]);
    expect(why).toContain("checks of pull request #7 failed at");
    expect(text).toContain('- "build (ubuntu)" failed. Its last lines:\n    first\n    1 failed');
    expect(text).toContain("Do not rebase, amend or reset");
    const [task] = patched(view.manifest, decision.patches).phases.flatMap(({ tasks }) => tasks);
    expect(task).toMatchObject({ status: "running", completedAt: null });
    if (task === undefined) throw new Error("the task is gone");
    const launched = launchedPatch(task, launchFact({ attempt: 2, kind: "nudge", checks }));
    expect(launched.state).toMatchObject({ checksTold: HEAD, checkTries: 1, provedSha: undefined });
  });

  test("are a person's where the agent was told of this commit, or often enough, or nothing may start", () => {
    const told = decided(opened(failed, { state: { checksTold: HEAD, checkTries: 1 } }));
    const often = decided(opened(failed, { state: { checksTold: other, checkTries: 2 } }));
    const spent = decided(opened(failed, { attempts: 3 }));
    for (const [decision, words] of [
      [told, /failed at .*: "build \(ubuntu\)"; its agent was told once/],
      [often, /its agent was told 2 times/],
      [spent, /no start is left/],
    ] as const) {
      expect(actionsOf(decision)).toEqual([]);
      expect(newStatus(decision, "t1")).toBeUndefined();
      expect(waitOf(decision, "t1")).toMatchObject({
        needsPerson: true,
        reason: expect.stringMatching(words),
      });
    }
    expect(actionsOf(decided(opened(failed), { checkTriesMax: 0 }))).toEqual([]);
  });

  test("were told already where a launch is newer than the manifest, whose work is followed up", () => {
    const launch = launchFact({ attempt: 2, kind: "nudge", checks: HEAD });
    const view = viewOf({ t1: opened(failed, { facts: { launch: known(launch) } }) }, { policy });
    const decision = decide(view);
    expect(actionsOf(decision)).toEqual([]);
    const [task] = patched(view.manifest, decision.patches).phases.flatMap(({ tasks }) => tasks);
    expect(task).toMatchObject({
      status: "running",
      attempts: 2,
      state: { checksTold: HEAD, checkTries: 1 },
    });
    const unread = decided(opened(failed, { facts: { launch: unknown("EACCES") } }));
    expect(actionsOf(unread)).toEqual([]);
    expect(waitOf(unread, "t1").reason).toContain("EACCES");
  });

  test("are nobody's business of Coppice by default, or when the commit is somebody else's", () => {
    const ignored = decide(viewOf({ t1: opened(failed) }, {}));
    expect([ignored.actions, ignored.waits]).toEqual([[], []]);
    const theirs = decided(opened({ ...failed, sha: other }));
    expect([theirs.actions, theirs.waits]).toEqual([[], []]);
  });

  test("wait for the session's end, for a place, and for a pause of the agent", () => {
    const withSession = (attached: number, kind: VerdictKind) =>
      decided(
        opened(failed, {
          verdict: verdict(kind, { turn: "ended" }),
          facts: { session: known(sessionFact({ attached })), launch: known(launchFact()) },
        }),
      );
    for (const [attached, kind, needsPerson] of [
      [1, "idle-done", true],
      [0, "waiting-approval", true],
      [0, "working", false],
    ] as const) {
      const decision = withSession(attached, kind);
      expect(actionsOf(decision)).toEqual([]);
      expect(waitOf(decision, "t1")).toMatchObject({
        reason: expect.stringContaining("when its session has ended"),
        needsPerson,
      });
    }
    const both = { t1: opened(failed), t2: opened(failed), t3: {} };
    const full = decide(viewOf(both, { policy, maxParallel: 1 }));
    expect(actionsOf(full)).toEqual(["t1 resume"]);
    expect(waitOf(full, "t2")).toMatchObject({ on: ["t1"], needsPerson: false });
    const pausedAgents = { codex: { until: null, why: "a limit" } };
    const paused = decide(viewOf({ t1: opened(failed) }, { policy, pausedAgents }));
    expect(actionsOf(paused)).toEqual([]);
    expect(waitOf(paused, "t1").needsPerson).toBe(true);
  });

  test("are a person's only when the session of their agent has ended, or cannot be ended", () => {
    const state = { checksTold: HEAD, checkTries: 1 };
    const idle: Told = {
      verdict: verdict("idle-done", { turn: "ended" }),
      facts: { session: known(sessionFact()), launch: known(launchFact()) },
    };
    const ending = decided(opened(failed, { ...idle, state }));
    expect(waitOf(ending, "t1")).toMatchObject({
      reason: expect.stringContaining("is delivered, and its agent seems idle-done"),
      needsPerson: false,
    });
    const rests = { verdict: "idle-done", verdictSince: ago(MINUTE), startFailures: 50 } as const;
    const cannot = decided(opened(failed, { ...idle, state: rests }));
    expect(waitOf(cannot, "t1").needsPerson).toBe(true);
  });

  test("are told again where the launch never came, and no sooner than it may be tried", () => {
    const state = { agent: "codex", pushedSha: HEAD, provedSha: HEAD, verdict: "dead" } as const;
    const view = viewOf(
      {
        t1: opened(failed, {
          status: "running",
          completedAt: null,
          state: { ...state, notBefore: toIso(NOW + MINUTE) },
          verdict: verdict("dead", { fact: true }),
          facts: { git: known(gitFact()), launch: known(launchFact()) },
        }),
      },
      { policy },
    );
    const back = decide(view);
    expect([actionsOf(back), newStatus(back, "t1")]).toEqual([[], "pr_open"]);
    const open = { ...view, manifest: patched(view.manifest, back.patches) };
    const held = decide(open);
    expect(actionsOf(held)).toEqual([]);
    expect(held.wakeAtMs).toBe(NOW + MINUTE);
    expect(theAction(decide({ ...open, nowMs: NOW + MINUTE }), "resume").checks).toBe(HEAD);
  });

  test("wait for no place that nobody takes, and take none from who is being started", () => {
    const baseConflict = { tip: HEAD, base: "main", files: ["a.txt"] };
    const nobody: readonly Told[] = [
      { status: "cancelled", state: { baseConflict } },
      { status: "error", state: { baseConflict } },
      opened(failed, { attempts: 3 }),
      opened(failed, { facts: { session: known(sessionFact({ attached: 1 })) } }),
    ];
    for (const first of nobody) {
      const decision = decide(
        viewOf({ t1: first, t2: opened(failed) }, { policy, maxParallel: 1 }),
      );
      expect(actionsOf(decision)).toEqual(["t2 resume"]);
    }
    const start = { kind: "start", taskId: taskId("t2"), attempt: 1, agent: "codex" } as const;
    const startPoint = { kind: "base", base: "main" } as const;
    const underWay = new Map([[start.taskId, { ...start, branch: "fix/t2", startPoint }]]);
    const begun = decide(
      viewOf({ t1: opened(failed), t2: {} }, { policy, maxParallel: 1 }, { underWay }),
    );
    expect(actionsOf(begun)).toEqual([]);
    expect(waitOf(begun, "t1")).toMatchObject({ on: ["t2"], needsPerson: false });
    const strayed = decide(
      viewOf({ t1: opened(failed) }, { policy, maxParallel: 1 }, { strays: ["gone"] }),
    );
    expect(actionsOf(strayed)).toEqual([]);
    expect(waitOf(strayed, "t1").needsPerson).toBe(true);
  });

  test("are told as the manifest's person sees them", () => {
    const { manifest } = viewOf({ t1: opened(null, { error: "checks failed" }), t2: opened(null) });
    const waits = explainWaits(manifest, NOW);
    expect(waits.get(taskId("t1"))).toBe("checks failed");
    expect(waits.get(taskId("t2"))).toBe("a person: review and merge");
  });
});

describe("a run goes on", () => {
  test.each<[string, ChecksFact["state"], boolean]>([
    ["while checks run", "running", false],
    ["until a person lets a check go on", "held", true],
  ])("%s", (_, state, needsPerson) => {
    const awaited = ["build", "e2e", "lint", "docs"];
    const decision = decided(opened({ sha: HEAD, state, awaited, failed: [] }));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t1")).toMatchObject({
      needsPerson,
      reason: expect.stringContaining(': "build", "e2e", "lint" and 1 more'),
    });
  });

  test("for a while until checks begin, though some have passed, and no longer", () => {
    const fresh = { completedAt: ago(10 * SECOND) };
    for (const none of [
      null,
      { sha: HEAD, state: "passed", awaited: [], failed: [] } as const,
      { sha: HEAD, state: "none", awaited: [], failed: [] } as const,
      { ...failed, sha: other },
    ]) {
      const decision = decided(opened(none, fresh));
      expect(waitOf(decision, "t1").needsPerson).toBe(false);
      // A look at the forge is 30 seconds old at most.
      expect(decision.wakeAtMs).toBe(NOW + 80 * SECOND);
      expect(decided(opened(none)).waits).toEqual([]);
      const short = { checksBeginSeconds: 5, forgePollSeconds: 5 };
      expect(decided(opened(none, fresh), short).waits).toEqual([]);
    }
  });

  test("while the forge does not answer, or does not list a new pull request yet", () => {
    const lost = decided(opened(null, { facts: { pullRequest: unknown("502") } }));
    expect(waitOf(lost, "t1").reason).toBe("the forge did not answer: 502");
    const fresh = opened(null, { completedAt: ago(SECOND), facts: { pullRequest: known(null) } });
    expect(waitOf(decided(fresh), "t1").needsPerson).toBe(false);
  });

  test("while the forge does not tell", () => {
    const decision = decided(
      opened(null, { facts: { pullRequest: known(pullRequest()), checks: unknown("502") } }),
    );
    expect(waitOf(decision, "t1")).toMatchObject({
      needsPerson: false,
      reason: "the forge does not tell the checks of pull request #7: 502",
    });
  });

  test("no more when they have passed, and what was said of them is forgotten", () => {
    const told = opened(
      { sha: HEAD, state: "passed", awaited: [], failed: [] },
      { error: "checks failed" },
    );
    const view = viewOf({ t1: told }, { policy });
    const decision = decide(view);
    expect(decision.waits).toEqual([]);
    expect(patched(view.manifest, decision.patches).phases[0]?.tasks[0]?.error).toBeNull();
  });
});

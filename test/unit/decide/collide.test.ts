import { describe, expect, test } from "vitest";
import { type CollisionFact, known, unknown } from "../../../src/classify/evidence.ts";
import type { Action } from "../../../src/decide/action.ts";
import { collisionPairs } from "../../../src/decide/collide.ts";
import { decide } from "../../../src/decide/decide.ts";
import { explainWaits } from "../../../src/decide/explain.ts";
import type { BeatView } from "../../../src/decide/view.ts";
import type { TaskId } from "../../../src/manifest/task.ts";
import {
  actionsOf,
  ago,
  MINUTE,
  NOW,
  newStatus,
  patched,
  patchesOf,
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
const LINES = [{ from: 3, to: 5 }];

/** Its agent has ended its turn, and its commit is there. */
const finished = (headSha: string, more: Told = {}): Told => ({
  status: "running",
  attempts: 1,
  agent: "codex",
  state: { agent: "codex", verdict: "idle-done", verdictSince: ago(5 * SECOND), ...more.state },
  verdict: verdict("idle-done", { turn: "ended" }),
  ...more,
  facts: {
    launch: known(launchFact()),
    session: known(sessionFact()),
    git: known(gitFact({ headSha, touched: ["src/a.ts"] })),
    ...more.facts,
  },
});
const delivered = (headSha: string): Told => ({
  status: "pr_open",
  prNumber: 7,
  state: { pushedSha: headSha, touched: ["src/a.ts"], commits: 1 },
  facts: { pullRequest: known(pullRequest()) },
});
const collision: CollisionFact = {
  left: taskId("t1"),
  right: taskId("t2"),
  files: [{ path: "src/a.ts", left: LINES, right: [{ from: 4, to: 4 }] }],
};
const decided = (tasks: Readonly<Record<string, Told>>, policy: object = {}) =>
  decide(viewOf(tasks, { policy }, { collisions: [collision] }));

describe("finished work that does not merge with an open pull request", () => {
  const tasks = { t1: delivered(A), t2: finished(B) };

  test("is not delivered before its agent was told, once, of files and lines", () => {
    const first = decided(tasks);
    expect(actionsOf(first)).toEqual(["t2 nudge"]);
    const { text } = theAction(first, "nudge");
    expect(text).toContain("(pull request #7)");
    expect(text).toContain('"src/a.ts" (there: lines 3-5)');
    const view = viewOf(tasks, {}, { collisions: [collision] });
    const after = patched(view.manifest, first.patches);
    const soon = { ...view, manifest: after, nowMs: view.nowMs + 5 * SECOND };
    expect(actionsOf(decide(soon))).toEqual([]);
    expect(waitOf(decide(soon), "t2").reason).toMatch(/was told of other work/);
    const later = decide({ ...view, manifest: after, nowMs: view.nowMs + 2 * MINUTE });
    expect(theAction(later, "deliver").collides).toEqual([
      { taskId: "t1", branch: "fix/t1", pullRequest: 7, files: ["src/a.ts"] },
    ]);
  });

  test("is delivered and told of in the pull request where its agent has ended", () => {
    const facts = { exit: known(exitFact()), session: known(null) };
    const ended = finished(B, {
      verdict: verdict("exited-ok", { fact: true, turn: "ended" }),
      facts,
    });
    expect(theAction(decided({ ...tasks, t2: ended }), "deliver").collides).toHaveLength(1);
  });

  test("is told to a headless agent as its next turn", () => {
    const facts = {
      launch: known(launchFact({ mode: "headless" })),
      exit: known(exitFact()),
      session: known(null),
    };
    const ended = finished(B, {
      verdict: verdict("exited-ok", { fact: true, turn: "ended" }),
      facts,
    });
    const action = theAction(decided({ ...tasks, t2: ended }), "resume");
    expect(action).toMatchObject({ as: "nudge", attempt: 2 });
  });

  test("waits with the policy hold, until the other is merged or given up", () => {
    const policy = { collisions: "hold" };
    const held = decided(tasks, policy);
    expect(actionsOf(held)).toEqual([]);
    expect(newStatus(held, "t2")).toBe("complete");
    expect(waitOf(held, "t2")).toMatchObject({ on: ["t1"], needsPerson: true });
    expect(waitOf(held, "t2").reason).toMatch(/does not merge with t1 \(#7\) at src\/a\.ts/);
    for (const status of ["merged", "cancelled", "error"] as const) {
      const gone = decided({ ...tasks, t1: { ...delivered(A), status } }, policy);
      expect(actionsOf(gone), status).toContain("t2 deliver");
    }
  });
});

test("work that touches what was merged meanwhile is tried on its base before it is delivered", () => {
  const merged = { ...delivered(A), status: "merged" as const };
  const other = { ...merged, state: { pushedSha: A, touched: ["b.ts"], commits: 1 } };
  const tries = (tasks: Readonly<Record<string, Told>>) =>
    theAction(decide(viewOf(tasks)), "deliver").triesBase;
  expect(tries({ t1: merged, t2: finished(B) })).toBe(true);
  expect(tries({ t1: other, t2: finished(B) })).toBeUndefined();
  const stacked = { ...finished(B), state: { ...finished(B).state, parent: taskId("t3") } };
  expect(tries({ t1: merged, t3: delivered(A), t2: stacked })).toBeUndefined();
});

describe("where git does not say whether finished work merges", () => {
  const untried = [{ left: taskId("t1"), right: taskId("t2"), reason: "a commit is gone" }];
  const decidedUntried = (tasks: Readonly<Record<string, Told>>, policy: object) =>
    decide(viewOf(tasks, { policy }, { untried }));

  test("it waits for the answer with the policy hold, also when the answer was known before", () => {
    const tasks = { t1: delivered(A), t2: finished(B) };
    const held = decidedUntried(tasks, { collisions: "hold" });
    expect(actionsOf(held)).toEqual([]);
    expect(waitOf(held, "t2")).toMatchObject({ needsPerson: false });
    expect(waitOf(held, "t2").reason).toMatch(/whether it merges with t1: a commit is gone/);
    const gone = { ...tasks, t1: { ...delivered(A), status: "merged" as const } };
    expect(actionsOf(decidedUntried(gone, { collisions: "hold" }))).toContain("t2 deliver");
    expect(actionsOf(decidedUntried(tasks, {}))).toEqual(["t2 deliver"]);
  });

  test("of two that finish at once one is delivered first", () => {
    const decision = decidedUntried({ t1: finished(A), t2: finished(B) }, {});
    expect(actionsOf(decision)).toEqual(["t1 deliver"]);
  });
});

test.each(["tell", "hold"])(
  "of two that finish at once one is delivered first (%s)",
  (collisions) => {
    const decision = decided({ t1: finished(A), t2: finished(B) }, { collisions });
    expect(actionsOf(decision)).toEqual(["t1 deliver"]);
    expect(newStatus(decision, "t2")).toBeUndefined();
    expect(patchesOf(decision.patches, "t2").map(({ state }) => state?.provedSha)).toEqual([
      undefined,
    ]);
    expect(waitOf(decision, "t2").reason).toMatch(/work of t1, which is being delivered/);
  },
);

test("work at work that collides is noted once, shows in the status, and is forgotten when it merges", () => {
  const working = (headSha: string): Told =>
    finished(headSha, { state: { verdict: "working" }, verdict: verdict("working") });
  const view = viewOf({ t1: working(A), t2: working(B) }, {}, { collisions: [collision] });
  const manifest = patched(view.manifest, decide(view).patches);
  expect(explainWaits(manifest, NOW).get(taskId("t2"))).toBe(
    "nothing; its work does not merge with that of t1 (coppice why t2)",
  );
  const statesOf = (more: Partial<BeatView>) =>
    patchesOf(decide({ ...view, manifest, ...more }).patches, "t2").flatMap(({ state }) =>
      state && "collides" in state ? [state.collides] : [],
    );
  expect(statesOf({})).toEqual([]);
  expect(statesOf({ collisions: [] })).toEqual([undefined]);
  const untried = [{ left: taskId("t1"), right: taskId("t2"), reason: "no answer" }];
  expect(statesOf({ collisions: [], untried })).toEqual([]);
  // Without git's answer there is no pair to try.
  const silent = [...view.evidence].map(
    ([id, seen]) => [id, { ...seen, git: unknown("no answer") }] as const,
  );
  expect(statesOf({ collisions: [], evidence: new Map(silent) })).toEqual([]);
});

test("work at work is left alone, and does not keep finished work", () => {
  const busy = finished(A, {
    state: { verdict: "working" },
    verdict: verdict("working"),
  });
  expect(actionsOf(decided({ t1: busy, t2: finished(B) }))).toEqual(["t2 deliver"]);
});

describe("what is merged for a try", () => {
  const pairs = (tasks: Readonly<Record<string, Told>>): readonly string[] => {
    const { manifest, evidence } = viewOf(tasks);
    return collisionPairs(manifest, evidence, new Map()).map(
      ({ left, right }) => `${left.taskId} ${right.taskId}`,
    );
  };

  test("is unmerged work with a file in common, of which some is not delivered", () => {
    expect(pairs({ t1: delivered(A), t2: finished(B) })).toEqual(["t1 t2"]);
    expect(pairs({ t1: finished(A), t2: finished(B) })).toEqual(["t1 t2"]);
    expect(pairs({ t1: delivered(A), t2: delivered(B) })).toEqual([]);
    expect(pairs({ t1: { ...delivered(A), status: "merged" }, t2: finished(B) })).toEqual([]);
  });

  test("is also what is delivered now on a person's word, of which git is not asked", () => {
    const vouched: Told = {
      status: "complete",
      state: { touched: ["src/a.ts"], commits: 1 },
      facts: { git: unknown("not asked in this beat") },
    };
    const { manifest, evidence } = viewOf({ t1: finished(A), t2: vouched });
    const t2 = taskId("t2");
    const deliver = {
      kind: "deliver",
      taskId: t2,
      sha: B,
      branch: "fix/t2",
      base: "main",
    } as const;
    const pairs = (underWay: ReadonlyMap<TaskId, Action>) =>
      collisionPairs(manifest, evidence, underWay).map(({ right }) => right);
    expect(pairs(new Map())).toEqual([]);
    const begun: Action = { ...deliver, forkPoint: undefined };
    expect(pairs(new Map([[t2, begun]]))).toEqual([{ taskId: t2, sha: B }]);
  });

  test("leaves out what was built on the other, upkeep files, and who has no commit", () => {
    const git = (more: object) => ({ facts: { git: known(gitFact({ headSha: B, ...more })) } });
    const on = { parent: taskId("t1") };
    expect(pairs({ t1: delivered(A), t2: finished(B, { state: on }) })).toEqual([]);
    expect(
      pairs({ t1: delivered(A), t2: finished(B, git({ touched: ["package-lock.json"] })) }),
    ).toEqual([]);
    expect(
      pairs({ t1: delivered(A), t2: finished(B, git({ touched: ["src/a.ts"], commitsAhead: 0 })) }),
    ).toEqual([]);
  });
});

describe("a task that waits", () => {
  const touched = { touched: ["src/a.ts"], commits: 1 };
  const started = (tasks: Readonly<Record<string, Told>>) =>
    decide(viewOf(tasks)).actions.flatMap((action) =>
      action.kind === "start" && action.taskId === "t3" ? [action.startPoint] : [],
    );

  test("is held, says so in the status, and begins from what held it", () => {
    const waiting: Told = { files: ["src/a.ts"] };
    const at = finished(A, {
      state: { ...touched, verdict: "working" },
      verdict: verdict("working"),
    });
    expect(actionsOf(decide(viewOf({ t1: at, t3: waiting })))).toEqual([]);
    expect(explainWaits(viewOf({ t1: at, t3: waiting }).manifest, NOW).get(taskId("t3"))).toBe(
      "waits for t1 (running, t1 has touched src/a.ts, which t3 touches too)",
    );
    expect(started({ t1: delivered(A), t3: waiting })).toMatchObject([
      { kind: "parents", parents: ["t1"] },
    ]);
  });

  test("begins from one of several that nobody foresaw, and from none beside one that was foreseen", () => {
    const other: Told = { ...delivered(B), state: { pushedSha: B, touched: ["b.ts"], commits: 1 } };
    const tasks = { t1: delivered(A), t2: other };
    const files = ["src/a.ts", "b.ts"];
    expect(started({ ...tasks, t3: { files } })).toMatchObject([{ parents: [expect.any(String)] }]);
    expect(started({ ...tasks, t3: { files, dependsOn: ["t1"] } })).toMatchObject([
      { parents: ["t1"] },
    ]);
    const named = { ...tasks, t1: { ...tasks.t1, files: ["src/a.ts"] } };
    expect(started({ ...named, t3: { files } })).toMatchObject([{ parents: ["t1"] }]);
  });
});

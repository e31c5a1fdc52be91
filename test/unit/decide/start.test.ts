import { describe, expect, test } from "vitest";
import { known, unknown } from "../../../src/classify/evidence.ts";
import { decide } from "../../../src/decide/decide.ts";
import { explainWaits } from "../../../src/decide/explain.ts";
import { taskGraph } from "../../../src/graph/task-graph.ts";
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
import { gitFact, launchFact, pullRequest, sessionFact, verdict } from "../../support/facts.ts";

const actions = (...told: Parameters<typeof viewOf>) => actionsOf(decide(viewOf(...told)));
const working: Told = {
  status: "running",
  attempts: 1,
  verdict: verdict("working"),
  facts: { launch: known(launchFact()), session: known(sessionFact()) },
};

describe("a free place", () => {
  test("goes to the earlier phase, then to what is urgent, then to what stands first", () => {
    const phases = [
      {
        name: "Now",
        tasks: [{ id: "t1", priority: "low" }, { id: "t2" }, { id: "t3", priority: "critical" }],
      },
    ] as never;
    const tasks = { t1: {}, t2: {}, t3: {} };
    expect(actions(tasks, { phases }, { maxParallel: 1 })).toEqual(["t3 start"]);
    expect(actions(tasks, { phases }, { maxParallel: 2 })).toEqual(["t2 start", "t3 start"]);
  });

  test("is not there while running and stuck tasks have them all", () => {
    const decision = decide(viewOf({ t1: working, t2: {} }, {}, { maxParallel: 1 }));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t2")).toMatchObject({
      reason: "waits for a free place (1 at the same time)",
      needsPerson: false,
    });
  });

  test("is not there for another as long as an unrecorded launch or an old session has it", () => {
    const launched = { facts: { launch: known(launchFact()) } };
    expect(actions({ t1: launched, t2: {} }, {}, { maxParallel: 1 })).toEqual([]);
    const old = {
      attempts: 1,
      facts: { launch: known(launchFact()), session: known(sessionFact()) },
    };
    expect(actions({ t1: old, t2: {} }, {}, { maxParallel: 1 })).toEqual(["t1 stop-session"]);
  });

  test("is a person's to make when all that have one wait for a person", () => {
    const asking: Told = {
      ...working,
      verdict: verdict("waiting-approval"),
      state: { verdict: "waiting-approval", verdictSince: ago(MINUTE) },
    };
    const decision = decide(viewOf({ t1: asking, t2: {} }, {}, { maxParallel: 1 }));
    expect(waitOf(decision, "t2").needsPerson).toBe(true);
  });
});

describe("before a task starts", () => {
  test.each([
    ["the forge", { pullRequest: unknown("502") }, "the forge did not answer: 502"],
    ["tmux", { session: unknown("lost server") }, "tmux did not answer: lost server"],
    ["its folder", { launch: unknown("EACCES") }, "its folder cannot be read: EACCES"],
  ])("%s must have answered", (_, facts, reason) => {
    const decision = decide(viewOf({ t1: { facts } }));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t1")).toMatchObject({ reason, needsPerson: false });
  });

  test("an open pull request of its branch is taken for its work", () => {
    const decision = decide(viewOf({ t1: { facts: { pullRequest: known(pullRequest()) } } }));
    expect(actionsOf(decision)).toEqual([]);
    expect(patchesOf(decision.patches, "t1")[0]?.set).toMatchObject({
      status: "pr_open",
      prNumber: 7,
    });
  });

  test("a launch that was not noted is taken over with all that its record says", () => {
    const launch = launchFact({ attempt: 1, agent: "claude", parent: taskId("t0") });
    const view = viewOf({
      t0: { status: "pr_open" },
      t1: { dependsOn: ["t0"], facts: { launch: known(launch) } },
    });
    const decision = decide(view);
    expect(actionsOf(decision)).toEqual([]);
    const after = patched(view.manifest, decision.patches).phases[0]?.tasks[1];
    expect(after).toMatchObject({
      status: "running",
      attempts: 1,
      worktree: launch.worktree,
      branch: launch.branch,
      state: { agent: "claude", parent: "t0", attemptsBefore: 0 },
    });
  });

  test.each(["merged", "closed"] as const)(
    "a %s pull request of an earlier branch of that name does not end it",
    (state) => {
      const facts = { pullRequest: known(pullRequest({ state })) };
      expect(actions({ t1: { facts } })).toEqual(["t1 start"]);
    },
  );

  test("its predecessors are delivered, and its branch starts from what is not merged of them", () => {
    const tasks = (status: Told["status"]): Record<string, Told> => ({
      t1: { status, prNumber: 7, branch: "fix/one" },
      t2: { dependsOn: ["t1"] },
    });
    const start = (status: Told["status"]) =>
      theAction(decide(viewOf(tasks(status), {}, { maxParallel: 1 })), "start");
    expect(start("pr_open").startPoint).toEqual({
      kind: "parents",
      parents: ["t1"],
      branches: ["fix/one"],
      base: "main",
    });
    expect(start("merged").startPoint).toEqual({ kind: "base", base: "main" });
  });

  test("a dependency that was taken back is a person's to decide", () => {
    const decision = decide(viewOf({ t1: { status: "cancelled" }, t2: { dependsOn: ["t1"] } }));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t2")).toMatchObject({
      reason: "depends on t1, which is cancelled: take it out of dependsOn, or retry t1",
      needsPerson: true,
    });
  });

  test("a gate that waits for merges needs a person when everything before it is open", () => {
    const phases = [
      { name: "One", gate: "merged", tasks: [{ id: "t1", status: "pr_open", prNumber: 7 }] },
      { name: "Two", tasks: [{ id: "t2" }] },
    ] as never;
    const decision = decide(viewOf({ t1: {}, t2: {} }, { phases }));
    expect(waitOf(decision, "t2")).toMatchObject({
      reason: 'waits for t1 (pr_open) of phase "One" to be merged',
      needsPerson: true,
    });
  });

  test("who waits in a chain for a failed task waits for a person", () => {
    const decision = decide(
      viewOf({
        t1: { status: "error", error: "failed" },
        t2: { dependsOn: ["t1"] },
        t3: { dependsOn: ["t2"] },
        t4: { files: ["a.ts"] },
      }),
    );
    expect(decision.waits.map(({ taskId: id, needsPerson }) => [id, needsPerson])).toEqual([
      ["t1", true],
      ["t2", true],
      ["t3", true],
      ["t4", false],
    ]);
  });
});

describe("a person's edit holds at the next decision:", () => {
  const base = { t1: working, t2: { dependsOn: ["t1"], files: ["b.ts"] } };

  test("a dependency taken out lets a task start", () => {
    expect(actions(base)).toEqual([]);
    expect(actions({ ...base, t2: { files: ["b.ts"] } })).toEqual(["t2 start"]);
  });

  test("a file put in holds a task back", () => {
    const both = { t1: { ...working, files: ["a.ts"] }, t2: { files: ["a.ts"] } };
    expect(actions(both)).toEqual([]);
    expect(actions({ ...both, t2: { files: ["other.ts"] } })).toEqual(["t2 start"]);
  });

  describe("where only a prediction says that tasks share a file", () => {
    const guess = (path: string) => ({ predicted: [{ path, confidence: 0.5, why: "" }] });
    const both = { predicted: [...guess("a.ts").predicted, ...guess("b.ts").predicted] };

    test("a task overtakes one that waits, and not one that works", () => {
      const tasks = { t1: { ...working, ...guess("a.ts") }, t2: both, t3: guess("b.ts") };
      const decision = decide(viewOf(tasks));
      expect(actionsOf(decision)).toEqual(["t3 start"]);
      expect(waitOf(decision, "t2").reason).toContain("t1 (running, both probably touch a.ts");
      const named = { ...tasks, t2: { files: ["a.ts", "b.ts"] }, t3: { files: ["b.ts"] } };
      expect(actions(named)).toEqual([]);
    });

    test("two of them never start together, and the one left waits for the other", () => {
      const tasks = { t1: guess("a.ts"), t2: guess("a.ts"), t3: guess("c.ts") };
      const decision = decide(viewOf(tasks));
      expect(actionsOf(decision)).toEqual(["t1 start", "t3 start"]);
      expect(waitOf(decision, "t2").on).toEqual(["t1"]);
    });

    test("a task waits for one at work that the graph shows only behind one that waits", () => {
      const tasks = {
        t1: { ...working, ...guess("a.ts") },
        t2: { ...guess("a.ts"), dependsOn: ["t4"] },
        t3: guess("a.ts"),
        t4: working,
      };
      const view = viewOf(tasks);
      expect(actionsOf(decide(view))).toEqual([]);
      expect(explainWaits(view.manifest, NOW).get(taskId("t3"))).toContain("waits for t1");
    });

    test("a task that overtakes builds on what is delivered before the one it overtakes", () => {
      const opened = { status: "pr_open", prNumber: 7, ...guess("a.ts") } as const;
      const facts = { git: known(gitFact()), pullRequest: known(pullRequest({ number: 7 })) };
      const tasks = {
        t1: { ...opened, facts },
        t2: { ...guess("a.ts"), dependsOn: ["t4"] },
        t3: guess("a.ts"),
        t4: working,
      };
      const start = theAction(decide(viewOf(tasks)), "start");
      expect(start).toMatchObject({ taskId: "t3", startPoint: { parents: ["t1"] } });
    });
  });

  test("a task waits for a file that another is seen to touch in the same beat", () => {
    const seen = (touched: readonly string[]) => ({
      ...working,
      facts: { ...working.facts, git: known(gitFact({ touched })) },
    });
    const waiting = { files: ["a.ts"] };
    expect(actions({ t1: seen(["b.ts"]), t2: waiting })).toEqual(["t2 start"]);
    expect(actions({ t1: seen(["a.ts"]), t2: waiting })).toEqual([]);
    expect(actions({ t1: waiting, t2: seen(["a.ts"]) })).toEqual([]);
  });

  test("a task taken back while it is being started still keeps its files", () => {
    const from = { kind: "base", base: "main" } as const;
    const start = { attempt: 1, agent: "codex", branch: "fix/t1", startPoint: from };
    const underWay = new Map([
      [taskId("t1"), { kind: "start", taskId: taskId("t1"), ...start } as const],
    ]);
    const tasks = { t1: { status: "draft" as const, files: ["a.ts"] }, t2: { files: ["a.ts"] } };
    expect(actions(tasks)).toEqual(["t2 start"]);
    expect(actions(tasks, {}, { underWay })).toEqual([]);
  });

  test("a task done again waits for one that works on the same files, although that depends on it", () => {
    const tasks = {
      t1: { attempts: 1, files: ["a.ts"] },
      t2: { ...working, files: ["a.ts"], dependsOn: ["t1"] },
    };
    const decision = decide(viewOf(tasks));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t1").reason).toBe("waits for t2 (running, both touch a.ts)");
  });

  test("a cancelled task's session ends, also while its agent works", () => {
    expect(actions({ t1: { ...working, status: "cancelled" } })).toEqual(["t1 stop-session"]);
    const blind = { ...working, status: "cancelled" as const, facts: { session: unknown("no") } };
    const decision = decide(viewOf({ t1: blind }));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t1").needsPerson).toBe(false);
  });

  test("a running task set back to pending is begun anew when its session has ended", () => {
    const again = { ...working, status: "pending" as const };
    expect(actions({ t1: again })).toEqual(["t1 stop-session"]);
    const gone = { ...again, facts: { launch: known(launchFact()) } };
    const start = theAction(decide(viewOf({ t1: gone })), "start");
    expect(start.attempt).toBe(2);
  });

  test.each(["open", "merged"] as const)(
    "a task whose pull request is %s is done again when it is set back to pending",
    (state) => {
      const retried: Told = {
        attempts: 1,
        prNumber: 7,
        facts: { launch: known(launchFact()), pullRequest: known(pullRequest({ state })) },
      };
      expect(actions({ t1: retried })).toEqual(["t1 start"]);
    },
  );

  test("a task taken as complete is delivered as it is, also without a commit", () => {
    const done = (commitsAhead: number): Told => ({
      status: "complete",
      facts: { git: known(gitFact({ commitsAhead, dirtyFiles: ["x"] })) },
    });
    expect(actions({ t1: done(1) })).toEqual(["t1 deliver"]);
    expect(decide(viewOf({ t1: done(0) }))).toMatchObject({ actions: [], waits: [] });
  });

  test("a task taken as complete while its agent works is delivered when its session has ended", () => {
    const taken = (attached: number): Told => ({
      status: "complete",
      facts: { git: known(gitFact()), session: known(sessionFact({ attached })) },
    });
    expect(actions({ t1: taken(0) })).toEqual(["t1 stop-session"]);
    expect(actions({ t1: taken(1) })).toEqual([]);
    const blind: Told = {
      status: "complete",
      facts: { git: known(gitFact()), session: unknown("no") },
    };
    expect(actions({ t1: blind })).toEqual([]);
  });

  test("nothing is started on work that git does not tell of", () => {
    const told = (git: NonNullable<Told["facts"]>["git"]): Parameters<typeof viewOf>[0] => ({
      t1: { status: "complete", facts: git === undefined ? {} : { git } },
      t2: { dependsOn: [taskId("t1")] },
      t3: {},
    });
    const blind = decide(viewOf(told(unknown("index.lock"))));
    expect(actionsOf(blind)).toEqual(["t3 start"]);
    expect(waitOf(blind, "t2")).toMatchObject({ needsPerson: false, on: [] });
    expect(waitOf(blind, "t2").reason).toContain("index.lock");
    expect(actions(told(known(gitFact())))).toEqual(["t1 deliver", "t2 start", "t3 start"]);
  });

  test("a retry counts its tries anew", () => {
    const retried: Told = { attempts: 9, facts: { launch: known(launchFact({ attempt: 9 })) } };
    expect(theAction(decide(viewOf({ t1: retried })), "start").attempt).toBe(10);
  });
});

describe("a task that runs by the manifest and was never launched here", () => {
  test("goes back to pending and is started by the next beat", () => {
    const view = viewOf({ t1: { status: "running", verdict: verdict("unknown") } });
    const decision = decide(view);
    expect(actionsOf(decision)).toEqual([]);
    expect(newStatus(decision, "t1")).toBe("pending");
    const manifest = patched(view.manifest, decision.patches);
    expect(actionsOf(decide({ ...view, manifest, graph: taskGraph(manifest) }))).toEqual([
      "t1 start",
    ]);
  });

  test("is left alone while tmux does not answer, and is a person's when it has a session", () => {
    const told = (session: NonNullable<Told["facts"]>["session"]): Told => ({
      status: "running",
      verdict: verdict("unknown"),
      facts: session === undefined ? {} : { session },
    });
    const blind = decide(viewOf({ t1: told(unknown("no")) }));
    expect([newStatus(blind, "t1"), waitOf(blind, "t1").needsPerson]).toEqual([undefined, false]);
    const seen = decide(viewOf({ t1: told(known(sessionFact())) }));
    expect(actionsOf(seen)).toEqual([]);
    expect(waitOf(seen, "t1").needsPerson).toBe(true);
  });
});

test("a start that failed is tried again after its pause", () => {
  const failed = {
    state: { notBefore: new Date(NOW + 5 * SECOND).toISOString() },
    error: "disk full",
  };
  const decision = decide(viewOf({ t1: failed }));
  expect(actionsOf(decision)).toEqual([]);
  expect(decision.wakeAtMs).toBe(NOW + 5 * SECOND);
  expect(waitOf(decision, "t1").reason).toContain("disk full");
  expect(actions({ t1: { ...failed, state: { notBefore: ago(MINUTE) } } })).toEqual(["t1 start"]);
});

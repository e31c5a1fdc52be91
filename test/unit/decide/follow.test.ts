import { describe, expect, test } from "vitest";
import { known, type PullRequestFact, unknown } from "../../../src/classify/evidence.ts";
import { decide } from "../../../src/decide/decide.ts";
import { SECOND_READING_MS } from "../../../src/decide/reading.ts";
import { TaskStatus } from "../../../src/manifest/status.ts";
import { toIso } from "../../../src/manifest/time.ts";
import {
  actionsOf,
  ago,
  MINUTE,
  NOW,
  newStatus,
  SECOND,
  type Told,
  viewOf,
  waitOf,
} from "../../support/decision.ts";
import {
  FORK,
  gitFact,
  launchFact,
  pullRequest,
  sessionFact,
  verdict,
} from "../../support/facts.ts";

const open = (more: Told = {}): Told => ({
  status: "pr_open",
  attempts: 1,
  prNumber: 7,
  ...more,
  facts: { launch: known(launchFact()), session: known(sessionFact()), ...more.facts },
});
const seeing = (fact: Partial<PullRequestFact>, more: Told = {}): Told =>
  open({ ...more, facts: { pullRequest: known(pullRequest(fact)) } });

describe("a pull request", () => {
  test("that is merged ends its task", () => {
    const decision = decide(viewOf({ t1: seeing({ state: "merged" }) }));
    expect(newStatus(decision, "t1")).toBe("merged");
  });

  test("that is closed is an error which a person decides", () => {
    const decision = decide(viewOf({ t1: seeing({ state: "closed" }) }));
    expect(newStatus(decision, "t1")).toBe("error");
    expect(waitOf(decision, "t1")).toMatchObject({
      reason: "pull request #7 was closed without being merged",
      needsPerson: true,
    });
  });

  test.each(["merged", "closed"] as const)(
    "of another number that is %s is not its own",
    (state) => {
      const decision = decide(viewOf({ t1: seeing({ state, number: 6 }) }));
      expect(newStatus(decision, "t1")).toBeUndefined();
    },
  );

  test("that the forge does not tell about changes nothing", () => {
    const blind = open({ facts: { pullRequest: unknown("502") } });
    expect(newStatus(decide(viewOf({ t1: blind })), "t1")).toBeUndefined();
  });

  test.each(
    TaskStatus.options.filter(
      (status) => !["draft", "planned", "merged", "pr_open"].includes(status),
    ),
  )("merged long ago under the same branch name never ends a new task that is %s", (status) => {
    const old = pullRequest({ state: "merged", number: 3, headSha: FORK });
    const task: Told = {
      status,
      attempts: 1,
      verdict: verdict("working"),
      facts: { launch: known(launchFact()), pullRequest: known(old), git: known(gitFact()) },
    };
    expect(newStatus(decide(viewOf({ t1: task })), "t1")).not.toBe("merged");
  });

  test("merged by hand before the task knew of it is its own when it holds the same commit", () => {
    const task: Told = {
      status: "complete",
      facts: { pullRequest: known(pullRequest({ state: "merged" })), git: known(gitFact()) },
    };
    expect(newStatus(decide(viewOf({ t1: task })), "t1")).toBe("merged");
  });
});

describe("the session of a delivered task", () => {
  const idle = (since: string | undefined, more: Told = {}): Told =>
    open({
      verdict: verdict("idle-done"),
      ...(since === undefined ? {} : { state: { verdict: "idle-done", verdictSince: since } }),
      ...more,
    });

  test("ends when its agent is idle by two readings, or has ended", () => {
    expect(actionsOf(decide(viewOf({ t1: idle(ago(MINUTE)) })))).toEqual(["t1 stop-session"]);
    const ended = open({ verdict: verdict("exited-ok", { fact: true }) });
    expect(actionsOf(decide(viewOf({ t1: ended })))).toEqual(["t1 stop-session"]);
  });

  test("is not ended by one reading, and the run waits for the second", () => {
    const decision = decide(viewOf({ t1: idle(undefined) }));
    expect(actionsOf(decision)).toEqual([]);
    expect(decision.wakeAtMs).toBe(NOW + SECOND_READING_MS);
    expect(waitOf(decision, "t1").needsPerson).toBe(false);
  });

  test("is left to the person who looks at it, and to an agent at work", () => {
    const facts = { session: known(sessionFact({ attached: 1 })) };
    expect(actionsOf(decide(viewOf({ t1: idle(ago(MINUTE), { facts }) })))).toEqual([]);
    expect(actionsOf(decide(viewOf({ t1: open({ verdict: verdict("working") }) })))).toEqual([]);
  });

  test("that cannot be ended is tried again after a pause, and is a person's in the end", () => {
    const failed = (startFailures: number, notBefore: string): Told =>
      idle(ago(MINUTE), {
        error: "tmux did not answer",
        state: { verdict: "idle-done", verdictSince: ago(MINUTE), startFailures, notBefore },
      });
    const paused = decide(viewOf({ t1: failed(1, toIso(NOW + SECOND)) }));
    expect([paused.actions, paused.wakeAtMs]).toEqual([[], NOW + SECOND]);
    expect(actionsOf(decide(viewOf({ t1: failed(1, ago(SECOND)) })))).toEqual(["t1 stop-session"]);
    const given = decide(viewOf({ t1: failed(5, ago(SECOND)) }));
    expect(given.actions).toEqual([]);
    expect(waitOf(given, "t1")).toMatchObject({ needsPerson: true });
    expect(waitOf(given, "t1").reason).toContain("tmux did not answer");
  });
});

describe("worktree and branch", () => {
  const merged = (more: Told = {}): Told => ({
    status: "merged",
    worktree: "/w/worktrees/t1",
    branch: "fix/one",
    ...more,
  });

  test("go when all is merged, once, together with the session", () => {
    const live = { launch: known(launchFact()), session: known(sessionFact()) };
    const task = merged({ verdict: verdict("exited-ok", { fact: true }), facts: live });
    const view = viewOf({ t1: task, t2: { status: "cancelled" } });
    expect(decide(view).actions).toEqual([
      { kind: "retire", taskId: "t1", branch: "fix/one", why: "its work is merged" },
    ]);
    expect(actionsOf(decide(viewOf({ t1: merged({ worktree: null }) })))).toEqual([]);
  });

  test("stay while anything is not merged, unless a person asks for clean-up", () => {
    const tasks = { t1: merged(), t2: open({ verdict: verdict("working") }) };
    expect(actionsOf(decide(viewOf(tasks)))).toEqual([]);
    expect(actionsOf(decide(viewOf(tasks, {}, { cleanup: true })))).toEqual(["t1 retire"]);
  });

  test("stay while an agent works there, e.g. on what checks of the merged work had found", () => {
    const facts = { launch: known(launchFact()), session: known(sessionFact()) };
    const working = decide(viewOf({ t1: merged({ verdict: verdict("working"), facts }) }));
    expect(working.actions).toEqual([]);
    expect(waitOf(working, "t1")).toMatchObject({ needsPerson: false });
    const hung = merged({ verdict: verdict("stalled"), facts });
    expect(actionsOf(decide(viewOf({ t1: hung })))).toEqual(["t1 retire"]);
  });

  test("stay while tmux does not answer or a person is attached", () => {
    const blind = decide(viewOf({ t1: merged({ facts: { session: unknown("lost server") } }) }));
    expect(blind.actions).toEqual([]);
    expect(waitOf(blind, "t1").needsPerson).toBe(false);
    const watched = merged({ facts: { session: known(sessionFact({ attached: 1 })) } });
    expect(decide(viewOf({ t1: watched })).actions).toEqual([]);
  });

  test("that cannot be removed are tried again after a pause, and are a person's in the end", () => {
    const refused = (startFailures: number, notBefore: string): Told =>
      merged({ error: "not ours", state: { startFailures, notBefore } });
    const paused = decide(viewOf({ t1: refused(1, toIso(NOW + SECOND)) }));
    expect([paused.actions, paused.wakeAtMs]).toEqual([[], NOW + SECOND]);
    expect(actionsOf(decide(viewOf({ t1: refused(4, ago(SECOND)) })))).toEqual(["t1 retire"]);
    expect(waitOf(decide(viewOf({ t1: refused(5, ago(SECOND)) })), "t1").needsPerson).toBe(true);
  });
});

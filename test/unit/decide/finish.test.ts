import { describe, expect, test } from "vitest";
import { known, type Probe, unknown, type VerifyFact } from "../../../src/classify/evidence.ts";
import { decide } from "../../../src/decide/decide.ts";
import { VerdictKind } from "../../../src/manifest/verdict-kind.ts";
import {
  actionsOf,
  ago,
  MINUTE,
  NOW,
  newStatus,
  SECOND,
  type Told,
  theAction,
  viewOf,
  waitOf,
} from "../../support/decision.ts";
import {
  FORK,
  gitFact,
  HEAD,
  launchFact,
  pullRequest,
  sessionFact,
  verdict,
  verifyFact,
} from "../../support/facts.ts";

const OTHER = "b".repeat(40);
const GIT = {
  "no answer": unknown("index.lock"),
  "no branch": known(null),
  "no worktree": known(gitFact({ worktreeReady: false })),
  "a merge that is not committed": known(gitFact({ astray: { kind: "midst", of: "merge" } })),
  "another branch": known(gitFact({ astray: { kind: "elsewhere", branch: "other" } })),
  "uncommitted files": known(gitFact({ dirtyFiles: ["left.txt"] })),
  "no commit": known(gitFact({ commitsAhead: 0 })),
  "a commit": known(gitFact()),
} as const;
const VERIFY = {
  "no answer": unknown("EIO"),
  "not begun": known(null),
  running: known(verifyFact({ code: null, running: true })),
  failed: known(verifyFact({ code: 1, tail: ["1 failed"] })),
  "passed on another commit": known(verifyFact({ sha: OTHER })),
  passed: known(verifyFact()),
} satisfies Readonly<Record<string, Probe<VerifyFact | null>>>;

const told = (kind: VerdictKind, more: Told = {}): Told => ({
  status: "running",
  attempts: 1,
  agent: "codex",
  state: { agent: "codex", verdict: kind, verdictSince: ago(5 * SECOND), nudges: 2 },
  verdict: verdict(kind, { turn: "ended" }),
  ...more,
  facts: { launch: known(launchFact()), session: known(sessionFact()), ...more.facts },
});

const cells = VerdictKind.options.flatMap((kind) =>
  Object.keys(GIT).flatMap((git) => Object.keys(VERIFY).map((verify) => ({ kind, git, verify }))),
);

describe("of all verdicts, facts of git and results of verify", () => {
  test.each([true, false])("only the whole proof delivers (verify set: %s)", (hasVerify) => {
    const delivering = cells.filter(({ kind, git, verify }) => {
      const facts = {
        git: GIT[git as keyof typeof GIT],
        verify: VERIFY[verify as keyof typeof VERIFY],
      };
      const task = told(kind, { facts, ...(hasVerify ? { verify: ["npm", "test"] } : {}) });
      return actionsOf(decide(viewOf({ t1: task }))).includes("t1 deliver");
    });
    // After all nudges a question in an agent's last words does not outweigh the facts.
    const finished = ["waiting-input", "idle-done", "exited-ok"];
    expect(delivering).toEqual(
      cells.filter(
        ({ kind, git, verify }) =>
          finished.includes(kind) && git === "a commit" && (verify === "passed" || !hasVerify),
      ),
    );
  });
});

describe("an agent that has ended its turn", () => {
  const ended = (facts: Told["facts"], more: Told = {}): Told =>
    told("idle-done", { ...more, ...(facts === undefined ? {} : { facts }) });
  const decided = (task: Told) => decide(viewOf({ t1: task }));

  test("is delivered by the commit that was proved", () => {
    const decision = decided(ended({ git: GIT["a commit"] }));
    expect(theAction(decision, "deliver")).toEqual({
      kind: "deliver",
      taskId: "t1",
      sha: HEAD,
      branch: "fix/t1",
      base: "main",
      forkPoint: FORK,
    });
    expect(newStatus(decision, "t1")).toBe("complete");
  });

  test("is verified once for each commit, and again after a new one", () => {
    const task = (verify: Probe<VerifyFact | null>) =>
      ended({ git: GIT["a commit"], verify }, { verify: "npm test" });
    expect(theAction(decided(task(known(null))), "verify").sha).toBe(HEAD);
    expect(theAction(decided(task(known(verifyFact({ sha: OTHER })))), "verify").sha).toBe(HEAD);
    expect(actionsOf(decided(task(known(verifyFact({ code: null, running: true })))))).toEqual([]);
  });

  test("is told what is missing, in this order: where it stands, files, commits, verify", () => {
    const fresh = {
      state: { agent: "codex", verdict: "idle-done", verdictSince: ago(MINUTE) },
    } as const;
    const text = (facts: Told["facts"], more: Told = {}) =>
      theAction(decided(ended(facts, { ...fresh, ...more })), "nudge").text;
    const dirty = { dirtyFiles: ["a.ts"], commitsAhead: 0 };
    const rebase = { kind: "midst", of: "rebase" } as const;
    expect(text({ git: known(gitFact({ ...dirty, astray: rebase })) })).toMatch(
      /^A git rebase was begun here .*git rebase --abort.* on the branch fix\/t1 and commit/,
    );
    const named = { kind: "elsewhere", branch: "x\u001b[2J" } as const;
    const elsewhere = text({ git: known(gitFact({ ...dirty, astray: named })) });
    expect(elsewhere).toMatch(/^This worktree is on "x.*" instead of its branch fix\/t1/);
    expect(elsewhere).not.toContain("\u001b");
    expect(text({ git: known(gitFact(dirty)) })).toMatch(/^These files are not committed: a.ts/);
    expect(text({ git: GIT["no commit"] })).toMatch(/^There is no commit on this branch yet/);
    const failed = { git: GIT["a commit"], verify: VERIFY.failed };
    expect(text(failed, { verify: "npm test" })).toMatch(/Its last lines:\n1 failed\n/);
  });

  test("whose words are a lie is not believed", () => {
    const lie = ended({ git: GIT["no commit"] });
    const decision = decided({
      ...lie,
      verdict: verdict("idle-done", {
        turn: "ended",
        why: "All tests passed. Pushed.",
        fact: true,
      }),
    });
    expect(actionsOf(decision)).not.toContain("t1 deliver");
    expect(newStatus(decision, "t1")).not.toBe("complete");
  });

  test("is left alone while git does not answer", () => {
    const decision = decided(ended({ git: GIT["no answer"] }));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t1")).toMatchObject({
      reason: "git did not answer: index.lock",
      needsPerson: false,
    });
  });

  test("whose verify command does not end is told so when its time is up", () => {
    const verifying = (startedAtMs: number) =>
      ended(
        {
          git: GIT["a commit"],
          verify: known(verifyFact({ code: null, running: true, startedAtMs })),
        },
        {
          verify: "npm test",
          state: { agent: "codex", verdict: "idle-done", verdictSince: ago(MINUTE) },
        },
      );
    expect(decided(verifying(NOW - 29 * MINUTE)).wakeAtMs).toBe(NOW + MINUTE);
    expect(actionsOf(decided(verifying(NOW - 31 * MINUTE)))).toEqual(["t1 nudge"]);
  });
});

describe("a failed session whose branch has an open pull request", () => {
  const dead = (facts: Told["facts"]): Told => ({
    ...told("dead"),
    verdict: verdict("dead", { fact: true }),
    facts: { launch: known(launchFact()), git: GIT["a commit"], ...facts },
  });

  test("is taken as delivered when that holds its work", () => {
    const decision = decide(viewOf({ t1: dead({ pullRequest: known(pullRequest()) }) }));
    expect(actionsOf(decision)).toEqual([]);
    expect(newStatus(decision, "t1")).toBe("pr_open");
  });

  test.each([
    ["holds another commit", known(pullRequest({ headSha: OTHER }))],
    ["is of another branch", known(pullRequest({ headBranch: "fix/other" }))],
    ["is merged long ago", known(pullRequest({ state: "merged", headSha: FORK }))],
  ])("is healed when that %s", (_, open) => {
    expect(actionsOf(decide(viewOf({ t1: dead({ pullRequest: open }) })))).toEqual([]);
    const later = dead({ pullRequest: open });
    const state = { ...later.state, verdictSince: ago(MINUTE) };
    expect(actionsOf(decide(viewOf({ t1: { ...later, state } })))).toEqual(["t1 resume"]);
  });

  test("waits for the forge's answer", () => {
    const decision = decide(viewOf({ t1: dead({ pullRequest: unknown("502") }) }));
    expect(actionsOf(decision)).toEqual([]);
    expect(waitOf(decision, "t1").reason).toBe("the forge did not answer: 502");
  });
});

describe("the base of a pull request", () => {
  const child = (parent: Told): readonly [string, boolean] => {
    const decision = decide(
      viewOf({
        t1: { branch: "fix/one", prNumber: 3, ...parent },
        t2: {
          status: "complete",
          state: { parent: "t1", provedSha: HEAD },
          facts: { git: GIT["a commit"] },
        },
      }),
    );
    const delivered = decision.actions.find((action) => action.taskId === "t2");
    if (delivered?.kind === "deliver") return [delivered.base, false];
    return ["waits", waitOf(decision, "t2").needsPerson];
  };

  test("is its parent's branch while that is open, then the base", () => {
    expect(child({ status: "pr_open" })).toEqual(["fix/one", false]);
    expect(child({ status: "merged" })).toEqual(["main", false]);
  });

  test("is its parent's branch also while the parent's agent mends what is open", () => {
    const seen = { git: GIT["a commit"], pullRequest: known(pullRequest({ number: 3 })) };
    expect(child({ status: "complete", facts: { ...seen, launch: unknown("no") } })).toEqual([
      "fix/one",
      false,
    ]);
    expect(child({ status: "error", error: "gave up", facts: seen })).toEqual(["fix/one", false]);
    const closed = { ...seen, pullRequest: known(pullRequest({ number: 3, state: "closed" })) };
    expect(child({ status: "error", error: "gave up", facts: closed })).toEqual(["waits", true]);
  });

  test("is waited for while the parent has no pull request, so that none shows the parent's commits", () => {
    const facts = { git: GIT["a commit"] };
    expect(child({ status: "complete", facts })).toEqual(["waits", false]);
    expect(child({ status: "pending", facts: { session: unknown("no") } })).toEqual([
      "waits",
      false,
    ]);
    expect(child({ status: "error", error: "rejected", facts })).toEqual(["waits", true]);
  });

  test.each(["cancelled", "archived", "draft"] as const)(
    "is a person's to choose once the parent is %s, whose commits the branch carries",
    (status) => {
      expect(child({ status })).toEqual(["waits", true]);
    },
  );

  test("is the base for the older of two that build on each other, and the older one's branch for the newer", () => {
    const proved = (parent: string, startedAt: string): Told => ({
      status: "complete",
      startedAt,
      state: { parent, provedSha: HEAD },
      facts: { git: known(gitFact()) },
    });
    const tasks = { t1: proved("t2", ago(MINUTE)), t2: proved("t1", ago(5 * MINUTE)) };
    const decision = decide(viewOf(tasks));
    expect(actionsOf(decision)).toEqual(["t2 deliver"]);
    expect(decision.actions[0]).toMatchObject({ base: "main" });
    expect(waitOf(decision, "t1").on).toEqual(["t2"]);
  });

  test("is the base when the parent was taken as complete without a commit", () => {
    expect(child({ status: "complete", facts: { git: GIT["no branch"] } })).toEqual([
      "main",
      false,
    ]);
  });
});

describe("the hour's limit of pull requests", () => {
  const proved: Told = {
    status: "complete",
    state: { provedSha: HEAD },
    facts: { git: GIT["a commit"] },
  };
  const policy = { pullRequestsPerHourMax: 2 };

  test("counts the deliveries of this beat with those before", () => {
    const tasks = { t1: proved, t2: proved, t3: proved };
    expect(actionsOf(decide(viewOf(tasks, { policy })))).toEqual(["t1 deliver", "t2 deliver"]);
    const one: Told = { status: "pr_open", prNumber: 7, completedAt: ago(50 * MINUTE) };
    const decision = decide(viewOf({ t0: one, ...tasks }, { policy }));
    expect(actionsOf(decision)).toEqual(["t1 deliver"]);
  });

  test("does not hold what was mended: it has its pull request", () => {
    const mended: Told = { ...proved, prNumber: 9 };
    const one: Told = { status: "pr_open", prNumber: 7, completedAt: ago(50 * MINUTE) };
    const decision = decide(viewOf({ t1: one, t2: one, t3: mended, t4: proved }, { policy }));
    expect(actionsOf(decision)).toEqual(["t3 deliver"]);
  });

  test("says when it goes on", () => {
    const open = (minutes: number): Told => ({
      status: "pr_open",
      prNumber: 7,
      completedAt: ago(minutes * MINUTE),
    });
    const decision = decide(viewOf({ t1: open(50), t2: open(30), t3: proved }, { policy }));
    expect(actionsOf(decision)).toEqual([]);
    expect(decision.wakeAtMs).toBe(NOW + 10 * MINUTE);
    expect(waitOf(decision, "t3").needsPerson).toBe(false);
  });

  test("waits for the end of deliveries that take the rest of it, not for a time that has come", () => {
    const decision = decide(viewOf({ t1: proved, t2: proved, t3: proved }, { policy }));
    expect(waitOf(decision, "t3").reason).toContain("are being opened");
    expect(decision.wakeAtMs).toBeUndefined();
  });
});

test("a proved commit whose branch is gone is not forgotten", () => {
  const lost: Told = {
    status: "complete",
    state: { provedSha: HEAD },
    facts: { git: known(null) },
  };
  expect(actionsOf(decide(viewOf({ t1: lost })))).toEqual(["t1 deliver"]);
});

test("a delivery that failed is tried again after its pause", () => {
  const failed: Told = {
    status: "complete",
    error: "could not resolve host",
    state: { provedSha: HEAD, notBefore: new Date(NOW + SECOND).toISOString() },
    facts: { git: GIT["a commit"] },
  };
  const decision = decide(viewOf({ t1: failed }));
  expect(actionsOf(decision)).toEqual([]);
  expect(decision.wakeAtMs).toBe(NOW + SECOND);
});

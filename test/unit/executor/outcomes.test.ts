import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Screen } from "../../../src/agents/screen.ts";
import { known, unknown } from "../../../src/classify/evidence.ts";
import type { Action } from "../../../src/decide/action.ts";
import { decide } from "../../../src/decide/decide.ts";
import type { Outcome } from "../../../src/executor/context.ts";
import { execute } from "../../../src/executor/execute.ts";
import { CoppiceError } from "../../../src/manifest/errors.ts";
import type { Manifest } from "../../../src/manifest/manifest.ts";
import { mayChange } from "../../../src/manifest/status.ts";
import type { Task } from "../../../src/manifest/task.ts";
import { toIso } from "../../../src/manifest/time.ts";
import type { Forge, PullRequestSpec } from "../../../src/ports/forge.ts";
import type { Repository } from "../../../src/ports/repository.ts";
import type { Sessions } from "../../../src/ports/sessions.ts";
import { arbitraryView } from "../../support/arbitrary-view.ts";
import { manifestOf, NOW, patched, SECOND, type Told, taskId } from "../../support/decision.ts";
import { exitFact, FORK, HEAD, pullRequest, screenFact } from "../../support/facts.ts";
import { type Answers, executorWorld } from "../../support/fakes/executor-world.ts";

const T1 = taskId("t1");
const fail = async (): Promise<never> => {
  throw new CoppiceError({
    code: "tmux-hangs",
    kind: "machine",
    message: "tmux did not answer",
    hint: "Look at the machine.",
  });
};

const START: Action = {
  kind: "start",
  taskId: T1,
  attempt: 1,
  agent: "codex",
  branch: "fix/t1",
  startPoint: { kind: "base", base: "main" },
};
const RESTART: Action = {
  kind: "restart",
  taskId: T1,
  attempt: 2,
  agent: "codex",
  why: "it broke",
  context: [],
};
const RESUME: Action = {
  kind: "resume",
  as: "resume",
  taskId: T1,
  attempt: 2,
  agent: "codex",
  conversation: "c1",
  why: "it broke off",
  text: "go on",
};
const DELIVER: Action = {
  kind: "deliver",
  taskId: T1,
  sha: HEAD,
  branch: "fix/t1",
  base: "main",
  forkPoint: "f".repeat(40),
};
const RETIRE: Action = { kind: "retire", taskId: T1, branch: "fix/t1", why: "its work is merged" };
const STOP: Action = {
  kind: "stop-session",
  taskId: T1,
  why: "its work is delivered",
  asked: false,
};
const CANCEL: Action = { ...STOP, why: "t1 is cancelled", asked: true };
const ANSWER: Action = {
  kind: "answer",
  taskId: T1,
  dialogId: "trust",
  asked: "Trust?",
  answer: "Yes",
  typed: false,
};
const NUDGE: Action = { kind: "nudge", taskId: T1, why: "idle", text: "go on" };

interface Done {
  readonly outcome: Outcome;
  readonly calls: readonly string[];
  readonly opened: readonly PullRequestSpec[];
  readonly after: Task | undefined;
}

async function carriedOut(
  action: Action,
  told: Told,
  answers: Answers = {},
  more: Parameters<typeof manifestOf>[1] = {},
): Promise<Done> {
  const manifest = manifestOf({ t1: told }, { base: "main", command: ["agent"], ...more });
  const world = executorWorld(manifest, answers);
  const outcome = await execute(world.context, action);
  const after = patched(manifest, outcome.patches).phases[0]?.tasks[0];
  return { outcome, calls: world.calls, opened: world.opened, after };
}

test("an agent that is too old is not started; its person is told to update it, at once", async () => {
  const host = { version: async () => "codex-cli 0.42.0" };
  for (const action of [START, RESTART]) {
    const { outcome, calls, after } = await carriedOut(action, { status: "running" }, { host });
    expect(outcome.failed?.code).toBe("agent-unsupported");
    expect(calls.filter((call) => call.startsWith("sessions.start"))).toEqual([]);
    expect(calls.filter((call) => call.startsWith("folders.recordLaunch"))).toEqual([]);
    expect(after).toMatchObject({
      status: "error",
      error: expect.stringMatching(/0\.42\.0 is older .*npm install .*coppice retry t1/),
    });
  }
});

describe("whatever is decided and however the world answers", () => {
  /** One of these answers, or success. */
  const choose = <Method>(...answers: Method[]) =>
    fc.option(fc.constantFrom(...answers), { nil: undefined });
  const answers = fc
    .record({
      stop: choose<Sessions["stop"]>(
        async () => true,
        async () => false,
        fail,
      ),
      start: choose<Sessions["start"]>(
        async () => ({ kind: "taken" as const, by: "a person" }),
        fail,
      ),
      inject: choose<Sessions["inject"]>(
        async () => ({ kind: "refused" as const, reason: "moved" }),
        fail,
      ),
      ensureWorktree: choose<Repository["ensureWorktree"]>(
        async () => ({ kind: "refused" as const, reason: "in use", hint: "Remove it." }),
        async () => ({ kind: "conflict" as const, files: ["a"], branches: ["x", "y"] }),
        fail,
      ),
      probe: choose<Repository["probe"]>(
        async () => known(null),
        async () => unknown("busy"),
        fail,
      ),
      push: choose<Repository["push"]>(
        async () => ({ kind: "rejected" as const, reason: "protected" }),
        async () => ({ kind: "failed" as const, reason: "no network" }),
        fail,
      ),
      openPullRequest: choose<Forge["openPullRequest"]>(
        async () => ({ kind: "rejected" as const, reason: "nothing to merge" }),
        async () => ({ kind: "failed" as const, reason: "502", retryAtMs: NOW + 90 * SECOND }),
        async () => ({
          kind: "adopted" as const,
          pullRequest: pullRequest({ state: "merged" }),
          notes: [],
        }),
        fail,
      ),
      removeWorktree: choose<Repository["removeWorktree"]>(
        async () => ({ kind: "refused" as const, reason: "not ours" }),
        fail,
      ),
    })
    .map(
      ({ stop, start, inject, openPullRequest, ...repository }): Answers => ({
        sessions: given({ stop, start, inject }),
        repository: given(repository),
        forge: given({ openPullRequest }),
      }),
    );

  test.prop([arbitraryView, answers], { numRuns: 300 })(
    "each change of a status is the heartbeat's to make, and the manifest stays valid",
    async (view, worldAnswers) => {
      const decision = decide(view);
      const { context } = executorWorld(view.manifest, worldAnswers);
      const outcomes = await Promise.all(
        decision.actions.map((action) => execute(context, action)),
      );
      const patches = [...decision.patches, ...outcomes.flatMap((outcome) => outcome.patches)];
      const status = new Map(tasksOf(view.manifest).map((task) => [task.id, task.status]));
      for (const patch of patches) {
        if (patch.kind !== "task" || patch.set.status === undefined) continue;
        const from = status.get(patch.taskId) ?? "archived";
        expect(
          mayChange("heartbeat", from, patch.set.status),
          `${from} → ${patch.set.status}`,
        ).toBe(true);
        status.set(patch.taskId, patch.set.status);
      }
      expect(() => patched(view.manifest, patches)).not.toThrow();
    },
    60_000,
  );
});

describe("clearing up that fails", () => {
  const merged: Told = { status: "merged", worktree: "/w/worktrees/t1", attempts: 1 };

  test.each([
    ["cannot stop the session", { sessions: { stop: async () => false } }],
    ["gets no answer of tmux", { sessions: { stop: fail } }],
    ["may not remove the worktree", { repository: { removeWorktree: refused } }],
  ] satisfies [string, Answers][])(
    "leaves a merged task merged and comes again after a pause when it %s",
    async (_, answers) => {
      const state = { startFailures: 4 };
      const { outcome, after } = await carriedOut(RETIRE, { ...merged, state }, answers);
      expect(outcome.failed).toBeDefined();
      expect(after).toMatchObject({
        status: "merged",
        worktree: "/w/worktrees/t1",
        state: { startFailures: 5, notBefore: toIso(NOW + 160 * SECOND) },
      });
    },
  );

  test("removes nothing while the session lives, and only after everything is saved", async () => {
    const alive = await carriedOut(RETIRE, merged, { sessions: { stop: async () => false } });
    expect(alive.calls).toEqual(["sessions.isAttended task-t1", "sessions.stop verify-t1"]);
    const { calls, after } = await carriedOut(RETIRE, merged);
    expect(calls).toEqual([
      "sessions.isAttended task-t1",
      "sessions.stop verify-t1",
      "sessions.stop task-t1",
      "repository.preserve",
      "repository.removeWorktree",
    ]);
    expect(after).toMatchObject({ worktree: null, tmuxSession: null });
  });

  test("tells what it saved also when the worktree stays", async () => {
    const { outcome } = await carriedOut(RETIRE, merged, {
      repository: {
        preserve: async () => ["refs/coppice/preserved/t1/1"],
        removeWorktree: refused,
      },
    });
    expect(outcome.events).toEqual([
      { kind: "preserved", taskId: "t1", refs: ["refs/coppice/preserved/t1/1"] },
    ]);
  });

  test("never brings a cancelled or delivered task back as a failure", async () => {
    for (const status of ["cancelled", "pr_open", "archived"] as const) {
      const told = { status, state: { startFailures: 99 } };
      const { after } = await carriedOut(STOP, told, { sessions: { stop: fail } });
      expect(after?.status).toBe(status);
    }
  });

  test("is forgotten when it succeeds", async () => {
    const told: Told = { status: "pr_open", state: { startFailures: 2, notBefore: toIso(NOW) } };
    const { after } = await carriedOut(STOP, told);
    expect(after?.state).toEqual({});
  });
});

describe("a session that does not end", () => {
  test("gets no successor: nothing is recorded or started", async () => {
    const { outcome, calls } = await carriedOut(
      RESTART,
      { status: "stuck", attempts: 1 },
      { sessions: { stop: async (name) => name !== "task-t1" } },
    );
    expect(calls).toEqual([
      "sessions.isAttended task-t1",
      "sessions.stop verify-t1",
      "sessions.stop task-t1",
    ]);
    expect(outcome.failed?.code).toBe("session-alive");
  });
});

describe("a session to which a person attached since the decision", () => {
  const told: Told = { status: "stuck", attempts: 1, worktree: "/w/worktrees/t1" };
  const sessions: Answers["sessions"] = { isAttended: async () => true };
  const all = [ANSWER, NUDGE, RESTART, RESUME, STOP, RETIRE];

  test.each(all)("is left alone by: $kind", async (action) => {
    const { outcome, calls } = await carriedOut(action, told, { sessions });
    expect(calls).toEqual(["sessions.isAttended task-t1", "folders.exit t1"]);
    expect(outcome).toMatchObject({ patches: [], failed: { code: "session-attended" } });
  });

  test.each(all)("is none any more when its agent has ended: $kind", async (action) => {
    const folders = { exit: async () => known(exitFact()) };
    const { outcome } = await carriedOut(action, told, { sessions, folders });
    expect(outcome.failed?.code).not.toBe("session-attended");
  });

  test("ends all the same when a person's word asks for it", async () => {
    const { calls } = await carriedOut(CANCEL, { ...told, status: "cancelled" }, { sessions });
    expect(calls).toContain("sessions.stop task-t1");
  });
});

describe("a session whose agent is at work again since the decision", () => {
  const screen = screenFact(["• Working (1s • esc to interrupt)", "", "› "], { silentSeconds: 0 });
  const seen = (now: Screen | null): Answers => ({ sessions: { capture: async () => known(now) } });
  const idle: Told = {
    status: "stuck",
    attempts: 1,
    worktree: "/w/worktrees/t1",
    state: { agent: "codex", verdict: "idle-done" },
  };
  const all = [RESTART, RESUME, STOP];

  test.each(all)("is not ended by: $kind", async (action) => {
    const { outcome, calls } = await carriedOut(action, idle, seen(screen));
    expect(calls.filter((call) => call.startsWith("sessions.stop"))).toEqual([]);
    expect(outcome).toMatchObject({ patches: [], failed: { code: "session-at-work" } });
  });

  test.each<[string, Told, Screen | null]>([
    ["it was seen at work", { ...idle, state: { agent: "codex", verdict: "working" } }, screen],
    ["a person took its work as complete", { ...idle, status: "complete" }, screen],
    ["it stalls", { ...idle, state: { agent: "codex", verdict: "stalled" } }, screen],
    ["what it shows is old", idle, { ...screen, silentSeconds: 60 }],
    ["its program has ended", idle, { ...screen, paneDead: true }],
    ["it is gone", idle, null],
  ])("is ended where %s", async (_, told, now) => {
    const { calls } = await carriedOut(STOP, told, seen(now));
    expect(calls).toContain("sessions.stop task-t1");
  });

  test("is ended when a person's word asks for it", async () => {
    const { calls } = await carriedOut(CANCEL, { ...idle, status: "cancelled" }, seen(screen));
    expect(calls).toContain("sessions.stop task-t1");
  });
});

describe("trouble of the machine", () => {
  test("backs off, longer each time and never longer than the policy says", async () => {
    const pauses: number[] = [];
    for (const startFailures of [0, 1, 2, 3]) {
      const { after } = await carriedOut(
        START,
        { state: { startFailures } },
        { sessions: { start: fail } },
      );
      pauses.push((Date.parse(after?.state?.notBefore ?? "") - NOW) / SECOND);
    }
    expect(pauses).toEqual([10, 20, 40, 80]);
    const late = await carriedOut(
      STOP,
      { status: "cancelled", state: { startFailures: 30 } },
      { sessions: { stop: fail } },
    );
    expect(late.after?.state?.notBefore).toBe(toIso(NOW + 300 * SECOND));
  });

  test("asks a person in the end, who then has all tries again", async () => {
    const told: Told = { state: { startFailures: 4, notBefore: toIso(NOW) } };
    const { after } = await carriedOut(START, told, { sessions: { start: fail } });
    expect(after).toMatchObject({
      status: "error",
      error: "tmux did not answer. Look at the machine.",
    });
    expect(after?.state).toEqual({});
  });

  test("records a launch before it starts, so that a crash in between is seen", async () => {
    const { calls } = await carriedOut(START, {});
    const order = ["folders.writePrompt t1", "folders.recordLaunch t1", "sessions.start"];
    expect(calls.filter((call) => order.includes(call))).toEqual(order);
  });

  test("of our own making is thrown, not swallowed", async () => {
    const bug = async (): Promise<never> => {
      throw new TypeError("undefined is not a function");
    };
    await expect(
      carriedOut(NUDGE, { status: "running" }, { sessions: { inject: bug } }),
    ).rejects.toThrow(TypeError);
  });
});

describe("a delivery", () => {
  const complete: Told = { status: "complete", attempts: 1, state: { provedSha: HEAD } };
  const deliver = (answers: Answers, told: Told = complete) => carriedOut(DELIVER, told, answers);

  test("pushes, looks and opens, in this order, and notes the pull request", async () => {
    const { calls, after } = await deliver({});
    expect(calls).toEqual([
      "repository.push",
      `repository.summary ${HEAD}`,
      "forge.openPullRequest",
      "history.record",
    ]);
    expect(after).toMatchObject({ status: "pr_open", prNumber: 7, state: { pushedSha: HEAD } });
  });

  test("records how long the work took until its proof; nobody knows where it went back to its agent", async () => {
    const took = async (state: Told["state"]) => {
      const recorded: (number | null)[] = [];
      const record = async ({ durationMs }: { readonly durationMs: number | null }) => {
        recorded.push(durationMs);
        return { kind: "recorded" } as const;
      };
      const times = { startedAt: "2026-01-01T10:00:00Z", completedAt: "2026-01-01T10:05:00Z" };
      await deliver({ history: { record } }, { ...complete, ...times, state });
      return recorded;
    };
    expect(await took({ provedSha: HEAD })).toEqual([300_000]);
    expect(await took({ provedSha: HEAD, merges: 1 })).toEqual([null]);
    expect(await took({ provedSha: HEAD, checkTries: 1 })).toEqual([null]);
  });

  test.each([
    [
      "after the push",
      { push: async () => ({ kind: "up-to-date" as const, sha: HEAD }) },
      "opened",
    ],
    [
      "after the pull request",
      { push: async () => ({ kind: "up-to-date" as const, sha: HEAD }) },
      "adopted",
    ],
  ] as const)(
    "that a crash cut off %s ends with the same pull request when it is repeated",
    async (_, repository, kind) => {
      const { after } = await deliver({
        repository,
        forge: { openPullRequest: async () => ({ kind, pullRequest: pullRequest(), notes: [] }) },
      });
      expect(after).toMatchObject({ status: "pr_open", prNumber: 7 });
    },
  );

  describe("of work that may not merge with its base any more", () => {
    const tried = { ...DELIVER, triesBase: true } as const;
    const tip = "f".repeat(40);
    const run = (
      collisions: "hold" | "tell" | "rebase",
      mergesOnto: Repository["mergesOnto"],
      task: Told = complete,
    ) => carriedOut(tried, task, { repository: { mergesOnto } }, { policy: { collisions } });
    const conflict = async () => known({ tip, files: ["src/a.ts"] });
    const silence = async () => unknown("no network");

    test("is a person's with the policy hold, and nothing is pushed", async () => {
      const { calls, after } = await run("hold", conflict);
      expect(calls).toEqual([`repository.mergesOnto ${HEAD}`]);
      expect(after).toMatchObject({
        status: "error",
        error: expect.stringMatching(
          /does not merge with main any more at src\/a\.ts\. Merge main into fix\/t1 in \/w\/worktrees\/t1, then set t1 to complete/,
        ),
      });
      const blind = await run("hold", silence);
      expect(blind.calls).toEqual(calls);
      expect(blind.after).toMatchObject({ status: "complete", error: "no network" });
    });

    test("is told of in the pull request otherwise", async () => {
      const { opened } = await run("tell", conflict);
      expect(opened[0]?.body).toContain(
        "## Does not merge with\n- `main` as it is now at `src/a.ts`",
      );
      expect((await run("tell", silence)).after).toMatchObject({ status: "pr_open" });
      expect((await run("hold", async () => known({ tip, files: [] }))).after).toMatchObject({
        status: "pr_open",
      });
    });

    test("goes back to its agent with the policy rebase, up to its limit, and nothing is pushed", async () => {
      const { calls, after } = await run("rebase", conflict);
      expect(calls).toEqual([`repository.mergesOnto ${HEAD}`]);
      expect(after).toMatchObject({
        status: "running",
        completedAt: null,
        state: { baseConflict: { tip, base: "main", files: ["src/a.ts"] } },
      });
      const asked = { ...complete, state: { ...complete.state, merges: 2 } };
      const last = await run("rebase", conflict, asked);
      expect(last.calls).toEqual(calls);
      expect(last.after).toMatchObject({
        status: "error",
        error: expect.stringMatching(/was asked 2 times to merge it.*then set t1 to complete/),
      });
      const vouched = await run("rebase", conflict, { ...complete, state: {} });
      expect(vouched.after).toMatchObject({ status: "error" });
      expect((await run("rebase", silence)).after).toMatchObject({ status: "complete" });
    });
  });

  test("pushes exactly the proved commit, and tells which branch is the base", async () => {
    const pushed: unknown[] = [];
    await deliver({
      repository: {
        push: async (what) => {
          pushed.push(what);
          return { kind: "pushed", sha: what.sha };
        },
      },
    });
    expect(pushed).toEqual([{ branch: "fix/t1", sha: HEAD, base: "main" }]);
  });

  test.each([
    [
      "the push fails",
      { repository: { push: async () => ({ kind: "failed", reason: "no network" }) } },
    ],
    [
      "the forge fails",
      { forge: { openPullRequest: async () => ({ kind: "failed", reason: "502" }) } },
    ],
  ] satisfies [string, Answers][])("stays complete and comes again when %s", async (_, answers) => {
    const { outcome, after } = await deliver(answers);
    expect(outcome.failed).toBeDefined();
    expect(after).toMatchObject({
      status: "complete",
      state: { provedSha: HEAD, deliveryFailures: 1, notBefore: toIso(NOW + 10 * SECOND) },
    });
  });

  test("waits as long as the forge asks for", async () => {
    const retryAtMs = NOW + 90 * SECOND;
    const { after } = await deliver({
      forge: { openPullRequest: async () => ({ kind: "failed", reason: "slow down", retryAtMs }) },
    });
    expect(after?.state?.notBefore).toBe(toIso(retryAtMs));
  });

  test.each([
    [
      "the push is rejected",
      { repository: { push: async () => ({ kind: "rejected", reason: "protected" }) } },
    ],
    [
      "the forge says no",
      { forge: { openPullRequest: async () => ({ kind: "rejected", reason: "closed" }) } },
    ],
  ] satisfies [string, Answers][])(
    "is a person's when %s, and `complete` then means the branch as it is by then",
    async (_, answers) => {
      const told = { ...complete, state: { provedSha: HEAD, deliveryFailures: 2 } };
      const { after } = await deliver(answers, told);
      expect(after?.status).toBe("error");
      expect(after?.state).toEqual({});
    },
  );

  test("is a person's when nothing says where the branch began", async () => {
    const { after, calls } = await carriedOut({ ...DELIVER, forkPoint: undefined }, complete);
    expect(after?.status).toBe("error");
    expect(calls).toEqual([]);
  });

  test("opens no pull request for what was not pushed", async () => {
    const { calls } = await deliver({
      repository: { push: async () => ({ kind: "rejected", reason: "not a fast-forward" }) },
    });
    expect(calls).not.toContain("forge.openPullRequest");
  });
});

describe("a start", () => {
  test("works below the workdir, whatever the manifest says of worktree and session", async () => {
    const manifest = manifestOf(
      { t1: { worktree: "/etc", tmuxSession: "#(touch x)", title: "$(touch x)'" } },
      { base: "main" },
    );
    const world = executorWorld(manifest);
    const outcome = await execute(world.context, START);
    expect(world.started).toHaveLength(1);
    expect(world.started[0]).toMatchObject({
      name: "task-t1",
      worktree: "/w/worktrees/t1",
      taskDir: "/w/tasks/t1",
    });
    expect(JSON.stringify(world.started)).not.toMatch(/etc"|touch/);
    const after = patched(manifest, outcome.patches).phases[0]?.tasks[0];
    expect(after).toMatchObject({ worktree: "/w/worktrees/t1", tmuxSession: "task-t1" });
  });

  test("forgets the pull request of an earlier time", async () => {
    const { after } = await carriedOut(START, { attempts: 0, prNumber: 3, prUrl: "https://x" });
    expect(after).toMatchObject({ prNumber: null, prUrl: null, state: { forkPoint: FORK } });
  });

  test.each([
    ["conflict", { kind: "conflict" as const, files: ["a.ts"], branches: ["x", "y"] }, "a.ts"],
    [
      "are refused",
      { kind: "refused" as const, reason: "in use", hint: "Remove it." },
      "Remove it.",
    ],
  ])("is a person's when the branches %s", async (_, made, said) => {
    const { after, calls } = await carriedOut(
      START,
      {},
      { repository: { ensureWorktree: async () => made } },
    );
    expect(after?.status).toBe("error");
    expect(after?.error).toContain(said);
    expect(calls).not.toContain("sessions.start");
  });
});

/** Only the answers that differ. */
function given<Methods extends object>(
  methods: Methods,
): {
  [Name in keyof Methods]?: NonNullable<Methods[Name]>;
} {
  return Object.fromEntries(
    Object.entries(methods).filter(([, answer]) => answer !== undefined),
  ) as { [Name in keyof Methods]?: NonNullable<Methods[Name]> };
}

async function refused() {
  return { kind: "refused" as const, reason: "not ours" };
}

const tasksOf = (manifest: Manifest): readonly Task[] =>
  manifest.phases.flatMap((phase) => phase.tasks);

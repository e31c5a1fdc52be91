import { describe, expect, test } from "vitest";
import { known, unknown } from "../../../src/classify/evidence.ts";
import { createHeartbeat, type Heartbeat } from "../../../src/heartbeat/beat.ts";
import { CoppiceError } from "../../../src/manifest/errors.ts";
import { MachineTrouble } from "../../../src/manifest/machine-trouble.ts";
import type { Manifest } from "../../../src/manifest/manifest.ts";
import type { ManifestPatch } from "../../../src/manifest/merge.ts";
import type { Problem } from "../../../src/manifest/problem.ts";
import { toIso } from "../../../src/manifest/time.ts";
import type { CoppiceEvent } from "../../../src/ports/journal.ts";
import type { ManifestSnapshot, ManifestStore } from "../../../src/ports/manifest-store.ts";
import { ago, MINUTE, manifestOf, NOW, patched, type Told } from "../../support/decision.ts";
import {
  exitFact,
  gitFact,
  HEAD,
  launchFact,
  pullRequest,
  screenFact,
  sessionFact,
} from "../../support/facts.ts";
import { type Answers, executorWorld } from "../../support/fakes/executor-world.ts";

const PROBLEM: Problem = {
  severity: "error",
  code: "syntax",
  file: "m.json",
  line: 3,
  column: 7,
  field: "phases",
  message: "a comma is missing",
  remedy: "Add it.",
};

interface Run {
  /** Its beats wait for their actions. */
  readonly heartbeat: Heartbeat;
  /** Its beats do not. */
  readonly swift: Heartbeat;
  readonly events: CoppiceEvent[];
  readonly calls: readonly string[];
  /** The patches of each commit. */
  readonly commits: (readonly ManifestPatch[])[];
  /** `written` holds up each commit after its writing. */
  readonly file: { manifest: Manifest; broken: boolean; written: () => Promise<void> };
}

function run(
  tasks: Readonly<Record<string, Told>>,
  answers: Answers = {},
  isOurs = async () => true,
): Run {
  const file: Run["file"] = {
    manifest: manifestOf(tasks),
    broken: false,
    written: async () => undefined,
  };
  const events: CoppiceEvent[] = [];
  const commits: (readonly ManifestPatch[])[] = [];
  const snapshot = (): ManifestSnapshot => ({
    path: "/m.json",
    text: JSON.stringify(file.manifest),
    manifest: file.manifest,
    warnings: [],
  });
  const store: ManifestStore = {
    path: "/m.json",
    read: async () =>
      file.broken
        ? { kind: "invalid", path: "/m.json", problems: [PROBLEM] }
        : { kind: "read", snapshot: snapshot() },
    commit: async (_, patches) => {
      commits.push(patches);
      const before = snapshot();
      file.manifest = patched(file.manifest, patches);
      const after = snapshot();
      await file.written();
      return { kind: "committed", before, snapshot: after, kept: [] };
    },
    create: () => Promise.reject(new Error("a beat makes no manifest")),
    edit: () => Promise.reject(new Error("a beat makes no person's edit")),
  };
  const world = executorWorld(file.manifest, answers);
  const created = createHeartbeat({
    ports: { ...world.context.ports, store },
    workdir: "/w",
    base: "main",
    maxParallelDefault: 4,
    cleanup: false,
    watches: true,
    lock: { isOurs },
    emit: async (event) => {
      events.push(event);
    },
  });
  const heartbeat: Heartbeat = {
    ...created,
    async beat(ended, heard) {
      const report = await created.beat(ended, heard);
      await created.settle();
      return report;
    },
  };
  return { heartbeat, swift: created, events, calls: world.calls, commits, file };
}

/** A screen that, by itself, would end the task's turn. */
const DONE = screenFact(["Done.", "$ "], {
  cursor: { x: 2, y: 1, visible: true },
  currentCommand: "sh",
  silentSeconds: 600,
});

const told = (events: readonly CoppiceEvent[], kind: CoppiceEvent["kind"]) =>
  events.filter((event) => event.kind === kind);

describe("one beat", () => {
  test("takes what it wrote itself for no edit by hand, though the machine said no", async () => {
    const { heartbeat, events, commits, file } = run({ t1: {} });
    file.written = async () => {
      throw new MachineTrouble({
        code: "too-many-files",
        kind: "machine",
        message: "EMFILE",
        hint: "Wait.",
      });
    };
    await expect(heartbeat.beat()).rejects.toThrow("EMFILE");
    expect(commits).toHaveLength(1);
    file.written = async () => undefined;
    await heartbeat.beat();
    expect(told(events, "edit-refused")).toEqual([]);
  });

  test("tells what an outcome changed also when another beat has read it by then", async () => {
    const { swift, events, commits, file } = run({ t1: {} });
    let go: () => void = () => undefined;
    file.written = () => new Promise<void>((resolve) => (go = resolve));
    await swift.beat();
    await expect.poll(() => commits.length).toBe(1);
    await swift.beat();
    go();
    await swift.settle();
    expect(told(events, "status-changed")).toMatchObject([
      { taskId: "t1", from: "pending", to: "running" },
    ]);
  });

  test("commits what it decides once, and the outcome of each action", async () => {
    const { heartbeat, commits, file } = run({ t1: {}, t2: {}, t3: { status: "draft" } });
    const report = await heartbeat.beat();
    expect(commits.map((patches) => patches.map((one) => "taskId" in one && one.taskId))).toEqual([
      ["t1"],
      ["t2"],
    ]);
    expect(report).toMatchObject({ acted: 2, underWay: 2 });
    expect(file.manifest.phases[0]?.tasks.map((task) => task.status)).toEqual([
      "running",
      "running",
      "draft",
    ]);
  });

  test.each([true, false])(
    "counts no nudge that was not given (person attached: %s)",
    async (attended) => {
      const { heartbeat, events, file } = run(
        {
          t1: {
            status: "running",
            attempts: 1,
            state: { agent: "codex", verdict: "idle-done", verdictSince: ago(MINUTE), nudges: 1 },
          },
        },
        {
          folders: {
            launch: async () => known(launchFact({ agent: "codex" })),
            signals: async () =>
              known([{ kind: "turn-ended", attempt: 1, atMs: NOW - MINUTE, text: "" }]),
          },
          repository: { probe: async () => known(gitFact({ commitsAhead: 0 })) },
          sessions: {
            isAttended: async () => attended,
            observe: async () =>
              known([
                {
                  session: sessionFact({ name: "task-t1" }),
                  screen: known(screenFact(["• Done.", "", "› "], { silentSeconds: 60 })),
                },
              ]),
          },
        },
      );
      await heartbeat.beat();
      expect(told(events, "action-begun")).toMatchObject([{ action: { kind: "nudge" } }]);
      const state = file.manifest.phases[0]?.tasks[0]?.state;
      expect([state?.nudges, state?.tried?.length ?? 0]).toEqual(attended ? [1, 0] : [2, 1]);
      // It is not decided at once again.
      expect(state?.lastHealAt).toBe(toIso(NOW));
    },
  );

  test("judges no agent of delivered work that has gone", async () => {
    const { heartbeat, file } = run({ t1: { status: "pr_open", attempts: 1 }, t2: {} });
    const seen = { path: "/m.json", text: "", manifest: file.manifest, warnings: [] };
    expect([...(await heartbeat.look(seen)).verdicts.keys()]).toEqual([]);
  });

  test("writes nothing when there is nothing to note", async () => {
    const { heartbeat, commits } = run({ t1: { status: "draft" } });
    await heartbeat.beat();
    expect(commits).toEqual([]);
  });

  test("leaves a task alone whose folder cannot be read, says why, and goes on with the others", async () => {
    const launch = known(launchFact());
    const { heartbeat, file } = run(
      { t1: { status: "running", attempts: 1 }, t2: { status: "running", attempts: 1 }, t3: {} },
      {
        folders: {
          launch: async (taskId) => (taskId === "t3" ? known(null) : launch),
          exit: async (taskId) => known(taskId === "t2" ? exitFact() : null),
          signals: async (taskId) =>
            taskId === "t1" ? unknown("EACCES: open '/w/tasks/t1/done.1'. Mend it.") : known([]),
        },
        sessions: {
          observe: async () =>
            known([{ session: sessionFact({ name: "task-t1" }), screen: known(DONE) }]),
        },
      },
    );
    const report = await heartbeat.beat();
    const statuses = file.manifest.phases[0]?.tasks.map((task) => task.status);
    expect(statuses).toEqual(["running", "pr_open", "running"]);
    expect(report.waits.find((wait) => wait.taskId === "t1")).toMatchObject({
      reason: expect.stringContaining("/w/tasks/t1/done.1'. Mend it."),
      needsPerson: false,
    });
  });

  test("goes on with the other tasks when one's action fails, and says so", async () => {
    const hangs: Answers = {
      repository: {
        ensureWorktree: async ({ taskId, path }) => {
          if (taskId !== "t1")
            return { kind: "ready", path, forkPoint: HEAD, from: null, created: true };
          throw new CoppiceError({
            code: "disk-full",
            kind: "machine",
            message: "the disk is full",
            hint: "Free some.",
          });
        },
      },
    };
    const { heartbeat, events, file } = run({ t1: {}, t2: {} }, hangs);
    await heartbeat.beat();
    expect(file.manifest.phases[0]?.tasks).toMatchObject([
      { status: "pending", error: "the disk is full" },
      { status: "running" },
    ]);
    expect(told(events, "action-failed")).toMatchObject([
      { message: "the disk is full", hint: "Free some." },
    ]);
  });

  test("tells of every action before it is done", async () => {
    const { heartbeat, events } = run({ t1: {} });
    await heartbeat.beat();
    const kinds = events.map((event) => event.kind);
    expect(kinds.indexOf("action-begun")).toBeLessThan(kinds.indexOf("action-done"));
  });
});

describe("a beat for what single agents told", () => {
  const ended: Answers = {
    folders: {
      launch: async () => known(launchFact()),
      exit: async () => known(exitFact()),
    },
  };
  const working = { status: "running", attempts: 1 } as const;

  test("looks at those agents and no other, and decides about those alone", async () => {
    const unread: (readonly string[])[] = [];
    const sessions: Answers["sessions"] = {
      observe: async (names = new Set()) => {
        unread.push([...names]);
        return known([]);
      },
    };
    const { heartbeat, file, calls } = run(
      { t1: working, t2: working, t3: { status: "draft" } },
      { ...ended, sessions },
    );
    const whole = await heartbeat.beat(undefined, new Set());
    expect(file.manifest.phases[0]?.tasks).toMatchObject([working, working, {}]);
    expect(calls.filter((call) => /t[12]/.test(call))).toEqual([]);
    expect(whole.acted).toBe(0);
    await heartbeat.beat(undefined, new Set(["t2"]));
    expect(file.manifest.phases[0]?.tasks).toMatchObject([working, { status: "pr_open" }, {}]);
    expect(calls.filter((call) => call.includes("t1"))).toEqual([]);
    expect(unread).toEqual([["task-t1", "task-t2"], ["task-t1"]]);
  });

  test("says of the others what the last beat said that they wait for", async () => {
    const folders = { launch: async () => known(launchFact()) };
    const sessions = { observe: async () => unknown("lost server") };
    const { heartbeat } = run({ t1: working, t2: working }, { folders, sessions });
    const { waits } = await heartbeat.beat();
    expect(waits).toMatchObject([{ taskId: "t1" }, { taskId: "t2" }]);
    expect((await heartbeat.beat(undefined, new Set(["t2"]))).waits).toEqual(waits);
  });

  test("looks at all tasks that no agent works on", async () => {
    const { heartbeat, file } = run({ t1: working, t2: {} }, ended);
    await heartbeat.beat(undefined, new Set(["t9"]));
    expect(file.manifest.phases[0]?.tasks).toMatchObject([working, { status: "running" }]);
  });
});

describe("a look", () => {
  test("does and writes nothing", async () => {
    const { heartbeat, calls, commits, file, events } = run({ t1: {} });
    const { decision } = await heartbeat.look({
      path: "/m.json",
      text: "",
      manifest: file.manifest,
      warnings: [],
    });
    expect(decision.actions.map((action) => action.kind)).toEqual(["start"]);
    expect(commits).toEqual([]);
    expect(events).toEqual([]);
    const asking = /^(?:sessions\.observe|forge\.pullRequests|folders\.launch|repository\.probe)/;
    expect(calls.filter((call) => !asking.test(call))).toEqual([]);
  });
});

describe("without the lock", () => {
  test("nothing is done or written, and the run ends with the reason", async () => {
    const { heartbeat, calls, commits } = run({ t1: {} }, {}, async () => false);
    await expect(heartbeat.beat()).rejects.toMatchObject({ code: "lock-lost", kind: "machine" });
    expect(calls).not.toContain("sessions.start");
    expect(commits).toEqual([]);
  });

  test("no further action is begun when it is lost in the middle of a beat", async () => {
    let asked = 0;
    const once = async () => {
      asked += 1;
      return asked <= 2;
    };
    const { heartbeat, calls, commits } = run({ t1: {}, t2: {} }, {}, once);
    await expect(heartbeat.beat()).rejects.toThrow();
    expect(calls.filter((call) => call === "sessions.start")).toHaveLength(1);
    expect(commits).toEqual([]);
  });
});

describe("a manifest that cannot be read", () => {
  test("stops actions and writes, is told once with its place, and keeps the last good one", async () => {
    const { heartbeat, events, calls, commits, file } = run({ t1: {} });
    await heartbeat.beat();
    const good = file.manifest;
    file.broken = true;
    const before = calls.length;
    const report = await heartbeat.beat();
    await heartbeat.beat();
    expect(calls.slice(before)).toEqual([]);
    expect(commits).toHaveLength(1);
    expect(report).toMatchObject({ acted: 0, problems: [PROBLEM] });
    expect(report.snapshot?.manifest).toEqual(good);
    expect(told(events, "manifest-invalid")).toEqual([
      {
        kind: "manifest-invalid",
        problems: [{ place: "m.json:3:7", message: "a comma is missing", remedy: "Add it." }],
      },
    ]);
  });

  test("is told again when it is mended, and the work goes on", async () => {
    const { heartbeat, events, file } = run({ t1: {} });
    file.broken = true;
    await heartbeat.beat();
    file.broken = false;
    expect(await heartbeat.beat()).toMatchObject({ acted: 1 });
    expect(told(events, "manifest-mended")).toHaveLength(1);
  });
});

describe("questions without an answer", () => {
  test("are told once, also when several give none, and again when they come back", async () => {
    const tmux: { isLost: boolean } = { isLost: true };
    const answers: Answers = {
      sessions: {
        observe: async () => (tmux.isLost ? unknown("lost server") : known([])),
      },
      forge: { pullRequests: async () => unknown("502") },
    };
    const { heartbeat, events } = run({ t1: {} }, answers);
    await heartbeat.beat();
    await heartbeat.beat();
    const reasons = () =>
      told(events, "probe-unknown").map((event) => "what" in event && event.what);
    expect(reasons()).toEqual(["tmux", "the forge"]);
    tmux.isLost = false;
    await heartbeat.beat();
    tmux.isLost = true;
    await heartbeat.beat();
    expect(reasons()).toEqual(["tmux", "the forge", "tmux"]);
  });

  test("about checks are told too, for a run goes on until there is one", async () => {
    const open = pullRequest();
    const answers: Answers = {
      forge: {
        pullRequests: async () => known(new Map([[open.headBranch, open]])),
        checks: async () => new Map([[open.number, unknown("403: give the token more rights")]]),
      },
    };
    const { heartbeat, events, file } = run({ t1: { status: "pr_open", prNumber: 7 } }, answers);
    const policy = { ...file.manifest.policy, checks: "tell" } as const;
    file.manifest = { ...file.manifest, policy };
    await heartbeat.beat();
    await heartbeat.beat();
    const reason = "403: give the token more rights";
    const what = "the forge about checks";
    expect(told(events, "probe-unknown")).toEqual([{ kind: "probe-unknown", what, reason }]);
  });

  test("of origin do not start a new round of telling with every start", async () => {
    const answers: Answers = {
      repository: {
        fetch: async () => ({ kind: "failed", reason: "no network" }),
        ensureWorktree: async () => {
          throw new CoppiceError({ code: "x", kind: "machine", message: "busy", hint: "" });
        },
      },
      clock: {
        now: (() => {
          let ms = 0;
          return () => (ms += 3_600_000);
        })(),
      },
    };
    const { heartbeat, events } = run({ t1: {} }, answers);
    await heartbeat.beat();
    await heartbeat.beat();
    expect(told(events, "probe-unknown")).toEqual([
      { kind: "probe-unknown", what: "origin", reason: "no network" },
    ]);
  });
});

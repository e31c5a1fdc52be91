import fc from "fast-check";
import type { Step } from "./agent-process.ts";
import type { Costume } from "./costume.ts";
import type { Happening, Moment, PlannedHappening } from "./faults.ts";
import type { Edit } from "./person.ts";

const work = (seconds: number): Step => ({ kind: "work", seconds });
const silence = (seconds: number): Step => ({ kind: "silence", seconds });
const exit = (code: number): Step => ({ kind: "exit", code });
const commit: Step = { kind: "commit" };
const edit: Step = { kind: "edit" };
const idle: Step = { kind: "idle" };
const merge: Step = { kind: "merge" };
const lie: readonly Step[] = [
  { kind: "say", text: "All tests passed. Successfully pushed." },
  { kind: "signal", signal: "done" },
];

/** What one launch of an agent does, by a name that a counterexample can show. */
export const BEHAVIOURS = {
  codex: {
    good: [work(60), commit, idle],
    slow: [work(200), silence(120), commit, work(30), commit, idle],
    asks: [
      work(20),
      { kind: "ask", question: "Which one shall I take, 1 or 2?" },
      work(20),
      commit,
      idle,
    ],
    trust: [{ kind: "dialog", dialog: "trust" }, work(20), commit, idle],
    approval: [work(20), { kind: "dialog", dialog: "approval" }, work(20), commit, idle],
    hangs: [work(30), edit, { kind: "hang" }],
    hangsLate: [work(30), commit, { kind: "hang" }],
    lies: [work(20), ...lie, idle, work(20), commit, idle],
    onlyLies: [work(20), ...lie, idle, ...lie, idle, ...lie, idle, ...lie, idle],
    dirty: [work(20), commit, edit, idle, work(10), commit, idle],
    disconnected: [work(20), { kind: "disconnected" }, work(20), commit, idle],
    limited: [work(20), { kind: "limited" }, work(20), commit, idle],
    crashes: [work(20), commit, work(20), edit, exit(1)],
    quits: [work(20), commit, exit(0)],
    vanishes: [work(20), commit, { kind: "vanish" }],
  },
  command: {
    good: [work(60), commit, exit(0)],
    silent: [silence(200), commit, exit(0)],
    nothing: [work(20), exit(0)],
    lies: [...lie, exit(0)],
    dirty: [work(20), commit, edit, exit(0)],
    fails: [work(20), commit, exit(1)],
    asks: [work(20), { kind: "ask", question: "Overwrite the file?" }, commit, exit(0)],
    hangs: [work(20), edit, { kind: "hang" }],
    vanishes: [work(20), commit, { kind: "vanish" }],
    signalsFail: [work(20), { kind: "signal", signal: "fail" }, exit(1)],
  },
} as const satisfies Record<Costume, Record<string, readonly Step[]>>;

/** What an agent does that is asked to merge the base. */
export const SETTLING = {
  codex: [work(20), merge, idle],
  command: [work(20), merge, exit(0)],
} as const satisfies Record<Costume, readonly Step[]>;

/** What an agent does that is told of failed checks: it mends, or sees nothing to mend. */
export const MENDING = {
  codex: [work(20), commit, idle],
  command: [work(20), commit, exit(0)],
} as const satisfies Record<Costume, readonly Step[]>;
export const LEAVING = {
  codex: [work(20), idle],
  command: [work(20), exit(0)],
} as const satisfies Record<Costume, readonly Step[]>;

/** One task of a scenario; files and dependencies by small numbers. */
export interface PlannedTask {
  readonly agent: {
    readonly [C in Costume]: { costume: C; launches: readonly (keyof (typeof BEHAVIOURS)[C])[] };
  }[Costume];
  readonly files: readonly number[];
  /** Tasks above this one, by how far above they stand. */
  readonly dependsOn: readonly number[];
  readonly verify: readonly number[] | null;
  /** Its agent does so when it is asked to merge the base. */
  readonly settles: boolean;
  /** How the checks of each commit end that is pushed, in this order; the last one serves all further ones. None: nothing checks. */
  readonly checks: readonly CheckResult[];
  /** Its agent mends what checks found. */
  readonly mends: boolean;
}

export type CheckResult = "passed" | "failed";

/** A whole simulated run, as one value that can be printed, shrunk and replayed. */
export interface Scenario {
  readonly tasks: readonly PlannedTask[];
  /** The first task of the second phase. */
  readonly secondPhase: number;
  readonly gate: "delivered" | "merged";
  readonly overlap: "serial" | "parallel";
  readonly collisions: "tell" | "hold" | "rebase";
  readonly checks: "ignore" | "tell";
  readonly maxParallel: number;
  /** Seconds until a dead orchestrator is started again. */
  readonly downSeconds: number;
  /** Between two beats in which nothing happens. */
  readonly intervalSeconds: number;
  /** So many beats come as soon as the beat before asks for, as in `coppice run`; the rest at intervals, as by cron. */
  readonly eagerBeats: number;
  readonly happenings: readonly PlannedHappening[];
}

const FILES = ["src/a.ts", "src/b.ts", "src/c.ts"];
export const fileName = (index: number): string => FILES[index % FILES.length] ?? "";

const launchesOf = <Name extends string>(...names: Name[]) =>
  fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 });

const agent = fc.oneof(
  fc.record({
    costume: fc.constant("codex" as const),
    launches: launchesOf(...keys(BEHAVIOURS.codex)),
  }),
  fc.record({
    costume: fc.constant("command" as const),
    launches: launchesOf(...keys(BEHAVIOURS.command)),
  }),
);

const task: fc.Arbitrary<PlannedTask> = fc.record({
  agent,
  files: fc.uniqueArray(fc.nat({ max: 2 }), { maxLength: 2 }),
  dependsOn: fc.uniqueArray(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
  verify: fc.option(fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 2 }), { freq: 3 }),
  settles: fc.boolean(),
  checks: fc.array(fc.constantFrom<CheckResult>("passed", "failed"), { maxLength: 3 }),
  mends: fc.boolean(),
});

const taskNumber = fc.nat({ max: 4 });

const personEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    kind: fc.constant("set" as const),
    task: taskNumber,
    field: fc.constant("priority" as const),
    value: fc.constantFrom("critical", "high", "low"),
  }),
  fc.record({
    kind: fc.constant("set" as const),
    task: taskNumber,
    field: fc.constant("files" as const),
    value: fc.uniqueArray(fc.constantFrom(...FILES), { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant("set" as const),
    task: taskNumber,
    field: fc.constant("dependsOn" as const),
    value: fc.uniqueArray(fc.constantFrom("t1", "t2", "t3"), { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant("status" as const),
    task: taskNumber,
    to: fc.constantFrom("cancelled" as const, "pending" as const, "complete" as const),
  }),
  fc.record({ kind: fc.constant("delete" as const), task: taskNumber }),
  fc.record({
    kind: fc.constant("add" as const),
    id: fc.constantFrom("x1", "x2"),
    files: fc.uniqueArray(fc.constantFrom(...FILES), { maxLength: 1 }),
  }),
  fc.constant({ kind: "break" as const }),
  fc.constant({ kind: "mend" as const }),
);

const trouble = fc.constantFrom(undefined, "EMFILE" as const);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("unanswered" as const), trouble }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("answer-lost" as const), trouble }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("crash" as const), after: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: "crash-within" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("terminals-die" as const), recorded: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("clock-jump" as const),
      ms: fc.constantFrom(-3_600_000, 3_600_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("delay" as const),
      seconds: fc.integer({ min: 1, max: 400 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("edit" as const), edit: personEdit }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("merge" as const),
      task: taskNumber,
      squash: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close" as const), task: taskNumber }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("person-types" as const), task: taskNumber }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("person-attaches" as const),
      task: taskNumber,
      seconds: fc.integer({ min: 1, max: 400 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "taken-over" as const }) },
);

const moment: fc.Arbitrary<Moment> = fc.oneof(
  fc.record({
    kind: fc.constant("call" as const),
    beat: fc.nat({ max: 40 }),
    call: fc.nat({ max: 40 }),
  }),
  fc.record({
    kind: fc.constant("method" as const),
    method: fc.constantFrom(
      "ensureWorktree",
      "recordLaunch",
      "start",
      "inject",
      "press",
      "isAttended",
      "stop",
      "recordVerifyStart",
      "push",
      "openPullRequest",
      "preserve",
      "removeWorktree",
      "commit",
      "observe",
      "pullRequests",
      "checks",
      "probe",
    ),
    nth: fc.nat({ max: 5 }),
  }),
);

/** Any run: up to five tasks with misbehaving agents, and up to eight things that happen at any call of any beat. */
export const scenario: fc.Arbitrary<Scenario> = fc.record({
  tasks: fc.array(task, { minLength: 1, maxLength: 5 }),
  secondPhase: fc.integer({ min: 1, max: 5 }),
  gate: fc.constantFrom("delivered", "delivered", "merged"),
  overlap: fc.constantFrom("serial", "serial", "serial", "parallel"),
  collisions: fc.constantFrom("tell", "hold", "rebase"),
  checks: fc.constantFrom("ignore", "tell"),
  maxParallel: fc.integer({ min: 1, max: 4 }),
  downSeconds: fc.integer({ min: 1, max: 300 }),
  intervalSeconds: fc.constantFrom(5, 15, 60, 300),
  eagerBeats: fc.constantFrom(0, 0, 60, 120),
  happenings: fc.array(fc.record({ at: moment, what: happening }), { maxLength: 8 }),
});

function keys<Table extends object>(table: Table): (keyof Table & string)[] {
  return Object.keys(table) as (keyof Table & string)[];
}

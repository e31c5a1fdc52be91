import { fc } from "@fast-check/vitest";
import { type CollisionFact, known, type Probe, unknown } from "../../src/classify/evidence.ts";
import type { Verdict } from "../../src/classify/verdict.ts";
import type { Action } from "../../src/decide/action.ts";
import type { BeatView } from "../../src/decide/view.ts";
import { TaskStatus } from "../../src/manifest/status.ts";
import { toIso } from "../../src/manifest/time.ts";
import { VerdictKind } from "../../src/manifest/verdict-kind.ts";
import { ago, MINUTE, NOW, SECOND, type Told, taskId, viewOf } from "./decision.ts";
import {
  exitFact,
  gitFact,
  HEAD,
  launchFact,
  pullRequest,
  sessionFact,
  verdict,
  verifyFact,
} from "./facts.ts";

const probe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<Probe<T | null>> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(unknown("no answer")) },
    { weight: 2, arbitrary: fc.constant(known(null)) },
    { weight: 6, arbitrary: values.map(known) },
  );

const OTHER = "b".repeat(40);
const sha = fc.constantFrom(HEAD, OTHER);
const moment = fc.constantFrom(
  ago(60 * MINUTE),
  ago(2 * MINUTE),
  ago(5 * SECOND),
  toIso(NOW + 5 * SECOND),
  toIso(NOW + 60 * MINUTE),
);
/** The field in some cases, left out in the others. */
const perhaps = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(values, { nil: undefined });
const count = fc.nat({ max: 6 });

const facts = fc.record({
  pullRequest: probe(
    fc
      .record({
        number: fc.constantFrom(7, 8),
        state: fc.constantFrom("open" as const, "merged" as const, "closed" as const),
        headSha: sha,
      })
      .map(pullRequest),
  ),
  git: probe(
    fc
      .record({
        headSha: sha,
        worktreeReady: fc.boolean(),
        commitsAhead: fc.nat({ max: 2 }),
        dirtyFiles: fc.constantFrom([], ["left.txt"]),
        touched: fc.constantFrom(null, [], ["src/a.ts"], ["src/b.ts", "left.txt"]),
      })
      .map(gitFact),
  ),
  launch: probe(fc.integer({ min: 1, max: 4 }).map((attempt) => launchFact({ attempt }))),
  exit: probe(
    fc.record({ attempt: fc.integer({ min: 1, max: 4 }), code: fc.nat({ max: 2 }) }).map(exitFact),
  ),
  verify: probe(
    fc
      .record({ sha, code: fc.constantFrom(0, 1, null), running: fc.boolean() })
      .map((one) => verifyFact({ ...one, running: one.code === null && one.running })),
  ),
  session: probe(fc.record({ attached: fc.nat({ max: 1 }) }).map(sessionFact)),
});

const dialog = fc.constantFrom(
  {
    id: "codex/trust-folder",
    title: "Trust this folder?",
    options: [
      { label: "Yes, proceed", highlighted: true },
      { label: "No, exit", highlighted: false },
    ],
  },
  {
    id: "codex/unknown",
    title: "Delete everything?",
    options: [{ label: "Yes", highlighted: true }],
  },
);

const someVerdict: fc.Arbitrary<Verdict> = fc
  .record({
    kind: fc.constantFrom(...VerdictKind.options),
    fact: fc.boolean(),
    turn: perhaps(fc.constantFrom("running" as const, "ended" as const, "broken-off" as const)),
    needsPerson: perhaps(fc.boolean()),
    dialog: perhaps(dialog),
    question: perhaps(fc.constant("Which one?")),
    draft: perhaps(fc.boolean()),
    waitUntilMs: perhaps(fc.constantFrom(NOW - MINUTE, NOW + MINUTE)),
  })
  .map(({ kind, dialog: asked, needsPerson, ...others }) =>
    // Readers see no dialog where an agent works, and none that they cannot tell.
    kind === "working" || kind === "unknown"
      ? { kind, ...others }
      : { kind, dialog: asked, needsPerson, ...others },
  )
  .map(({ kind, ...rest }) =>
    verdict(
      kind,
      Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    ),
  );

const state = fc.record({
  agent: perhaps(fc.constantFrom("codex", "claude", "command")),
  verdict: perhaps(fc.constantFrom(...VerdictKind.options)),
  verdictSince: perhaps(moment),
  attemptsBefore: perhaps(count),
  answers: perhaps(count),
  nudges: perhaps(count),
  resumes: perhaps(count),
  lastHealAt: perhaps(moment),
  notBefore: perhaps(moment),
  provedSha: perhaps(sha),
  startFailures: perhaps(count),
  deliveryFailures: perhaps(count),
  touched: perhaps(fc.subarray(["src/a.ts", "src/b.ts"])),
  commits: perhaps(count),
  baseConflict: perhaps(fc.constant({ tip: OTHER, base: "main", files: ["src/a.ts"] })),
  merges: perhaps(count),
  collides: perhaps(fc.subarray(["t1", "t2", "t3"], { minLength: 1 })),
  collisionsTold: perhaps(fc.subarray(["t1", "t2", "t3"])),
  parent: perhaps(fc.constant("t1")),
});

/** A task by its place among at most five: what the manifest says of it and what was seen of it. */
const told = (index: number): fc.Arbitrary<Told> =>
  fc
    .record({
      status: fc.constantFrom(...TaskStatus.options),
      dependsOn: fc.subarray(Array.from({ length: index }, (_, at) => `t${at + 1}`)),
      files: fc.subarray(["src/a.ts", "src/b.ts"]),
      predicted: fc
        .subarray(["src/b.ts", "src/c.ts"])
        .map((paths) => paths.map((path) => ({ path, confidence: 0.5, why: "a guess" }))),
      priority: perhaps(fc.constantFrom("critical" as const, "low" as const)),
      attempts: perhaps(count),
      prNumber: fc.constantFrom(null, 7),
      completedAt: fc.constantFrom(null, ago(5 * MINUTE)),
      worktree: fc.constantFrom(null, "/w/worktrees/t"),
      agents: perhaps(fc.constantFrom(["codex"], ["codex", "claude"], ["command"])),
      verify: perhaps(fc.constant(["npm", "test"])),
      state,
      facts,
      verdict: someVerdict,
    })
    .map(({ verdict: seen, facts: found, ...fields }) => ({
      ...(JSON.parse(JSON.stringify(fields)) as Told),
      facts: found,
      verdict: seen,
    }));

const BEGUN: Readonly<Record<"start" | "deliver", Action>> = {
  start: {
    kind: "start",
    taskId: taskId("t1"),
    attempt: 1,
    agent: "codex",
    branch: "fix/t1",
    startPoint: { kind: "base", base: "main" },
  },
  deliver: {
    kind: "deliver",
    taskId: taskId("t1"),
    sha: HEAD,
    branch: "fix/t1",
    base: "main",
    forkPoint: OTHER,
  },
};

const LINES = [{ from: 1, to: 2 }];
const PAIRS: CollisionFact[] = [1, 2, 3, 4, 5].flatMap((left) =>
  [1, 2, 3, 4, 5]
    .filter((right) => left < right)
    .map((right) => ({
      left: taskId(`t${left}`),
      right: taskId(`t${right}`),
      files: [{ path: "src/a.ts", left: LINES, right: LINES }],
    })),
);

/**
 * Any view of up to five tasks in two phases: every status with every fact and every verdict, also such as do not fit
 * together, for a decision must be safe whatever it is told.
 */
export const arbitraryView: fc.Arbitrary<BeatView> = fc
  .record({
    tasks: fc.tuple(...Array.from({ length: 5 }, (_, index) => told(index))),
    length: fc.integer({ min: 1, max: 5 }),
    second: fc.integer({ min: 1, max: 5 }),
    gate: fc.constantFrom("delivered" as const, "merged" as const),
    maxParallel: fc.integer({ min: 1, max: 3 }),
    pullRequestsPerHourMax: fc.constantFrom(1, 100),
    paused: fc.constantFrom(undefined, null, toIso(NOW + MINUTE), ago(MINUTE)),
    cleanup: fc.boolean(),
    policy: fc.record({
      collisions: fc.constantFrom("tell" as const, "hold" as const, "rebase" as const),
    }),
    collisions: fc.subarray(PAIRS),
    untried: fc.subarray(PAIRS),
    begun: fc.option(fc.constantFrom("start" as const, "deliver" as const), { freq: 2 }),
  })
  .map((made) => {
    const { tasks, length, second, gate, maxParallel, pullRequestsPerHourMax, paused } = made;
    const named = tasks
      .slice(0, length)
      .map((one, index) => [`t${index + 1}`, one] as const satisfies readonly [string, Told]);
    const isThere = ({ right }: (typeof PAIRS)[number]) => Number(right.slice(1)) <= length;
    const inputs = named.map(([id, { facts: _facts, verdict: _verdict, ...fields }]) => ({
      id,
      ...fields,
    }));
    return viewOf(
      Object.fromEntries(named),
      {
        maxParallel,
        agent: "codex",
        command: ["agent"],
        policy: { ...made.policy, pullRequestsPerHourMax },
        ...(paused === undefined
          ? {}
          : { pausedAgents: { codex: { until: paused, why: "limit" } } }),
        phases: [
          { name: "First", gate, tasks: inputs.slice(0, second) as never },
          { name: "Second", tasks: inputs.slice(second) as never },
        ],
      },
      {
        cleanup: made.cleanup,
        collisions: made.collisions.filter(isThere),
        untried: made.untried
          .filter((pair) => isThere(pair) && !made.collisions.includes(pair))
          .map(({ left, right }) => ({ left, right, reason: "a commit is gone" })),
        underWay: new Map(made.begun ? [[taskId("t1"), BEGUN[made.begun]]] : []),
      },
    );
  });

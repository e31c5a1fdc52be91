import type { Scenario } from "./scenario.ts";

/** A mistake that the simulation found, by its shrunk scenario. */
export interface Finding {
  /** What must hold, as the test's name. */
  readonly promise: string;
  readonly scenario: Scenario;
  /** What the watch says as long as the mistake is there. */
  readonly breach: RegExp;
  /** Not mended yet: the random runs overlook it, and its own test is expected to fail. */
  readonly open: boolean;
}

/** A scenario in which nothing goes wrong, but for its tasks. */
export const calm = {
  secondPhase: 5,
  gate: "delivered",
  overlap: "serial",
  collisions: "tell",
  checks: "ignore",
  maxParallel: 4,
  downSeconds: 1,
  intervalSeconds: 15,
  eagerBeats: 0,
  happenings: [],
} as const;
/** A task whose agent works, commits and ends its turn. */
export const good = {
  agent: { costume: "codex", launches: ["good"] },
  files: [],
  dependsOn: [],
  verify: null,
  settles: true,
  checks: [],
  mends: true,
} as const;

export const FINDINGS: readonly Finding[] = [
  {
    promise: "a run whose only places are held by tasks that wait for a person comes to rest",
    scenario: {
      ...calm,
      maxParallel: 1,
      tasks: [{ ...good, agent: { costume: "codex", launches: ["approval"] } }, good],
    },
    breach: /never comes to rest/,
    open: false,
  },
  {
    promise: "a stacked task whose start was not noted has its pull request on its parent's branch",
    scenario: {
      ...calm,
      tasks: [good, { ...good, dependsOn: [1] }],
      happenings: [
        { at: { kind: "method", method: "start", nth: 1 }, what: { kind: "crash", after: true } },
      ],
    },
    breach: /carries the commits of/,
    open: false,
  },
  {
    promise:
      "a stacked task whose start failed has its pull request on its parent's branch, though it would begin elsewhere by now",
    scenario: {
      ...calm,
      secondPhase: 1,
      gate: "delivered",
      overlap: "serial",
      maxParallel: 1,
      intervalSeconds: 5,
      tasks: [
        { ...good, agent: { costume: "command", launches: ["good"] } },
        { ...good, files: [1] },
        good,
      ],
      happenings: [
        { at: { kind: "method", method: "recordLaunch", nth: 1 }, what: { kind: "unanswered" } },
      ],
    },
    breach: /carries the commits of/,
    open: false,
  },
  {
    promise: "a task whose start was not noted is retired with the others",
    scenario: {
      ...calm,
      tasks: [good],
      happenings: [
        { at: { kind: "method", method: "commit", nth: 0 }, what: { kind: "unanswered" } },
      ],
    },
    breach: /worktrees\/\S+ is left over/,
    open: false,
  },
  {
    promise:
      "a task builds on each task that it depends on, whatever order overlap gave them later",
    scenario: {
      ...calm,
      tasks: [good, { ...good, files: [0] }, { ...good, dependsOn: [1, 2] }],
      happenings: [
        {
          at: { kind: "method", method: "ensureWorktree", nth: 0 },
          what: {
            kind: "edit",
            edit: { kind: "set", task: 0, field: "files", value: ["src/a.ts"] },
          },
        },
      ],
    },
    breach: /does not build on the commits of/,
    open: false,
  },
  {
    promise: "an agent that moved since the last beat is not stalled, however far the clock jumped",
    scenario: {
      ...calm,
      intervalSeconds: 60,
      eagerBeats: 60,
      tasks: [{ ...good, agent: { costume: "codex", launches: ["slow"] } }],
      happenings: [
        { at: { kind: "call", beat: 4, call: 0 }, what: { kind: "clock-jump", ms: 3_600_000 } },
      ],
    },
    breach: /was stopped after/,
    open: false,
  },
  {
    promise: "an agent that a person answers meanwhile gets no words of Coppice",
    scenario: {
      ...calm,
      intervalSeconds: 5,
      tasks: [{ ...good, agent: { costume: "codex", launches: ["asks"] } }],
      happenings: [
        {
          at: { kind: "method", method: "inject", nth: 0 },
          what: { kind: "person-types", task: 0 },
        },
      ],
    },
    breach: /was typed to after/,
    open: false,
  },
  {
    promise: "a proof rests on the commits and files of now, not on those of half a minute ago",
    scenario: {
      ...calm,
      intervalSeconds: 5,
      eagerBeats: 200,
      tasks: [{ ...good, agent: { costume: "codex", launches: ["lies"] } }],
    },
    breach: /was typed to though it is done|without its last commit/,
    open: false,
  },
  {
    promise: "two tasks that were built on each other do not wait for each other for ever",
    scenario: {
      ...calm,
      secondPhase: 1,
      maxParallel: 1,
      intervalSeconds: 5,
      tasks: [
        { ...good, agent: { costume: "command", launches: ["good"] } },
        { ...good, files: [1] },
      ],
      happenings: [
        {
          at: { kind: "call", beat: 13, call: 12 },
          what: { kind: "edit", edit: { kind: "status", task: 0, to: "pending" } },
        },
      ],
    },
    breach: /never comes to rest/,
    open: false,
  },
  {
    promise: "a start that was decided before a person's edit is not carried out after it was read",
    scenario: {
      ...calm,
      secondPhase: 1,
      maxParallel: 1,
      intervalSeconds: 5,
      eagerBeats: 120,
      tasks: [good, good],
      happenings: [
        {
          at: { kind: "call", beat: 1, call: 1 },
          what: { kind: "edit", edit: { kind: "status", task: 0, to: "cancelled" } },
        },
        {
          at: { kind: "call", beat: 4, call: 0 },
          what: { kind: "edit", edit: { kind: "status", task: 0, to: "pending" } },
        },
      ],
    },
    breach: /holds the gate/,
    open: false,
  },
  {
    promise: "a task that is given a dependency while it is being started builds on it",
    scenario: {
      ...calm,
      secondPhase: 1,
      maxParallel: 2,
      intervalSeconds: 60,
      tasks: [
        { ...good, verify: [0] },
        { ...good, agent: { costume: "command", launches: ["good"] } },
        { ...good, agent: { costume: "command", launches: ["good"] } },
        { ...good, agent: { costume: "command", launches: ["good"] } },
      ],
      happenings: [
        {
          at: { kind: "method", method: "pullRequests", nth: 5 },
          what: {
            kind: "edit",
            edit: { kind: "set", task: 3, field: "dependsOn", value: ["t1"] },
          },
        },
      ],
    },
    breach: /does not build on/,
    open: false,
  },
  {
    promise: "two jumps of the clock around a crash do not make an agent at work a stalled one",
    scenario: {
      ...calm,
      secondPhase: 1,
      maxParallel: 1,
      intervalSeconds: 5,
      eagerBeats: 60,
      tasks: [{ ...good, agent: { costume: "command", launches: ["good"] } }],
      happenings: [
        {
          at: { kind: "method", method: "probe", nth: 1 },
          what: { kind: "clock-jump", ms: 3_600_000 },
        },
        {
          at: { kind: "method", method: "probe", nth: 0 },
          what: { kind: "clock-jump", ms: 3_600_000 },
        },
        { at: { kind: "call", beat: 2, call: 0 }, what: { kind: "crash-within" } },
      ],
    },
    breach: /was stopped after/,
    open: false,
  },
  {
    promise: "work is held by work of another task that is being delivered at that moment",
    scenario: {
      ...calm,
      secondPhase: 2,
      collisions: "hold",
      maxParallel: 2,
      intervalSeconds: 300,
      eagerBeats: 120,
      tasks: [
        { ...good, agent: { costume: "command", launches: ["lies", "good"] }, verify: [0] },
        { ...good, agent: { costume: "codex", launches: ["dirty"] }, files: [0] },
      ],
      happenings: [
        {
          at: { kind: "method", method: "isAttended", nth: 0 },
          what: { kind: "terminals-die", recorded: false },
        },
      ],
    },
    breach: /was delivered though it does not merge/,
    open: false,
  },
  {
    promise:
      "work that is to be merged by its agent and finds no place needs a person, as the place does",
    scenario: {
      ...calm,
      secondPhase: 1,
      overlap: "parallel",
      collisions: "rebase",
      maxParallel: 1,
      intervalSeconds: 5,
      tasks: [
        { ...good, agent: { costume: "command", launches: ["good"] }, files: [2] },
        { ...good, agent: { costume: "codex", launches: ["approval", "good"] } },
        { ...good, agent: { costume: "command", launches: ["good"] }, files: [2] },
        good,
      ],
    },
    breach: /never comes to rest/,
    open: false,
  },
  {
    promise: "a start whose note was written, though the machine said no, is no edit by hand",
    scenario: {
      ...calm,
      eagerBeats: 60,
      tasks: [good],
      happenings: [
        {
          at: { kind: "method", method: "commit", nth: 0 },
          what: { kind: "answer-lost", trouble: "EMFILE" },
        },
      ],
    },
    breach: /was put back that nobody made/,
    open: false,
  },
  {
    promise: "work is held by an open pull request also while its checks are being mended",
    scenario: {
      ...calm,
      secondPhase: 3,
      overlap: "parallel",
      collisions: "rebase",
      checks: "tell",
      intervalSeconds: 300,
      eagerBeats: 120,
      tasks: [
        { ...good, agent: { costume: "command", launches: ["vanishes"] } },
        { ...good, agent: { costume: "command", launches: ["good"] }, verify: [0] },
        {
          ...good,
          agent: { costume: "codex", launches: ["dirty", "good"] },
          files: [1],
          checks: ["failed"],
          mends: false,
        },
        { ...good, agent: { costume: "command", launches: ["good"] } },
      ],
      happenings: [
        {
          at: { kind: "method", method: "ensureWorktree", nth: 0 },
          what: { kind: "crash", after: false },
        },
        { at: { kind: "call", beat: 16, call: 8 }, what: { kind: "taken-over" } },
        { at: { kind: "call", beat: 0, call: 0 }, what: { kind: "crash", after: false } },
      ],
    },
    breach: /was delivered though it does not merge/,
    open: false,
  },
  {
    promise: "work is held by work that is being delivered on a person's word",
    scenario: {
      ...calm,
      secondPhase: 2,
      overlap: "parallel",
      collisions: "rebase",
      intervalSeconds: 5,
      eagerBeats: 120,
      tasks: [
        {
          ...good,
          agent: { costume: "command", launches: ["good"] },
          files: [1],
          verify: [0],
          settles: false,
        },
        { ...good, agent: { costume: "codex", launches: ["crashes"] }, settles: false },
      ],
      happenings: [
        {
          at: { kind: "method", method: "pullRequests", nth: 3 },
          what: { kind: "edit", edit: { kind: "status", task: 1, to: "complete" } },
        },
        { at: { kind: "call", beat: 0, call: 0 }, what: { kind: "taken-over" } },
      ],
    },
    breach: /was delivered though it does not merge/,
    open: false,
  },
  {
    promise:
      "an agent that was told of checks by a run that lost its lock is followed up by the next",
    scenario: {
      ...calm,
      secondPhase: 1,
      maxParallel: 1,
      checks: "tell",
      tasks: [{ ...good, checks: ["failed"] }],
      happenings: [
        { at: { kind: "call", beat: 20, call: 0 }, what: { kind: "answer-lost" } },
        { at: { kind: "method", method: "isAttended", nth: 1 }, what: { kind: "taken-over" } },
      ],
    },
    breach: /was stopped after/,
    open: false,
  },
];

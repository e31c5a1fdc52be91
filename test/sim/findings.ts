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

const calm = {
  secondPhase: 5,
  gate: "delivered",
  overlap: "serial",
  maxParallel: 4,
  downSeconds: 1,
  intervalSeconds: 15,
  eagerBeats: 0,
  happenings: [],
} as const;
const good = {
  agent: { costume: "codex", launches: ["good"] },
  files: [],
  dependsOn: [],
  verify: null,
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
];

import fc from "fast-check";
import { expect, test } from "vitest";
import { known, type PullRequestFact } from "../../src/classify/evidence.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { TaskPatch } from "../../src/manifest/merge.ts";
import type { Task } from "../../src/manifest/task.ts";
import type { Happening } from "./faults.ts";
import { good } from "./findings.ts";
import type { Ports } from "./orchestrator.ts";
import type { Door } from "./ports/door.ts";
import { simForge } from "./ports/forge.ts";
import { type Scenario, scenario } from "./scenario.ts";
import { type Sabotage, simulate } from "./simulate.ts";

/** Lets Coppice decide on another manifest than the one that is written. */
const misread =
  (change: (manifest: Manifest) => Manifest): Sabotage =>
  ({ store }) => ({
    store: {
      ...store,
      read: async () => {
        const read = await store.read();
        if (read.kind !== "read") return read;
        const { snapshot } = read;
        return { kind: "read", snapshot: { ...snapshot, manifest: change(snapshot.manifest) } };
      },
    },
  });

const misreadTasks = (change: (task: Task) => Task): Sabotage =>
  misread((manifest) => ({
    ...manifest,
    phases: manifest.phases.map((phase) => ({ ...phase, tasks: phase.tasks.map(change) })),
  }));

interface Bug {
  readonly sabotage: Sabotage;
  readonly noticed: RegExp;
  /** Where such a mistake shows; anywhere by default. */
  readonly among?: fc.Arbitrary<Scenario>;
}

/** Runs in which this one call goes wrong over and over. */
const failing = (method: string, what: Happening["kind"] & ("unanswered" | "answer-lost")) =>
  scenario.map((planned) => ({
    ...planned,
    happenings: planned.happenings.map((_, index) => ({
      at: { kind: "method" as const, method, nth: 2 * index },
      what: { kind: what },
    })),
  }));

/** Runs of tasks that all touch the same file. */
const crowded = scenario.map((planned) => ({
  ...planned,
  overlap: "serial" as const,
  maxParallel: 4,
  tasks: planned.tasks.map((task) => ({ ...task, files: [0], dependsOn: [] })),
}));

/** Runs whose pull requests are checked, and in which nothing else goes wrong. */
const checked = scenario.map((planned) => ({
  ...planned,
  checks: "tell" as const,
  happenings: [],
  tasks: planned.tasks.map((task) => ({ ...task, checks: ["failed" as const], mends: true })),
}));

/** Lets the manifest forget what a task's state is to note. */
function unnoted(forget: (state: NonNullable<TaskPatch["state"]>) => TaskPatch["state"]): Sabotage {
  return ({ store }) => ({
    store: {
      ...store,
      commit: (base, patches) =>
        store.commit(
          base,
          patches.map((patch) =>
            patch.kind === "task" ? { ...patch, state: forget(patch.state ?? {}) ?? {} } : patch,
          ),
        ),
    },
  });
}

/** Runs in which a person takes tasks as complete, however far they are. */
const vouched = scenario.map((planned) => ({
  ...planned,
  happenings: planned.happenings.map((_, task) => ({
    at: { kind: "method" as const, method: "observe", nth: 3 + 2 * task },
    what: {
      kind: "edit" as const,
      edit: { kind: "status" as const, task, to: "complete" as const },
    },
  })),
}));

/** Runs in which a person attaches just before an action is begun. */
const visited = scenario.map((planned) => ({
  ...planned,
  happenings: planned.happenings.map((_, nth) => ({
    at: { kind: "method" as const, method: "isAttended", nth },
    what: { kind: "person-attaches" as const, task: nth, seconds: 60 },
  })),
}));

/** Each is a mistake that somebody could make, and what the watch must say of it. */
const BUGS: Readonly<Record<string, Bug>> = {
  "overlap is not looked at": {
    sabotage: misread((manifest) => ({ ...manifest, overlap: "parallel" })),
    among: crowded,
    noticed: /with a file in common/,
  },
  "dependencies are not looked at": {
    sabotage: misreadTasks((task) => ({ ...task, dependsOn: [] })),
    noticed: /on which it depends/,
  },
  "phases have no gates": {
    sabotage: misread((manifest) => ({
      ...manifest,
      phases: [
        { name: "All", gate: "delivered", tasks: manifest.phases.flatMap(({ tasks }) => tasks) },
      ],
    })),
    noticed: /holds the gate/,
  },
  "a person who attaches late is not looked for": {
    sabotage: ({ sessions }) => ({
      sessions: {
        ...sessions,
        isAttended: async (name) => {
          await sessions.isAttended(name);
          return false;
        },
      },
    }),
    among: visited,
    noticed: /over the head of who is attached/,
  },
  "attempts have no limit": {
    sabotage: misread((manifest) => ({
      ...manifest,
      policy: { ...manifest.policy, attemptsMax: 20 },
    })),
    noticed: /was launched/,
  },
  "a minute of silence is taken for a stall": {
    sabotage: misread((manifest) => ({
      ...manifest,
      policy: { ...manifest.policy, stallAfterMinutes: 1 },
    })),
    noticed: /at work/,
  },
  "verify is not asked for": {
    sabotage: misreadTasks(({ verify: _, ...task }) => task),
    noticed: /verify has not passed/,
  },
  "unknown sessions are taken for dead": {
    sabotage: ({ sessions }) => ({
      sessions: {
        ...sessions,
        observe: async () => {
          const seen = await sessions.observe();
          return seen.kind === "known" ? seen : known([]);
        },
      },
    }),
    among: failing("observe", "unanswered"),
    noticed: /observe:\* did not answer/,
  },
  "an unknown pull request is taken for none": {
    sabotage: ({ forge }) => ({
      forge: {
        ...forge,
        pullRequests: async (branches) => {
          const found = await forge.pullRequests(branches);
          return found.kind === "known" ? found : known(new Map());
        },
      },
    }),
    among: failing("pullRequests", "unanswered"),
    noticed: /pullRequests:\* did not answer/,
  },
  "nobody looks for pull requests before opening one": {
    sabotage: ({ forge }, door) => {
      const { world, pid } = door;
      const careless: Door = {
        world,
        pid,
        pass: (call) =>
          door.pass({
            ...call,
            effect: () => {
              const look = world.pullRequestOf;
              world.pullRequestOf = () => undefined;
              try {
                return call.effect();
              } finally {
                world.pullRequestOf = look;
              }
            },
          }),
      };
      const { openPullRequest } = simForge(careless);
      const pullRequests = () => Promise.resolve(known(new Map<string, PullRequestFact>()));
      return { forge: { ...forge, openPullRequest, pullRequests } };
    },
    among: failing("openPullRequest", "answer-lost"),
    noticed: /open pull requests/,
  },
  "uncommitted files are not looked at": {
    sabotage: withGit((fact) => ({ ...fact, dirtyFiles: [] })),
    noticed: /with uncommitted files/,
  },
  "commits are not counted": {
    sabotage: withGit((fact) => ({ ...fact, commitsAhead: Math.max(1, fact.commitsAhead) })),
    noticed: /without a commit of its own/,
  },
  "what tasks really touch is not looked at": {
    sabotage: misreadTasks(({ state, ...task }) => ({
      ...task,
      ...(state ? { state: { ...state, touched: undefined } } : {}),
    })),
    // The third one begins late and names what the first one, which goes on, has touched by then.
    among: scenario.map((planned) => ({
      ...planned,
      overlap: "serial",
      maxParallel: 2,
      secondPhase: 5,
      happenings: [],
      tasks: [
        { ...good, agent: { costume: "codex", launches: ["hangsLate"] } },
        good,
        { ...good, files: [0] },
      ],
    })),
    noticed: /which has touched its file/,
  },
  "work is never merged with other work for a try": {
    sabotage: ({ repository }) => ({
      repository: {
        ...repository,
        conflicts: (pairs) => Promise.resolve(known(pairs.map(() => known([])))),
      },
    }),
    among: scenario.map((planned) => ({ ...planned, collisions: "tell", happenings: [] })),
    noticed: /was delivered untold/,
  },
  "work of which nobody knows whether it merges is taken for work that does": {
    sabotage: ({ repository }, { world }) => ({
      repository: {
        ...repository,
        conflicts: async (pairs) => {
          const found = await repository.conflicts(pairs);
          return world.number() % 2 === 0 ? known(pairs.map(() => known([]))) : found;
        },
      },
    }),
    among: scenario.map((planned) => ({ ...planned, collisions: "hold", happenings: [] })),
    noticed: /was delivered though it does not merge/,
  },
  "what does not merge is not held": {
    sabotage: misread((manifest) => ({
      ...manifest,
      policy: { ...manifest.policy, collisions: "tell" },
    })),
    among: scenario.map((planned) => ({ ...planned, collisions: "hold", happenings: [] })),
    noticed: /was delivered though it does not merge/,
  },
  "nobody looks whether work still merges with its base": {
    sabotage: ({ repository }) => ({
      repository: {
        ...repository,
        mergesOnto: async (commit, base) => {
          const trial = await repository.mergesOnto(commit, base);
          return trial.kind === "known" ? known({ ...trial.value, files: [] }) : trial;
        },
      },
    }),
    among: scenario.map((planned) => ({ ...planned, collisions: "rebase", happenings: [] })),
    noticed: /though it does not merge with its base/,
  },
  "nobody notes how often an agent was asked to merge the base": {
    sabotage: unnoted(({ merges: _, ...state }) => state),
    among: scenario.map((planned) => ({ ...planned, collisions: "rebase", happenings: [] })),
    noticed: /typed to though it is done|never comes to rest/,
  },
  "nobody notes of which checks an agent was told": {
    sabotage: unnoted(({ checkTries: _, checksTold: __, ...state }) => state),
    among: checked,
    noticed: /was launched \d+ times/,
  },
  "checks that run are taken for checks that failed": {
    sabotage: ({ forge }) => ({
      forge: {
        ...forge,
        checks: async (pulls) =>
          new Map(
            [...(await forge.checks(pulls))].map(([number, fact]) => [
              number,
              fact.kind === "known" ? known({ ...fact.value, state: "failed" as const }) : fact,
            ]),
          ),
      },
    }),
    among: checked,
    noticed: /was told of checks that are/,
  },
  "the launch is not recorded before the start": {
    sabotage: ({ folders }) => ({
      folders: { ...folders, recordLaunch: () => Promise.resolve() },
    }),
    noticed: /./,
  },
  "a commit of the manifest overwrites the file": {
    sabotage: ({ store }, { world }) => ({
      store: {
        ...store,
        commit: (base, patches) => {
          world.manifestText = base.text;
          return store.commit(base, patches);
        },
      },
    }),
    noticed: /was overwritten|was dropped|came back/,
  },
  "nothing is preserved before a worktree goes": {
    sabotage: ({ repository }) => ({
      repository: { ...repository, preserve: () => Promise.resolve([]) },
    }),
    among: vouched,
    noticed: /lost/,
  },
};

function withGit(
  change: (
    fact: NonNullable<
      Extract<Awaited<ReturnType<Ports["repository"]["probe"]>>, { kind: "known" }>["value"]
    >,
  ) => typeof fact,
): Sabotage {
  return ({ repository }) => ({
    repository: {
      ...repository,
      probe: async (task) => {
        const probe = await repository.probe(task);
        return probe.kind === "known" && probe.value ? known(change(probe.value)) : probe;
      },
    },
  });
}

test.each(Object.entries(BUGS))(
  "the simulation notices when %s",
  async (_, bug) => {
    const sound = fc.asyncProperty(bug.among ?? scenario, async (planned) => {
      const { breaches } = await simulate(planned, bug.sabotage);
      return !breaches.some((breach) => bug.noticed.test(breach));
    });
    const result = await fc.check(sound, {
      numRuns: 1000,
      seed: 1,
      endOnFailure: true,
    });
    expect(result.failed, `${result.numRuns} runs noticed nothing`).toBe(true);
  },
  180_000,
);

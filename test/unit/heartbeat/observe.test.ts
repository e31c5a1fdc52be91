import { expect, test } from "vitest";
import { type ExitFact, known, type SignalFact } from "../../../src/classify/evidence.ts";
import type { Action } from "../../../src/decide/action.ts";
import { createObserver } from "../../../src/heartbeat/observe.ts";
import type { TaskId } from "../../../src/manifest/task.ts";
import type { Observation } from "../../../src/ports/sessions.ts";
import { manifestOf, NOW, taskId } from "../../support/decision.ts";
import {
  exitFact,
  gitFact,
  HEAD,
  launchFact,
  screenFact,
  sessionFact,
} from "../../support/facts.ts";
import { executorWorld } from "../../support/fakes/executor-world.ts";

const MANIFEST = manifestOf({ t1: { status: "running" } });
const TURN_ENDED: SignalFact = { kind: "turn-ended", atMs: NOW - 10, attempt: 1, text: "Done." };
const ALIVE: Observation = {
  session: sessionFact(),
  screen: known(screenFact(["$ "], { silentSeconds: 60 })),
};

/** What is true now, and what becomes true while tmux makes its answer. */
interface World {
  exit: ExitFact | null;
  signals: readonly SignalFact[];
  commitsAhead: number;
}

const NOBODY = { underWay: new Map<TaskId, Action>(), unseen: new Set<TaskId>() };

/** Looks once at t1; `answer` is what tmux says, and may change the world before. */
async function look(world: World, answer: (calls: readonly string[]) => Promise<Observation[]>) {
  const { calls, context } = executorWorld(MANIFEST, {
    sessions: { observe: async () => known(await answer(calls)) },
    folders: {
      launch: async () => known(launchFact()),
      exit: async () => known(world.exit),
      signals: async () => known(world.signals),
    },
    repository: { probe: async () => known(gitFact({ commitsAhead: world.commitsAhead })) },
  });
  const { evidence } = await createObserver(context.ports).observe(MANIFEST, "/w", NOBODY);
  return evidence.get(taskId("t1"));
}

test("an agent that commits and ends while tmux answers is seen as it ended", async () => {
  const world: World = { exit: null, signals: [TURN_ENDED], commitsAhead: 0 };
  const seen = await look(world, async (calls) => {
    await expect.poll(() => calls).toContain("repository.probe");
    Object.assign(world, { exit: exitFact(), commitsAhead: 1 });
    return [];
  });
  expect(seen?.exit).toEqual(known(exitFact()));
  expect(seen?.git).toMatchObject({ kind: "known", value: { commitsAhead: 1 } });
});

test.each<[string, Partial<World>]>([
  ["ended", { exit: exitFact() }],
  ["said something", { signals: [TURN_ENDED] }],
])("git is asked about an agent that %s before tmux has answered", async (_, news) => {
  const world: World = { exit: null, signals: [], commitsAhead: 1, ...news };
  const seen = await look(world, async (calls) => {
    await expect.poll(() => calls).toContain("repository.probe");
    world.commitsAhead = 2;
    return [ALIVE];
  });
  expect(seen?.git).toMatchObject({ kind: "known", value: { commitsAhead: 1 } });
});

test("git is asked about an agent of which only the screen tells after the screen was read", async () => {
  const world: World = { exit: null, signals: [], commitsAhead: 0 };
  const seen = await look(world, async (calls) => {
    await expect.poll(() => calls).toContain("folders.signals t1");
    world.commitsAhead = 1;
    return [ALIVE];
  });
  expect(seen?.git).toMatchObject({ kind: "known", value: { commitsAhead: 1 } });
});

test("what git said before the action of a complete task ended is no evidence for those that build on it", async () => {
  const { context } = executorWorld(MANIFEST);
  const observer = createObserver(context.ports);
  const t1 = taskId("t1");
  const gitOf = async (status: "running" | "complete", underWay: ReadonlyMap<TaskId, Action>) =>
    (
      await observer.observe(manifestOf({ t1: { status } }), "/w", { ...NOBODY, underWay })
    ).evidence.get(t1)?.git;
  expect((await gitOf("complete", new Map()))?.kind).toBe("known");
  const verifies = new Map([[t1, { kind: "verify", taskId: t1, sha: HEAD } as const]]);
  expect((await gitOf("running", verifies))?.kind).toBe("known");
  expect((await gitOf("complete", verifies))?.kind).toBe("unknown");
});

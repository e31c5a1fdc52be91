import { setTimeout as wait } from "node:timers/promises";
import { type Cast, openCast } from "./cast.ts";
import { findings } from "./findings.ts";
import { type Ground, openGround, REPOSITORY } from "./ground.ts";
import { type Orchestrator, startOrchestrator } from "./orchestrator.ts";
import { seeded } from "./random.ts";
import { type Edits, makeTrouble, type Scene } from "./troubles.ts";

export interface NightOptions {
  /** How long troubles are made, at most. */
  readonly seconds: number;
  readonly tasks: number;
  readonly seed: number;
  /** Told about once a minute. */
  readonly tell: (line: string) => void;
}

/** What a night survived, by name, and everything that is wrong in the morning. */
export interface Morning {
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

const PARALLEL_MAX = 8;
/** Once troubles are over, so much time for each task that is left, and for the run itself. */
const GRACE_PER_TASK_MS = 20_000;
const GRACE_MS = 180_000;
const TELL_EVERY_MS = 60_000;
const BEATS_MAX = 30;

/** Real agents' processes, tmux, git and a GitHub on this machine, with something breaking every few seconds. */
export async function spendNight(options: NightOptions): Promise<Morning> {
  const random = seeded(options.seed);
  const maxParallel = Math.min(PARALLEL_MAX, options.tasks);
  const ground = await openGround({ tasks: options.tasks, maxParallel }, random);
  const over = new AbortController();
  let ended: Promise<void> = Promise.resolve();
  try {
    const taskIds = tasksOf(await ground.manifest()).map(({ id }) => id);
    const workMs = (options.seconds * 1000 * maxParallel) / options.tasks / 3;
    const cast = openCast(ground, taskIds, random, workMs);
    const orchestrator = startOrchestrator(ground, random, over.signal);
    ended = orchestrator.ended;
    const scene = { ground, cast, orchestrator, taskIds, random };
    const { counts, edits } = await untilMorning(scene, options);
    const late = await settled(orchestrator, options.tasks);
    const merged = late ? 0 : await mergeAll(ground, taskIds);
    return {
      counts: { ...countsOf(scene, options), ...counts, "pull requests merged": merged },
      findings: late
        ? ["the run does not come to its end", ...(await statuses(ground))]
        : await findings({ ground, cast, orchestrator, edits, taskIds }),
    };
  } finally {
    over.abort();
    await ended;
    await ground.close();
  }
}

/** Makes troubles until their time is over, or nothing is left to trouble. */
async function untilMorning(
  scene: Scene,
  { seconds, tell }: NightOptions,
): Promise<{ counts: Record<string, number>; edits: Edits }> {
  const counts: Record<string, number> = {};
  const edits: Edits = new Map();
  const endMs = performance.now() + seconds * 1000;
  let isOver = false;
  void scene.orchestrator.ended.then(() => {
    isOver = true;
  });
  for (let toldMs = performance.now(); !isOver && performance.now() < endMs; ) {
    await wait(Math.min(scene.random.fraction() * 5000, Math.max(0, endMs - performance.now())));
    const name = await makeTrouble(scene, edits);
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
    if (performance.now() - toldMs < TELL_EVERY_MS) continue;
    toldMs = performance.now();
    tell((await statuses(scene.ground)).join(", "));
  }
  scene.orchestrator.calm();
  return { counts, edits };
}

/** True when the run has not ended long after the last trouble. */
async function settled(orchestrator: Orchestrator, tasks: number): Promise<boolean> {
  const patience = new AbortController();
  const late = wait(GRACE_MS + tasks * GRACE_PER_TASK_MS, true, { signal: patience.signal });
  const isLate = await Promise.race([orchestrator.ended.then(() => false), late]);
  patience.abort();
  await late.catch(() => undefined);
  return isLate;
}

/** A person merges everything, what builds on others first; Coppice clears away. Gives how many there were. */
async function mergeAll(ground: Ground, taskIds: readonly string[]): Promise<number> {
  const repository = ground.github.repository(REPOSITORY);
  const order = (head: string): number => taskIds.indexOf(head.replace("fix/", ""));
  const open = repository.pulls
    .filter(({ issue }) => issue.state === "open")
    .toSorted((a, b) => order(b.pull.head) - order(a.pull.head));
  for (const { issue } of open) await repository.merge(issue.number);
  for (let beats = 1; beats <= BEATS_MAX; beats += 1) {
    await ground.coppice(["heartbeat"]);
    const tasks = tasksOf(await ground.manifest());
    if (tasks.every(({ status, worktree }) => status !== "merged" || worktree === null)) break;
  }
  await ground.coppice(["cleanup", "--all"]);
  return open.length;
}

function countsOf(
  { cast, orchestrator }: { readonly cast: Cast; readonly orchestrator: Orchestrator },
  { tasks }: NightOptions,
): Record<string, number> {
  return {
    tasks,
    "agents begun": cast.launches,
    commits: cast.committed.size,
    "questions answered": cast.answers,
    "deaths of the orchestrator by kill": orchestrator.deaths.kills,
    "deaths of the orchestrator at a fault point": orchestrator.deaths.faultPoints,
    "tasks that a person gave back": orchestrator.retries,
    "files open at most": orchestrator.filesMax,
  };
}

/** How many tasks are in each status. */
async function statuses(ground: Ground): Promise<readonly string[]> {
  const counts = new Map<string, number>();
  for (const { status } of tasksOf(await ground.manifest())) {
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts].map(([status, count]) => `${count} ${status}`);
}

const tasksOf = (manifest: Awaited<ReturnType<Ground["manifest"]>>) =>
  manifest.phases.flatMap(({ tasks }) => tasks);

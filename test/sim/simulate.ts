import { type BeatReport, createHeartbeat, type Heartbeat } from "../../src/heartbeat/beat.ts";
import { ended } from "../../src/heartbeat/loop.ts";
import { CoppiceError } from "../../src/manifest/errors.ts";
import { formatManifest } from "../../src/manifest/format.ts";
import { machineTrouble } from "../../src/manifest/machine-trouble.ts";
import { toIso } from "../../src/manifest/time.ts";
import type { PlannedHappening } from "./faults.ts";
import { Orchestrator, type Ports } from "./orchestrator.ts";
import { tasksIn } from "./parsed.ts";
import type { Door } from "./ports/door.ts";
import {
  BEHAVIOURS,
  fileName,
  LEAVING,
  MENDING,
  type PlannedTask,
  type Scenario,
  SETTLING,
} from "./scenario.ts";
import { Watch } from "./watch.ts";
import { BEGIN_MS, type TaskScript, World } from "./world.ts";

/** What came of a simulated run. */
export interface SimulatedRun {
  /** What happened that must never happen; empty for a sound Coppice. */
  readonly breaches: readonly string[];
  readonly world: World;
  readonly beats: number;
}

/** Replaces some of a process's ports by broken ones: how the tests plant bugs. */
export type Sabotage = (ports: Ports, door: Door) => Partial<Ports>;

const WORKDIR = "/sim";
const LOCK = "/sim/run.lock";
/** The least time between two quiet beats when nothing is planned any more. */
const SLOW_SECONDS = 30;
/** Enough for the launches of every task that stall and are nudged, one task after the other. */
const BEATS_MAX = 1500;

/**
 * Runs a scenario to its end: until nothing moves without a person, and again after the person has merged everything;
 * or until the first breach.
 */
export async function simulate(
  scenario: Scenario,
  sabotage: Sabotage = () => ({}),
): Promise<SimulatedRun> {
  const world = worldOf(scenario);
  const processes = new Map<number, Process>();
  const watch = new Watch(world, (pid) => processes.get(pid)?.orchestrator.blind ?? new Set());
  const breaches: string[] = [];
  const boot = async (): Promise<Process | undefined> => {
    const process = await startProcess(world, sabotage);
    if (process) processes.set(process.orchestrator.pid, process);
    return process;
  };
  const beatOf = ({ at }: PlannedHappening): number => (at.kind === "call" ? at.beat : 0);
  const lastBeat = Math.max(0, ...scenario.happenings.map(beatOf));
  let atRest = false;
  let beat = 0;
  for (; beat < BEATS_MAX; beat += 1) {
    if (beat > lastBeat) world.edit({ kind: "mend" });
    const plan = scenario.happenings.filter(
      (one) => one.at.kind === "method" || one.at.beat === beat,
    );
    // As in `coppice run` actions go on during the next beats; as by cron each beat waits for its own.
    const overlap = beat < scenario.eagerBeats;
    const report = await oneBeat(world, processes, boot, { plan, overlap }, breaches);
    watch.checkState();
    if (breaches.length + watch.breaches.length > 0) break;
    if (report === undefined) {
      world.advance(1000 * scenario.downSeconds);
      continue;
    }
    if (isQuiet(report)) breaches.push(...silent(report));
    if (beat > lastBeat && ended(report) !== undefined) {
      // The run has ended. A person merges what there is to merge, and starts it again, to see that it stays at rest.
      const ripe = world.pullRequests.filter(
        (one) => one.state === "open" && one.baseBranch === world.git.base,
      );
      // Who looks at a session keeps it and its worktree.
      const isWatched = [...world.sessions.values()].some((one) => world.isAttached(one));
      if (ripe.length === 0 && atRest && !isWatched) break;
      atRest = ripe.length === 0;
      for (const pullRequest of ripe) world.merge(pullRequest, false);
      for (const { orchestrator } of processes.values()) orchestrator.die();
    }
    world.advance(isQuiet(report) ? pauseMs(scenario, beat, lastBeat, world, report) : 250);
  }
  if (beat === BEATS_MAX) breaches.push("the run never comes to rest");
  else if (atRest) breaches.push(...leftOver(world));
  return { breaches: [...new Set([...watch.breaches, ...breaches])], world, beats: beat };
}

interface Process {
  readonly orchestrator: Orchestrator;
  readonly heartbeat: Heartbeat;
  /** The tasks of which something came in since its last beat. */
  readonly heard: Set<string>;
}

/** Starts an orchestrator with its heartbeat; undefined when another one lives. */
export async function startProcess(
  world: World,
  sabotage: Sabotage = () => ({}),
): Promise<Process | undefined> {
  const orchestrator = new Orchestrator(world);
  const ports = { ...orchestrator.ports, ...sabotage(orchestrator.ports, orchestrator) };
  const outcome = await ports.locks.tryAcquire(LOCK, "simulated run");
  if (outcome.kind === "busy") {
    orchestrator.die();
    return undefined;
  }
  const heartbeat = createHeartbeat({
    ports,
    workdir: WORKDIR,
    base: world.git.base,
    maxParallelDefault: 4,
    cleanup: false,
    watches: true,
    lock: outcome.lock,
    emit: (event) => ports.journal.append(event),
  });
  const heard = new Set<string>();
  world.onWake((wake) => {
    if (wake.kind !== "manifest" && wake.taskId !== null) heard.add(wake.taskId);
  });
  return { orchestrator, heartbeat, heard };
}

/** One beat of every living process, with what is planned for it; undefined when none lived to report. */
async function oneBeat(
  world: World,
  processes: ReadonlyMap<number, Process>,
  boot: () => Promise<Process | undefined>,
  { plan, overlap }: { readonly plan: readonly PlannedHappening[]; readonly overlap: boolean },
  breaches: string[],
): Promise<BeatReport | undefined> {
  const living = [...processes.values()].filter(({ orchestrator }) => orchestrator.alive);
  if (living.length === 0) living.push(...[(await boot()) ?? []].flat());
  const reports: BeatReport[] = [];
  const running: Promise<void>[] = [];
  const run = async (process: Process, planned: typeof plan): Promise<void> => {
    const { orchestrator, heartbeat } = process;
    const heard = new Set(process.heard);
    process.heard.clear();
    orchestrator.beginBeat(planned, overlap);
    try {
      if (overlap && heard.size > 0) {
        await Promise.race([heartbeat.beat(undefined, heard), orchestrator.died]);
      }
      const report = await Promise.race([heartbeat.beat(), orchestrator.died]);
      if (report) reports.push(report);
      if (!overlap) await Promise.race([heartbeat.settle(), orchestrator.died]);
    } catch (error) {
      // Trouble of the machine is waited for with all that is known; anything else ends the process.
      if (machineTrouble(error) === undefined) {
        orchestrator.die();
        if (!(error instanceof CoppiceError) || error.kind === "bug") {
          breaches.push(
            `a beat broke: ${error instanceof Error ? (error.stack ?? "") : String(error)}`,
          );
        }
      }
    }
    if (orchestrator.alive) orchestrator.endBeat();
  };
  world.onTakeOver = () => {
    running.push(
      boot().then(async (process) => {
        if (process) await run(process, []);
      }),
    );
  };
  running.push(...living.map((process, index) => run(process, index === 0 ? plan : [])));
  for (let index = 0; index < running.length; index += 1) await running[index];
  return reports.at(-1);
}

const isQuiet = (report: BeatReport): boolean => report.acted === 0 && !report.changed;

/** Until the next beat: the interval, or sooner as the report asks; the end of a run is watched less often. */
function pauseMs(
  { intervalSeconds, eagerBeats }: Scenario,
  beat: number,
  lastBeat: number,
  world: World,
  { wakeAtMs }: BeatReport,
): number {
  if (beat < eagerBeats && wakeAtMs !== undefined) {
    return Math.min(1000 * intervalSeconds, Math.max(250, wakeAtMs - world.wall()));
  }
  return 1000 * Math.max(intervalSeconds, beat < lastBeat ? 0 : SLOW_SECONDS);
}

/** Unfinished tasks of which a quiet beat does not say what they wait for. */
function silent({ snapshot, problems, waits }: BeatReport): string[] {
  if (snapshot === undefined || problems.length > 0) return [];
  const unfinished = ["draft", "planned", "pending", "blocked", "running", "stuck", "error"];
  return snapshot.manifest.phases
    .flatMap((phase) => phase.tasks)
    .filter((task) => unfinished.includes(task.status))
    .filter((task) => !waits.some((wait) => wait.taskId === task.id && wait.reason !== ""))
    .map((task) => `nobody says what ${task.id} (${task.status}) waits for`);
}

/** What must be gone, or in its place, when the run is over and everything is merged. */
function leftOver(world: World): string[] {
  world.edit({ kind: "mend" });
  const tasks = tasksIn(world.manifestText);
  const found: string[] = [];
  for (const pullRequest of world.pullRequests) {
    const task = tasks.get(pullRequest.markedTask ?? "");
    if (pullRequest.state !== "merged" || task === undefined) continue;
    if (task.prNumber === pullRequest.number && task.status === "pr_open") {
      found.push(`${task.id} does not know that its pull request is merged`);
    }
  }
  for (const session of world.sessions.values()) {
    if (session.spec.name !== `task-${session.spec.taskId}`) continue;
    const status = tasks.get(session.spec.taskId)?.status;
    if (session.agent.truth === "ended" && status === "merged") {
      found.push(`the session of ${session.spec.taskId} is left over`);
    }
  }
  const allMerged = [...tasks.values()].every((task) => task.status === "merged");
  for (const { taskId, path } of world.git.worktrees.values()) {
    if (allMerged && tasks.has(taskId)) found.push(`${path} is left over`);
  }
  return found;
}

/** The world in which a scenario begins. */
export function worldOf(scenario: Scenario): World {
  const scripts = new Map<string, TaskScript>();
  const tasks = scenario.tasks.map((planned, index) => {
    const id = `t${index + 1}`;
    // Nobody knows of this file: every other task touches the same one.
    const unforeseen = fileName(index % 2);
    const foreseen = planned.files.map(fileName);
    scripts.set(id, { ...scriptOf(planned), touches: [...foreseen, unforeseen, id] });
    return {
      id,
      issue: index + 1,
      title: `Task ${index + 1}`,
      files: foreseen,
      predicted: [{ path: fileName(index + 1), confidence: 0.5 }],
      dependsOn: planned.dependsOn.filter((up) => up <= index).map((up) => `t${index + 1 - up}`),
      agent: planned.agent.costume,
      ...(planned.agent.costume === "command" ? { command: ["agent", "{promptFile}"] } : {}),
      ...(planned.verify === null ? {} : { verify: ["check"] }),
    };
  });
  const manifest = {
    project: "sim",
    created: toIso(BEGIN_MS),
    base: "main",
    agent: "codex",
    overlap: scenario.overlap,
    maxParallel: scenario.maxParallel,
    policy: {
      stallAfterMinutes: 5,
      attemptsMax: 2,
      backoffSeconds: 10,
      backoffMaxSeconds: 60,
      collisions: scenario.collisions,
      checks: scenario.checks,
    },
    phases: [
      { name: "First", gate: scenario.gate, tasks: tasks.slice(0, scenario.secondPhase) },
      { name: "Second", tasks: tasks.slice(scenario.secondPhase) },
    ],
  };
  const fallback = { costume: "codex", launches: [BEHAVIOURS.codex.good] } as const;
  return new World(formatManifest(manifest), scripts, fallback);
}

function scriptOf({ agent, verify, settles, checks, mends }: PlannedTask): TaskScript {
  const launches =
    agent.costume === "codex"
      ? agent.launches.map((name) => BEHAVIOURS.codex[name])
      : agent.launches.map((name) => BEHAVIOURS.command[name]);
  return {
    costume: agent.costume,
    launches,
    checks,
    ...(settles ? { settling: SETTLING[agent.costume] } : {}),
    mending: (mends ? MENDING : LEAVING)[agent.costume],
    ...(verify === null ? {} : { verify }),
  };
}

import type { WorkShown } from "../../src/graph/learned.ts";

/** A task as the simulation knows it; a scheduler sees of it what has come to light. */
export interface SimulatedTask {
  /** Its issue number. */
  readonly id: number;
  /** An ordinary task takes 1. */
  readonly duration: number;
  /** After which part of its duration (0 to 1) it has its first commit. */
  readonly commitsAt: number;
  /** What it touches, and after which part of its duration. */
  readonly touches: readonly { readonly path: string; readonly at: number }[];
}

/** A task at work, with what can be seen of it. */
export interface AtWork {
  readonly id: number;
  readonly shown: WorkShown;
}

/** A rule for who works when. */
export interface Scheduler {
  /** Which of the waiting tasks (by ascending number) gets a free place beside those at work; undefined: none yet. */
  next(waiting: readonly number[], atWork: readonly AtWork[]): number | undefined;
  /** The later one of two tasks is told of the other as soon as both were seen to touch a file. */
  readonly tells: boolean;
}

/** Times are in units of an ordinary task. */
export interface Costs {
  /** Tasks at the same time. */
  readonly workers: number;
  /** How much longer a task works for each other one that it is told of. */
  readonly adaptation: number;
  /** How often tasks at work are looked at. */
  readonly lookEvery: number;
}

/** What became of a backlog. */
export interface Outcome {
  readonly makespan: number;
  /** Runs that were thrown away. */
  readonly redone: number;
  /** Times that a task was told of another one. */
  readonly told: number;
  /** The most tasks that ever were at work at the same time. */
  readonly atOnce: number;
}

/**
 * Runs a backlog to its end. What ends is delivered and in the base of whatever starts later, unless it touched a file
 * that a task touched which was delivered while it ran, and neither was told of the other: then the run is thrown away,
 * and done again, never beside that task. A scheduler that starts nothing while nothing is at work is a mistake.
 */
export function simulate(
  tasks: readonly SimulatedTask[],
  scheduler: Scheduler,
  costs: Costs,
): Outcome {
  const world = new World(tasks, scheduler, costs);
  world.fillPlaces();
  for (let looks = 1; world.running.length > 0; world.fillPlaces()) {
    const nextLook = looks * costs.lookEvery;
    world.now = Math.min(nextLook, ...world.running.map(({ endsAt }) => endsAt));
    if (world.now === nextLook) {
      world.look();
      looks += 1;
    }
    for (const run of world.running.filter(({ endsAt }) => endsAt <= world.now)) world.end(run);
  }
  const { now: makespan, redone, told, atOnce } = world;
  return { makespan, redone, told, atOnce };
}

/** One attempt at a task. */
interface Run {
  readonly task: SimulatedTask;
  readonly startedAt: number;
  endsAt: number;
  seen: ReadonlySet<string>;
  /** Delivered while it ran, in that order. */
  readonly deliveredBeside: Run[];
  /** Runs with which it was found to collide in time. */
  readonly settled: Set<Run>;
}

class World {
  now = 0;
  /** In the order of their starts. */
  running: Run[] = [];
  redone = 0;
  told = 0;
  atOnce = 0;
  readonly #waiting: SimulatedTask[];
  readonly #scheduler: Scheduler;
  readonly #costs: Costs;
  /** Pairs for which a run was thrown away. */
  readonly #clashes = new Set<string>();

  constructor(tasks: readonly SimulatedTask[], scheduler: Scheduler, costs: Costs) {
    this.#waiting = tasks.toSorted((a, b) => a.id - b.id);
    this.#scheduler = scheduler;
    this.#costs = costs;
  }

  fillPlaces(): void {
    while (this.running.length < this.#costs.workers && this.#waiting.length > 0) {
      const free = this.#waiting.filter(({ id }) =>
        this.running.every((run) => !this.#clashes.has(pairOf(run.task.id, id))),
      );
      const atWork = this.running.map((run) => ({ id: run.task.id, shown: this.#shownBy(run) }));
      const chosen = this.#scheduler.next(
        free.map(({ id }) => id),
        atWork,
      );
      const task = this.#waiting.find(({ id }) => id === chosen);
      if (task === undefined) break;
      this.#waiting.splice(this.#waiting.indexOf(task), 1);
      this.running.push({
        task,
        startedAt: this.now,
        endsAt: this.now + task.duration,
        seen: new Set(),
        deliveredBeside: [],
        settled: new Set(),
      });
    }
    this.atOnce = Math.max(this.atOnce, this.running.length);
    if (this.running.length === 0 && this.#waiting.length > 0) {
      throw new Error("the scheduler starts nothing although nothing is at work");
    }
  }

  look(): void {
    for (const run of this.running) run.seen = this.#touchedBy(run);
    if (!this.#scheduler.tells) return;
    this.running.forEach((later, place) => {
      const earlier = [...later.deliveredBeside, ...this.running.slice(0, place)];
      for (const other of earlier) this.#tell(later, other);
    });
  }

  end(run: Run): void {
    this.running = this.running.filter((other) => other !== run);
    run.seen = this.#touchedBy(run);
    const clash = run.deliveredBeside.find((other) => isUnsettled(run, other));
    if (clash === undefined) {
      for (const other of this.running) other.deliveredBeside.push(run);
      return;
    }
    this.redone += 1;
    this.#clashes.add(pairOf(run.task.id, clash.task.id));
    const place = this.#waiting.findIndex(({ id }) => id > run.task.id);
    this.#waiting.splice(place === -1 ? this.#waiting.length : place, 0, run.task);
  }

  #tell(later: Run, other: Run): void {
    if (later.endsAt <= this.now || !isUnsettled(later, other)) return;
    later.settled.add(other);
    other.settled.add(later);
    later.endsAt += this.#costs.adaptation;
    this.told += 1;
  }

  #touchedBy({ task, startedAt }: Run): ReadonlySet<string> {
    const begun = task.touches.filter(({ at }) => startedAt + at * task.duration <= this.now);
    return new Set(begun.map(({ path }) => path));
  }

  #shownBy({ task, startedAt, seen }: Run): WorkShown {
    const committed = startedAt + task.commitsAt * task.duration <= this.now;
    return { touched: [...seen], commits: committed ? 1 : 0, ended: false };
  }
}

/** Both were seen to touch a file, and neither was told of the other. */
function isUnsettled(run: Run, other: Run): boolean {
  if (run.settled.has(other)) return false;
  for (const path of run.seen) if (other.seen.has(path)) return true;
  return false;
}

const pairOf = (a: number, b: number): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

import { type Random, seeded } from "../../bench/soak/random.ts";
import { type Costs, type Scheduler, type SimulatedTask, simulate } from "./simulate.ts";
import { type Expectations, learning, oracle } from "./strategies.ts";

/** A repository with known fixes. */
export interface KnownBacklog {
  readonly name: string;
  /** By issue number, what its fix touched. */
  readonly touched: ReadonlyMap<number, ReadonlySet<string>>;
  /** What a plan expects that puts tasks in order from this chance of a collision on. */
  expectations(orderFrom: number): Expectations;
}

/** How long tasks take, 1 on average: all the same, or by the square root of the number of files that they touch. */
export type Durations = "equal" | "files";

/** A strategy in a repository: sums over some simulations; times in units of an ordinary task. */
export interface Score {
  readonly issues: number;
  readonly work: number;
  readonly makespan: number;
  /** The makespan of who knows what collides. */
  readonly best: number;
  readonly redone: number;
  readonly told: number;
}

/** What a person may set of the learning scheduler. */
export interface Thresholds {
  readonly orderFrom: number;
  readonly releaseBelow: number;
}

/** How a simulation is repeated. */
export interface Chances {
  readonly durations: Durations;
  readonly seeds: readonly number[];
}

/** Tasks whose files come to light at random moments; a first commit comes late, when 80 % are seen on average. */
export function simulatedTasks(
  touched: KnownBacklog["touched"],
  durations: Durations,
  random: Random,
): SimulatedTask[] {
  const sizes = [...touched.values()].map(({ size }) => Math.sqrt(size));
  const usual = sizes.reduce((sum, size) => sum + size / sizes.length, 0);
  return [...touched].map(([id, paths]) => ({
    id,
    duration: durations === "equal" ? 1 : Math.sqrt(paths.size) / usual,
    commitsAt: 0.6 + 0.4 * random.fraction(),
    touches: [...paths].map((path) => ({ path, at: random.fraction() })),
  }));
}

/** Runs a strategy on a repository once for each seed. */
export function score(
  { touched }: KnownBacklog,
  strategy: (tasks: readonly SimulatedTask[]) => Scheduler,
  costs: Costs,
  { durations, seeds }: Chances,
): Score {
  return total(
    seeds.map((seed) => {
      const tasks = simulatedTasks(touched, durations, seeded(seed));
      const { makespan, redone, told } = simulate(tasks, strategy(tasks), costs);
      const best = simulate(tasks, oracle(tasks), costs).makespan;
      const work = tasks.reduce((sum, { duration }) => sum + duration, 0);
      return { issues: tasks.length, work, makespan, best, redone, told };
    }),
  );
}

/** The sum of scores. */
export function total(scores: readonly Score[]): Score {
  const sum = (read: (one: Score) => number) => scores.reduce((so, one) => so + read(one), 0);
  return {
    issues: sum(({ issues }) => issues),
    work: sum(({ work }) => work),
    makespan: sum(({ makespan }) => makespan),
    best: sum(({ best }) => best),
    redone: sum(({ redone }) => redone),
    told: sum(({ told }) => told),
  };
}

/** How fast it was beside who knows what collides: 1 is as fast. */
export const speed = ({ best, makespan }: Score): number => best / makespan;

/** Ordinary tasks for each issue whose work was for nothing: thrown away, or spent on fitting in. */
export const lost = ({ issues, redone, told }: Score, adaptation: number): number =>
  (redone + adaptation * told) / issues;

const ORDER_FROM = [0.2, 0.25, 0.3, 0.35, 0.4, 0.5];
const RELEASE_BELOW = [0, 0.1, 0.2, 0.3, 0.5, 1];

/** For each repository the thresholds that are worth most on all others, with these numbers of workers together. */
export function chosenThresholds(
  backlogs: readonly KnownBacklog[],
  costs: readonly Costs[],
  chances: Chances,
): readonly Thresholds[] {
  const tried = ORDER_FROM.flatMap((orderFrom) =>
    RELEASE_BELOW.map((releaseBelow) => ({
      thresholds: { orderFrom, releaseBelow },
      scores: costs.map((cost) =>
        backlogs.map((backlog) => {
          const expectations = backlog.expectations(orderFrom);
          return score(backlog, () => learning(expectations, releaseBelow), cost, chances);
        }),
      ),
    })),
  );
  return backlogs.map((_, left) => {
    const worthOnOthers = (scores: readonly Score[], { adaptation }: Costs) =>
      worth(total(scores.filter((__, place) => place !== left)), adaptation);
    const [best] = tried
      .map(({ thresholds, scores }) => ({
        thresholds,
        worth: costs.reduce((sum, cost, nth) => sum + worthOnOthers(scores[nth] ?? [], cost), 0),
      }))
      .toSorted((a, b) => b.worth - a.worth);
    if (best === undefined) throw new Error("no thresholds to choose from");
    return best.thresholds;
  });
}

/**
 * A percent of the oracle's speed is worth as much as a percent of an issue's work. Who is as fast as the oracle is fast
 * enough: more speed is no reason to lose more work.
 */
const worth = (score: Score, adaptation: number): number =>
  Math.min(1, speed(score)) - lost(score, adaptation);

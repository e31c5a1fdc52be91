import { parseArgs } from "node:util";
import { z } from "zod";
import { Policy } from "../src/manifest/policy.ts";
import { PLAN_ORDER_FROM } from "../src/planner/order-from.ts";
import { forecast } from "../src/planner/predict/predict.ts";
import { learnModels, ORDER_FROM, observe } from "./learning.ts";
import { readPlanningData } from "./planning-data.ts";
import {
  type Chances,
  chosenThresholds,
  type KnownBacklog,
  lost,
  type Score,
  score,
  speed,
  type Thresholds,
  total,
} from "./schedulers/compare.ts";
import type { Costs, Scheduler, SimulatedTask } from "./schedulers/simulate.ts";
import {
  type Expectations,
  inOrder,
  learning,
  oracle,
  parallel,
  predicted,
  serial,
} from "./schedulers/strategies.ts";

// Simulates schedulers on real issues whose fixes are known; every repository is predicted by a model that never saw it:
//   npm run score:schedulers -- DATA [--workers 4,8] [--adaptation 0.25,0.1,0.5,1] [--durations equal|files]
//     [--seed N] [--runs N] [--by-repository]

const USAGE =
  "usage: npm run score:schedulers -- DATA [options; see scripts/score-schedulers.ts]\n";
const LOOK_EVERY = 0.05;

const COST_MODEL = `
An issue takes 1 (--durations files: 1 on average, by the square root of the number of files of its fix). Each file of its fix
comes to light at a random moment of that time, its first commit in the last 40 % of it. Work is looked at every ${LOOK_EVERY}.
Finished work is merged at once. Two tasks that run at the same time and touch a common file collide, whether or not git
could merge them. Nobody told: the one that ends later is thrown away and done again. Told, when both have shown the file and
before the later one ends: it works so much longer as an adaptation costs, and is done. Lost: runs thrown away and time for
adaptations, in issues. The oracle knows all files and never lets two tasks collide; who lets them may be faster.
`;

const Options = z.object({
  workers: z.string().transform(numbers),
  adaptation: z.string().transform(numbers),
  durations: z.enum(["equal", "files"]),
  seed: z.coerce.number().int(),
  runs: z.coerce.number().int().min(1).max(100),
});

/** One line of a table for each number of workers. */
interface Strategy {
  readonly name: string;
  /** For the repository at this place. */
  of(place: number): (tasks: readonly SimulatedTask[]) => Scheduler;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      workers: { type: "string", default: "4,8" },
      adaptation: { type: "string", default: "0.25,0.1,0.5,1" },
      durations: { type: "string", default: "equal" },
      seed: { type: "string", default: "1" },
      runs: { type: "string", default: "5" },
      "by-repository": { type: "boolean", default: false },
    },
  });
  const [folder] = positionals;
  if (folder === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const { workers, adaptation, durations, seed, runs } = Options.parse(values);
  const backlogs = readBacklogs(folder);
  const chances = { durations, seeds: Array.from({ length: runs }, (_, nth) => seed + nth) };
  const [usual = 0.25, ...others] = adaptation;
  const costs = (cost: number) =>
    workers.map((count) => ({ workers: count, adaptation: cost, lookEvery: LOOK_EVERY }));
  const thresholds = chosenThresholds(backlogs, costs(usual), chances);
  const strategies = strategiesFor(backlogs, thresholds);
  process.stdout.write(COST_MODEL);
  show(`An adaptation costs ${usual}`, compare(backlogs, strategies, costs(usual), chances), usual);
  for (const cost of others) {
    const telling = strategies.filter(({ name }) => name.includes("told"));
    show(`An adaptation costs ${cost}`, compare(backlogs, telling, costs(cost), chances), cost);
  }
  process.stdout.write("\nThresholds, each chosen on all other repositories:\n");
  backlogs.forEach(({ name }, place) => {
    const { orderFrom, releaseBelow } = thresholds[place] ?? DEFAULTS;
    process.stdout.write(`  ${name}: orderFrom ${orderFrom}, releaseBelow ${releaseBelow}\n`);
  });
  if (!values["by-repository"]) return;
  backlogs.forEach((backlog, place) => {
    const own = strategies.map(({ name, of }) => ({ name, of: () => of(place) }));
    show(backlog.name, compare([backlog], own, costs(usual), chances), usual);
  });
}

const DEFAULTS: Thresholds = {
  orderFrom: PLAN_ORDER_FROM,
  releaseBelow: Policy.parse({}).releaseBelow,
};

function readBacklogs(folder: string): KnownBacklog[] {
  const repositories = readPlanningData(folder);
  const { heldOut, model } = learnModels(repositories.map(observe));
  return repositories.map(({ name, issues, index, touched }, place) => {
    const known = new Map<number, Expectations>();
    return {
      name,
      touched: new Map(issues.map(({ number }) => [number, touched.get(number) ?? new Set()])),
      expectations(orderFrom) {
        const found = known.get(orderFrom);
        if (found !== undefined) return found;
        const { files } = forecast(issues, index, { ...(heldOut[place] ?? model), orderFrom });
        known.set(orderFrom, files);
        return files;
      },
    };
  });
}

function strategiesFor(
  backlogs: readonly KnownBacklog[],
  thresholds: readonly Thresholds[],
): Strategy[] {
  const expected = (place: number, orderFrom = DEFAULTS.orderFrom): Expectations =>
    backlogs[place]?.expectations(orderFrom) ?? new Map();
  const { releaseBelow } = DEFAULTS;
  const always = (name: string, scheduler: Scheduler): Strategy => ({
    name,
    of: () => () => scheduler,
  });
  const planned = (
    name: string,
    make: (expectations: Expectations) => Scheduler,
    orderFrom?: number,
  ): Strategy => ({
    name,
    of: (place) => {
      const scheduler = make(expected(place, orderFrom));
      return () => scheduler;
    },
  });
  return [
    always("serial", serial),
    always("all-parallel", parallel(false)),
    always("all-parallel, told", parallel(true)),
    planned("predicted, in order", (files) => inOrder(files, predicted(files)), ORDER_FROM),
    planned("predicted-only", predicted, ORDER_FROM),
    planned("learning (told), in order", (files) => inOrder(files, learning(files, releaseBelow))),
    planned("learning (told)", (files) => learning(files, releaseBelow)),
    {
      name: "learning (told), chosen thresholds",
      of: (place) => {
        const chosen = thresholds[place] ?? DEFAULTS;
        const scheduler = learning(expected(place, chosen.orderFrom), chosen.releaseBelow);
        return () => scheduler;
      },
    },
    { name: "oracle", of: () => oracle },
  ];
}

/** A strategy with one number of workers: its score in each repository. */
interface Line {
  readonly workers: number;
  readonly name: string;
  readonly scores: readonly Score[];
}

const compare = (
  backlogs: readonly KnownBacklog[],
  strategies: readonly Strategy[],
  costs: readonly Costs[],
  chances: Chances,
): Line[] =>
  costs.flatMap((cost) =>
    strategies.map(({ name, of }) => ({
      workers: cost.workers,
      name,
      scores: backlogs.map((backlog, place) => score(backlog, of(place), cost, chances)),
    })),
  );

function show(title: string, lines: readonly Line[], adaptation: number): void {
  const head = [
    "workers",
    "scheduler",
    "speed-up",
    "% of oracle",
    "mean over repositories",
    "redo/issue",
    "told/issue",
    "lost/issue",
  ];
  const rows = lines.map(({ workers, name, scores }) => {
    const all = total(scores);
    const mean = scores.reduce((sum, one) => sum + speed(one) / scores.length, 0);
    return [
      `${workers}`,
      name,
      (all.work / all.makespan).toFixed(2),
      (100 * speed(all)).toFixed(1),
      (100 * mean).toFixed(1),
      (all.redone / all.issues).toFixed(3),
      (all.told / all.issues).toFixed(3),
      lost(all, adaptation).toFixed(3),
    ];
  });
  const table = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`);
  process.stdout.write(`\n${title}\n\n${table.join("")}`);
}

function numbers(list: string): number[] {
  return z.array(z.coerce.number().gt(0)).min(1).parse(list.split(","));
}

main();

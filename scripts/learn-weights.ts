import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CONTEXT } from "../src/planner/predict/context.ts";
import { EVIDENCE } from "../src/planner/predict/evidence.ts";
import type { LogisticModel } from "../src/planner/predict/logistic.ts";
import { logOdds } from "../src/planner/predict/logistic.ts";
import type { PredictionModel } from "../src/planner/predict/model.ts";
import { PAIR } from "../src/planner/predict/pairs.ts";
import { forecast } from "../src/planner/predict/predict.ts";
import { fitLogistic, type Observation } from "./fit-logistic.ts";
import {
  learnModels,
  ORDER_FROM,
  observe,
  observeContext,
  observePairs,
  type Sample,
} from "./learning.ts";
import { readPlanningData, withCheckouts } from "./planning-data.ts";

// Learns the weights of the file prediction from a data folder and clones of its repositories (CHECKOUTS/OWNER/NAME), and
// writes them where the planner reads them. Every repository is predicted once more by a model that never saw it;
// HELD_OUT.json gets these predictions, for the scorer, and HELD_OUT-checkouts.json those from the clones:
//   npm run learn:weights -- DATA CHECKOUTS [HELD_OUT.json]

const TARGET = new URL("../src/planner/predict/weights.json", import.meta.url);

async function learn(folder: string, options: Options): Promise<void> {
  const repositories = readPlanningData(folder);
  const samples = repositories.map(observe);
  const { model, heldOut } = learnModels(samples);
  const full = (await withCheckouts(repositories, options.checkouts)).map(observe);
  // A tree that holds the fixes already quotes its issues: nothing can be learned from it.
  const teachers = full.filter(({ repository }) => repository.tree.beforeFixes);
  const extended = new Map(
    full.flatMap((sample, place) => {
      const others = teachers.filter((other) => other !== sample);
      const own = heldOut[place];
      if (own === undefined || others.length === teachers.length) return [];
      return [[sample, extend(own, others)]];
    }),
  );
  if (options.heldOut !== undefined) {
    const predictions = samples.map(({ repository }, place) => [
      repository.name,
      Object.fromEntries(
        forecast(repository.issues, repository.index, heldOut[place] ?? model).files,
      ),
    ]);
    writeJson(options.heldOut, Object.fromEntries(predictions));
    const fuller = full.map((sample, place) => {
      const others = teachers.filter((other) => other !== sample);
      const own = extended.get(sample) ?? extend(heldOut[place] ?? model, others);
      const pair = extendPair(own.pair, others, extended);
      const { name, issues, index } = sample.repository;
      return [name, Object.fromEntries(forecast(issues, index, { ...own, pair }).files)];
    });
    writeJson(
      options.heldOut.replace(/(?:\.json)?$/, "-checkouts.json"),
      Object.fromEntries(fuller),
    );
  }
  const final = {
    ...extend(model, teachers),
    pair: extendPair(model.pair, teachers, extended),
  };
  writeJson(fileURLToPath(TARGET), {
    orderFrom: ORDER_FROM,
    evidence: readable(EVIDENCE, final.evidence),
    context: readable(CONTEXT, final.context),
    pair: readable(PAIR, final.pair),
  });
}

/** Contents and history are learned last, on top of all else: without them a prediction is what it was. */
const ON_TOP = new Set<string>(["quotes", "uses", "pastTitle", "pastText", "companion", "known"]);
const ON_TOP_PENALTY = 4;

function extend(model: PredictionModel, teachers: readonly Sample[]): PredictionModel {
  const evidence = onTop(
    EVIDENCE,
    model.evidence,
    teachers.flatMap(({ observed }) => observed.flat()),
  );
  const context = onTop(
    CONTEXT,
    model.context,
    teachers.flatMap((sample) => observeContext(sample, evidence)),
  );
  return { ...model, evidence, context };
}

/** Better chances of files ask for other chances of pairs; these are those of `extended` models, one for each teacher. */
function extendPair(
  pair: LogisticModel,
  teachers: readonly Sample[],
  extended: ReadonlyMap<Sample, PredictionModel>,
): LogisticModel {
  return onTop(
    PAIR,
    pair,
    teachers.flatMap((sample) => {
      const models = extended.get(sample);
      return models === undefined ? [] : observePairs(sample, models);
    }),
  );
}

function onTop(
  names: readonly string[],
  model: LogisticModel,
  observations: readonly Observation[],
): LogisticModel {
  const places = names.flatMap((name, place) => (ON_TOP.has(name) ? [place] : []));
  const rest = observations.map(({ row, ...observation }) => ({
    ...observation,
    row: Float64Array.from(places, (place) => row[place] ?? 0),
    offset: logOdds(model, row),
  }));
  const learned = fitLogistic(rest, ON_TOP_PENALTY, 1e9);
  const weights = [...model.weights];
  places.forEach((place, nth) => {
    const weight = learned.weights[nth] ?? 0;
    // A quotation never speaks against a file, whatever few examples say.
    weights[place] = names[place] === "known" ? weight : Math.max(0, weight);
  });
  return { bias: model.bias, weights };
}

const writeJson = (path: string, value: unknown): void =>
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

function readable(names: readonly string[], { bias, weights }: LogisticModel) {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return {
    bias: round(bias),
    weights: Object.fromEntries(names.map((name, place) => [name, round(weights[place] ?? 0)])),
  };
}

interface Options {
  readonly checkouts: string;
  readonly heldOut: string | undefined;
}

const [data, checkouts, heldOut] = process.argv.slice(2);
if (data === undefined || checkouts === undefined) {
  process.stderr.write("usage: npm run learn:weights -- DATA CHECKOUTS [HELD_OUT.json]\n");
  process.exit(2);
}
await learn(data, { checkouts, heldOut });

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CONTEXT, contextRows, type Guess } from "../src/planner/predict/context.ts";
import { candidatesOf, EVIDENCE } from "../src/planner/predict/evidence.ts";
import type { LogisticModel } from "../src/planner/predict/logistic.ts";
import { logOdds } from "../src/planner/predict/logistic.ts";
import type { PredictionModel } from "../src/planner/predict/model.ts";
import { type Chance, PAIR } from "../src/planner/predict/pairs.ts";
import {
  askFor,
  forecast,
  GUESSES_MAX,
  meetingsOf,
  type Questions,
  secondLook,
} from "../src/planner/predict/predict.ts";
import { fitLogistic, type Observation } from "./fit-logistic.ts";
import { type Repository, readPlanningData, withCheckouts } from "./planning-data.ts";

// Learns the weights of the file prediction from a data folder and clones of its repositories (CHECKOUTS/OWNER/NAME), and
// writes them where the planner reads them. Every repository is predicted once more by a model that never saw it;
// HELD_OUT.json gets these predictions, for the scorer, and HELD_OUT-checkouts.json those from the clones:
//   npm run learn:weights -- DATA CHECKOUTS [HELD_OUT.json]

const TARGET = new URL("../src/planner/predict/weights.json", import.meta.url);
const PENALTY = 2;
const PAIR_PENALTY = 0.5;
/** Chosen by the held-out predictions: the highest speed-up with a redo of at most 0.12 per issue. */
const ORDER_FROM = 0.25;

/** A repository with everything about it that does not change from model to model. */
interface Sample {
  readonly repository: Repository;
  readonly questions: Questions;
  readonly observed: readonly (readonly (Observation & { readonly file: number })[])[];
}

type FileModels = Pick<PredictionModel, "evidence" | "context">;

async function learn(folder: string, options: Options): Promise<void> {
  const repositories = readPlanningData(folder);
  const samples = repositories.map(observe);
  const models = samples.map((sample) => fitFiles(samples.filter((other) => other !== sample)));
  const pairs = samples.map((sample, place) => observePairs(sample, models[place]));
  const pairModels = pairs.map((_, place) =>
    fitLogistic(pairs.filter((__, other) => other !== place).flat(), PAIR_PENALTY),
  );
  const modelOf = (place: number): PredictionModel => ({
    ...(models[place] ?? fitFiles(samples)),
    pair: pairModels[place] ?? fitLogistic(pairs.flat(), PAIR_PENALTY),
    orderFrom: ORDER_FROM,
  });
  const model = {
    ...fitFiles(samples),
    pair: fitLogistic(pairs.flat(), PAIR_PENALTY),
    orderFrom: ORDER_FROM,
  };
  const full = (await withCheckouts(repositories, options.checkouts)).map(observe);
  // A tree that holds the fixes already quotes its issues: nothing can be learned from it.
  const teachers = full.filter(({ repository }) => repository.tree.beforeFixes);
  const extended = new Map(
    full.flatMap((sample, place) => {
      const others = teachers.filter((other) => other !== sample);
      return others.length < teachers.length ? [[sample, extend(modelOf(place), others)]] : [];
    }),
  );
  if (options.heldOut !== undefined) {
    const predictions = samples.map(({ repository }, place) => [
      repository.name,
      Object.fromEntries(forecast(repository.issues, repository.index, modelOf(place)).files),
    ]);
    writeJson(options.heldOut, Object.fromEntries(predictions));
    const fuller = full.map((sample, place) => {
      const others = teachers.filter((other) => other !== sample);
      const own = extended.get(sample) ?? extend(modelOf(place), others);
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
    teachers.flatMap((sample) => observePairs(sample, extended.get(sample))),
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

function observe(repository: Repository): Sample {
  const questions = askFor(repository.issues, repository.index);
  // Large backlogs say more than small ones, but not as many times more as they are larger.
  const weight = 5 / Math.sqrt(repository.issues.length);
  const observed = questions.issues.map((issue, place) => {
    const stated = new Map(
      (questions.stated[place] ?? []).map(({ path, confidence }) => [path, confidence]),
    );
    const findings = questions.findings[place] ?? [];
    return candidatesOf(issue, { ...questions, stated, findings }).map(({ file, row }) => ({
      file,
      row,
      happened: touches(repository, issue.number, file),
      weight,
    }));
  });
  return { repository, questions, observed };
}

const touches = ({ touched, index }: Repository, issue: number, file: number): boolean =>
  touched.get(issue)?.has(index.files[file]?.path ?? "") === true;

function fitFiles(samples: readonly Sample[]): FileModels {
  const evidence = fitLogistic(
    samples.flatMap(({ observed }) => observed.flat()),
    PENALTY,
  );
  const context = samples.flatMap((sample) => observeContext(sample, evidence));
  return { evidence, context: fitLogistic(context, PENALTY) };
}

function guessesOf({ observed }: Sample, model: LogisticModel): Guess[][] {
  return observed.map((rows) =>
    rows
      .map(({ file, row }) => ({ file, odds: logOdds(model, row) }))
      .toSorted((a, b) => b.odds - a.odds || a.file - b.file)
      .slice(0, GUESSES_MAX),
  );
}

function observeContext(sample: Sample, evidence: LogisticModel): Observation[] {
  const { repository, questions } = sample;
  const guesses = guessesOf(sample, evidence);
  const rows = contextRows(guesses, repository.index, questions.likenesses);
  return guesses.flatMap((own, place) =>
    own.flatMap(({ file }, nth) => {
      const row = rows[place]?.[nth];
      const number = questions.issues[place]?.number ?? 0;
      const weight = 5 / Math.sqrt(repository.issues.length);
      return row === undefined
        ? []
        : [{ row, weight, happened: touches(repository, number, file) }];
    }),
  );
}

/** Pairs are learned from chances of models that did not see the repository: those that it meets in earnest. */
function observePairs(sample: Sample, models: FileModels | undefined): Observation[] {
  if (models === undefined) return [];
  const { repository, questions } = sample;
  const chances: Chance[][] = secondLook(
    questions,
    guessesOf(sample, models.evidence),
    models.context,
  );
  const all = meetingsOf(questions, chances);
  const weight = 30 / Math.sqrt((repository.issues.length * (repository.issues.length - 1)) / 2);
  return [...all].map(({ a, b, row }) => {
    const [first, second] = [a, b].map(
      (place) => repository.touched.get(questions.issues[place]?.number ?? 0) ?? new Set<string>(),
    );
    const happened = [...(first ?? [])].some((path) => second?.has(path));
    return { row, weight, happened };
  });
}

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

import { writeFileSync } from "node:fs";
import { CONTEXT, contextRows, type Guess } from "../src/planner/predict/context.ts";
import { candidatesOf, EVIDENCE } from "../src/planner/predict/evidence.ts";
import type { LogisticModel } from "../src/planner/predict/logistic.ts";
import { logOdds } from "../src/planner/predict/logistic.ts";
import type { PredictionModel } from "../src/planner/predict/model.ts";
import { type Chance, meetings, PAIR } from "../src/planner/predict/pairs.ts";
import {
  askFor,
  forecast,
  GUESSES_MAX,
  type Questions,
  secondLook,
} from "../src/planner/predict/predict.ts";
import { fitLogistic, type Observation } from "./fit-logistic.ts";
import { type Repository, readPlanningData } from "./planning-data.ts";

// Learns the weights of the file prediction from a data folder and writes them where the planner reads them. Every
// repository is predicted once more by a model that never saw it; HELD_OUT gets these predictions, for score-planning:
//   npx tsx scripts/learn-weights.ts DATA [HELD_OUT.json]

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

function learn(repositories: readonly Repository[], heldOutPath: string | undefined): void {
  const samples = repositories.map(observe);
  const models = samples.map((sample) => fitFiles(samples.filter((other) => other !== sample)));
  const pairs = samples.map((sample, place) => observePairs(sample, models[place]));
  const without = (place: number) => pairs.filter((_, other) => other !== place).flat();
  const predictions = samples.map(({ repository }, place) => {
    const files = models[place] ?? fitFiles(samples);
    const pair = fitLogistic(without(place), PAIR_PENALTY);
    const model = { ...files, pair, orderFrom: ORDER_FROM };
    return [repository.name, forecast(repository.issues, repository.index, model).files] as const;
  });
  if (heldOutPath !== undefined) {
    const json = predictions.map(([name, files]) => [name, Object.fromEntries(files)]);
    writeFileSync(heldOutPath, `${JSON.stringify(Object.fromEntries(json), null, 1)}\n`);
  }
  const final = { ...fitFiles(samples), pair: fitLogistic(pairs.flat(), PAIR_PENALTY) };
  const file = {
    orderFrom: ORDER_FROM,
    evidence: readable(EVIDENCE, final.evidence),
    context: readable(CONTEXT, final.context),
    pair: readable(PAIR, final.pair),
  };
  writeFileSync(TARGET, `${JSON.stringify(file, null, 2)}\n`);
}

function observe(repository: Repository): Sample {
  const questions = askFor(repository.issues, repository.index);
  // Large backlogs say more than small ones, but not as many times more as they are larger.
  const weight = 5 / Math.sqrt(repository.issues.length);
  const observed = questions.issues.map((issue, place) => {
    const stated = new Map(
      (questions.stated[place] ?? []).map(({ path, confidence }) => [path, confidence]),
    );
    return candidatesOf(issue, repository.index, questions.backlog, stated).map(
      ({ file, row }) => ({
        file,
        row,
        happened: touches(repository, issue.number, file),
        weight,
      }),
    );
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
  const all = meetings(questions.issues, chances, questions.likenesses);
  const weight = 30 / Math.sqrt((repository.issues.length * (repository.issues.length - 1)) / 2);
  return all.map(({ a, b, row }) => {
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

const [data, heldOut] = process.argv.slice(2);
if (data === undefined) {
  process.stderr.write("usage: npx tsx scripts/learn-weights.ts DATA [HELD_OUT.json]\n");
  process.exit(2);
}
learn(readPlanningData(data), heldOut);

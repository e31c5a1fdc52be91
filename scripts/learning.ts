import { candidatesOf } from "../src/planner/predict/candidates.ts";
import { contextRows, type Guess } from "../src/planner/predict/context.ts";
import type { LogisticModel } from "../src/planner/predict/logistic.ts";
import { logOdds } from "../src/planner/predict/logistic.ts";
import type { PredictionModel } from "../src/planner/predict/model.ts";
import type { Chance } from "../src/planner/predict/pairs.ts";
import {
  type Asked,
  askFor,
  likeliest,
  meetingsOf,
  secondLook,
} from "../src/planner/predict/predict.ts";
import { fitLogistic, type Observation } from "./fit-logistic.ts";
import type { Repository } from "./planning-data.ts";

const PENALTY = 2;
const PAIR_PENALTY = 0.5;
/**
 * Chosen by the held-out predictions, with issues in their own and in shuffled orders. Between 0.26 and 0.29 it matters little;
 * below that the speed-up falls, above it the pairs' F1.
 */
export const ORDER_FROM = 0.27;

/** A repository with everything about it that does not change from model to model. */
export interface Sample {
  readonly repository: Repository;
  readonly questions: Asked;
  readonly observed: readonly (readonly (Observation & { readonly file: number })[])[];
}

export type FileModels = Pick<PredictionModel, "evidence" | "context">;

/** A model learned from all samples, and for each sample one that never saw it. */
export interface Learned {
  readonly model: PredictionModel;
  readonly heldOut: readonly PredictionModel[];
}

/** Learns what lists of files can teach. */
export function learnModels(samples: readonly Sample[]): Learned {
  const taught = samples.map((sample) => {
    const files = fitFiles(samples.filter((other) => other !== sample));
    return { files, pairs: observePairs(sample, files) };
  });
  const fitPairs = (teachers: typeof taught) =>
    fitLogistic(
      teachers.flatMap(({ pairs }) => pairs),
      PAIR_PENALTY,
    );
  return {
    model: { ...fitFiles(samples), pair: fitPairs(taught), orderFrom: ORDER_FROM },
    heldOut: taught.map((one) => ({
      ...one.files,
      pair: fitPairs(taught.filter((other) => other !== one)),
      orderFrom: ORDER_FROM,
    })),
  };
}

/** Looks at everything about a repository that does not change from model to model. */
export function observe(repository: Repository): Sample {
  const questions = askFor(repository.issues, repository.index);
  // Large backlogs say more than small ones, but not as many times more as they are larger.
  const weight = 5 / Math.sqrt(repository.issues.length);
  const observed = questions.issues.map((issue, place) => {
    return candidatesOf(questions, place).map(({ file, row }) => ({
      file,
      row: row.slice(),
      happened: touches(repository, issue.number, file),
      weight,
    }));
  });
  return { repository, questions, observed };
}

const touches = ({ touched, index }: Repository, issue: number, file: number): boolean =>
  touched.get(issue)?.has(index.files[file]?.path ?? "") === true;

/** Learns both looks at the files of issues. */
export function fitFiles(samples: readonly Sample[]): FileModels {
  const evidence = fitLogistic(
    samples.flatMap(({ observed }) => observed.flat()),
    PENALTY,
  );
  const context = samples.flatMap((sample) => observeContext(sample, evidence));
  return { evidence, context: fitLogistic(context, PENALTY) };
}

function guessesOf({ observed }: Sample, model: LogisticModel): Guess[][] {
  return observed.map((rows) =>
    likeliest(rows.map(({ file, row }) => ({ file, odds: logOdds(model, row) }))),
  );
}

/** What the second look sees after a first one with `evidence`. */
export function observeContext(sample: Sample, evidence: LogisticModel): Observation[] {
  const { repository, questions } = sample;
  const guesses = guessesOf(sample, evidence);
  const weight = 5 / Math.sqrt(repository.issues.length);
  const observed: Observation[] = [];
  for (const { place, file, row } of contextRows(guesses, repository.index, questions.likenesses)) {
    const number = questions.issues[place]?.number ?? 0;
    observed.push({ row: row.slice(), weight, happened: touches(repository, number, file) });
  }
  return observed;
}

/** Pairs are learned from chances of models that did not see the repository: those that it meets in earnest. */
export function observePairs(sample: Sample, models: FileModels): Observation[] {
  const { repository, questions } = sample;
  const chances: Chance[][] = secondLook(
    questions,
    guessesOf(sample, models.evidence),
    models.context,
  );
  const all = meetingsOf(questions, chances);
  const weight = 30 / Math.sqrt((repository.issues.length * (repository.issues.length - 1)) / 2);
  return Array.from(all, ({ a, b, row }) => {
    const [first, second] = [a, b].map(
      (place) => repository.touched.get(questions.issues[place]?.number ?? 0) ?? new Set<string>(),
    );
    const happened = [...(first ?? [])].some((path) => second?.has(path));
    return { row: row.slice(), weight, happened };
  });
}

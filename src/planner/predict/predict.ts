import { fileIndex, mentionedFiles, type PredictedFile } from "../files.ts";
import { hasPast, type RepositoryIndex } from "../index/repository-index.ts";
import type { Issue } from "../issue.ts";
import { type Backlog, readBacklog } from "./backlog.ts";
import { claimFiles } from "./claim.ts";
import { contextRows, type Guess } from "./context.ts";
import { type Candidate, candidatesOf, type WordBoards, wordBoards } from "./evidence.ts";
import { type Finding, findingsOf } from "./findings.ts";
import { type IssueText, readIssueText } from "./issue-text.ts";
import { compareIssues, type Likenesses } from "./likeness.ts";
import { chanceOf, type LogisticModel, logOdds } from "./logistic.ts";
import type { PredictionModel } from "./model.ts";
import { type Chance, type Meeting, meetings } from "./pairs.ts";
import { explain } from "./why.ts";

/** Issues that are looked at together, in the order in which they would be worked on, with all that is known of them. */
export interface Questions {
  readonly issues: readonly IssueText[];
  /** What each issue itself names, the surest first. */
  readonly stated: readonly (readonly PredictedFile[])[];
  readonly index: RepositoryIndex;
  readonly backlog: Backlog;
  readonly likenesses: Likenesses;
  /** Of each issue, what contents and history say. */
  readonly findings: readonly (readonly Finding[])[];
  readonly boards: WordBoards;
}

/** The files that an issue will probably touch, the likeliest first. */
export type Prediction = readonly PredictedFile[];

/** What is expected of issues that are planned together. */
export interface Forecast {
  /** By issue number: the files to plan with. Issues that share one are better done one after the other. */
  readonly files: ReadonlyMap<number, Prediction>;
  /** How likely two issues, by number, touch a common file; 0 where nothing speaks for it. */
  chanceOfMeeting(a: number, b: number): number;
}

/** Which files each issue will touch, and so which issues are done one after the other. */
export function forecast(
  issues: readonly Issue[],
  index: RepositoryIndex,
  model: PredictionModel,
): Forecast {
  const questions = askFor(issues, index);
  const looks = questions.issues.map((_, place) => firstLook(questions, place, model.evidence));
  const guesses = looks.map((look) => look.map(({ guess }) => guess));
  const chances = secondLook(questions, guesses, model.context);
  const orders = new Map<number, number>();
  for (const meeting of meetingsOf(questions, chances)) {
    const chance = chanceOf(logOdds(model.pair, meeting.row));
    if (chance >= CHANCE_MIN) orders.set(pairKey(meeting, issues.length), chance);
  }
  const claims = claimFiles(
    chances,
    questions.stated.map((files) => certainFiles(files, index)),
    (a, b) => (orders.get(pairKey({ a, b }, issues.length)) ?? 0) - model.orderFrom,
  );
  const files = new Map(
    questions.issues.map(({ number }, place) => {
      const candidates = new Map(
        (looks[place] ?? []).map(({ candidate }) => [candidate.file, candidate]),
      );
      const predicted = (chances[place] ?? [])
        .filter(({ file }) => claims[place]?.has(file))
        .map(({ file, chance }) => ({
          path: index.files[file]?.path ?? "",
          confidence: Math.round(chance * 100) / 100,
          why: explain(questions, { place, file, candidate: candidates.get(file), chances }, model),
        }));
      return [number, withStated(predicted, questions.stated[place] ?? [])];
    }),
  );
  const placeOf = new Map(questions.issues.map(({ number }, place) => [number, place]));
  return {
    files,
    chanceOfMeeting(a, b) {
      const [first, second] = [placeOf.get(a) ?? -1, placeOf.get(b) ?? -1];
      return orders.get(pairKey({ a: first, b: second }, issues.length)) ?? 0;
    },
  };
}

export function meetingsOf(
  { issues, likenesses, index }: Questions,
  chances: readonly (readonly Chance[])[],
): Iterable<Meeting> {
  return meetings(issues, chances, likenesses, hasPast(index));
}

/** A guess that orders nothing is told from this chance on. */
const TOLD_FROM = 0.1;

/** The forecast as a person wants to read it: without doubtful guesses that order nothing. */
export function withoutDoubts({ files, chanceOfMeeting }: Forecast): Forecast {
  const users = new Map<string, number>();
  for (const { path } of [...files.values()].flat()) users.set(path, (users.get(path) ?? 0) + 1);
  const isTold = ({ path, confidence }: PredictedFile) =>
    confidence >= TOLD_FROM || (users.get(path) ?? 0) > 1;
  return {
    files: new Map([...files].map(([number, guesses]) => [number, guesses.filter(isTold)])),
    chanceOfMeeting,
  };
}

/** Reads the issues, by ascending number. */
export function askFor(given: readonly Issue[], index: RepositoryIndex): Questions {
  const ordered = given.toSorted((a, b) => a.number - b.number);
  const issues = ordered.map(readIssueText);
  const paths = fileIndex([...index.idOf.keys()]);
  const backlog = readBacklog(issues, index);
  return {
    issues,
    stated: ordered.map((issue) => mentionedFiles(issue, paths)),
    index,
    backlog,
    findings: findingsOf(backlog, index),
    boards: wordBoards(index),
    likenesses: compareIssues(issues),
  };
}

/** Of each issue so many files get a second look. */
export const GUESSES_MAX = 120;
/** Of each issue so many files may be shared with others. */
const CHANCES_MAX = 40;
const CHANCE_MIN = 0.01;

/** The likeliest files of one issue by the evidence of the issue itself. */
export function firstLook(
  questions: Questions,
  place: number,
  model: LogisticModel,
): { readonly candidate: Candidate; readonly guess: Guess }[] {
  const issue = questions.issues[place];
  if (issue === undefined) return [];
  const stated = new Map(
    (questions.stated[place] ?? []).map((file) => [file.path, file.confidence]),
  );
  const findings = questions.findings[place] ?? [];
  return candidatesOf(issue, { ...questions, stated, findings })
    .map((candidate) => ({
      candidate,
      guess: { file: candidate.file, odds: logOdds(model, candidate.row) },
    }))
    .toSorted((a, b) => b.guess.odds - a.guess.odds || a.guess.file - b.guess.file)
    .slice(0, GUESSES_MAX)
    .map(({ candidate, guess }) => ({
      candidate: { ...candidate, row: candidate.row.slice() },
      guess,
    }));
}

/**
 * The chances of the likeliest files of all issues, by what the issues tell together. Without upkeep files: to meet there
 * costs nothing.
 */
export function secondLook(
  questions: Questions,
  guesses: readonly (readonly Guess[])[],
  model: LogisticModel,
): Chance[][] {
  const { index, likenesses } = questions;
  const rows = contextRows(guesses, index, likenesses);
  return guesses.map((own, place) =>
    own
      .map(({ file }, nth) => {
        const row = rows[place]?.[nth];
        return { file, chance: row === undefined ? 0 : chanceOf(logOdds(model, row)) };
      })
      .filter(({ file, chance }) => chance >= CHANCE_MIN && index.files[file]?.kind !== "upkeep")
      .toSorted((a, b) => b.chance - a.chance || a.file - b.file)
      .slice(0, CHANCES_MAX),
  );
}

const pairKey = ({ a, b }: Pick<Meeting, "a" | "b">, issues: number): number =>
  Math.min(a, b) * issues + Math.max(a, b);

/** What stands under `Files` is certain; what is named in passing is evidence. */
const isCertain = ({ confidence }: PredictedFile): boolean => confidence === 1;

function certainFiles(
  files: readonly PredictedFile[],
  index: RepositoryIndex,
): ReadonlySet<number> {
  return new Set(files.filter(isCertain).flatMap(({ path }) => index.idOf.get(path) ?? []));
}

/** Files that the issue lists come first, also those that do not exist yet. */
function withStated(predicted: Prediction, stated: readonly PredictedFile[]): Prediction {
  const certain = stated.filter(isCertain);
  const listed = new Set(certain.map(({ path }) => path));
  return [...certain, ...predicted.filter(({ path }) => !listed.has(path))];
}

import { fileIndex, mentionedFiles, type PredictedFile } from "../files.ts";
import { hasPast, type RepositoryIndex } from "../index/repository-index.ts";
import type { Issue } from "../issue.ts";
import { readBacklog } from "./backlog.ts";
import { candidatesOf, type Questions } from "./candidates.ts";
import { claimFiles } from "./claim.ts";
import { contextRows, type Guess } from "./context.ts";
import { EVIDENCE } from "./evidence.ts";
import { findingsOf } from "./findings.ts";
import { issueReader } from "./issue-text.ts";
import { wordBoards } from "./like-words.ts";
import { compareIssues, type Likenesses } from "./likeness.ts";
import { chanceOf, type LogisticModel, logOdds } from "./logistic.ts";
import type { PredictionModel } from "./model.ts";
import { newFiles } from "./new-files.ts";
import { type Opinions, reasonWith, withOpinions } from "./opinions.ts";
import { OwnTraits } from "./own-traits.ts";
import { PairChances } from "./pair-chances.ts";
import { type Chance, type Meeting, meetings } from "./pairs.ts";
import { Sheet } from "./sheet.ts";
import { explain, type FileEvidence } from "./why.ts";

/** The files that an issue will probably touch, the likeliest first. */
export type Prediction = readonly PredictedFile[];

/** What is expected of issues that are planned together. */
export interface Forecast {
  /** By issue number: the files to plan with. Issues that share one are better done one after the other. */
  readonly files: ReadonlyMap<number, Prediction>;
  /** How likely two issues, by number, touch a common file; 0 where nothing speaks for it. */
  chanceOfMeeting(a: number, b: number): number;
}

/** Nobody has looked. */
const NO_OPINIONS: Opinions = { of: "", byIssue: new Map() };

/** Which files each issue will touch, and so which issues are done one after the other. */
export function forecast(
  issues: readonly Issue[],
  index: RepositoryIndex,
  model: PredictionModel,
  opinions: Opinions = NO_OPINIONS,
): Forecast {
  const questions = askFor(issues, index);
  const { looks, chances: unrefined } = bothLooks(questions, model);
  const chances = unrefined.map((own, place) => {
    const said = opinions.byIssue.get(questions.issues[place]?.number ?? 0);
    return said === undefined ? own : withOpinions(own, said, index);
  });
  const pairs = new PairChances(issues.length);
  for (const { a, b, row } of meetingsOf(questions, chances)) {
    const chance = chanceOf(logOdds(model.pair, row));
    if (chance >= CHANCE_MIN) pairs.set(a, b, chance);
  }
  const claims = claimFiles(
    chances,
    questions.stated.map((files) => certainFiles(files, index)),
    (a, b) => pairs.of(a, b) - model.orderFrom,
  );
  const files = new Map(
    questions.issues.map((issue, place) => {
      const predicted = (chances[place] ?? [])
        .filter(({ file }) => claims[place]?.has(file))
        .map(({ file, chance }) => ({
          path: index.files[file]?.path ?? "",
          confidence: Math.round(chance * 100) / 100,
          why: reasonWith(
            explain(
              questions,
              { place, file, evidence: looks[place]?.evidenceOf(file), chances },
              model,
            ),
            index.files[file]?.path ?? "",
            opinions,
            issue.number,
          ),
        }));
      const guesses = [...predicted, ...newFiles(issue, index, opinions)].toSorted(
        (a, b) => b.confidence - a.confidence,
      );
      return [issue.number, withStated(guesses, questions.stated[place] ?? [])];
    }),
  );
  const placeOf = new Map(questions.issues.map(({ number }, place) => [number, place]));
  return {
    files,
    chanceOfMeeting: (a, b) => pairs.of(placeOf.get(a) ?? -1, placeOf.get(b) ?? -1),
  };
}

/** For each issue that lists no files, by number, the likeliest ones: what somebody who looks closer begins with. */
export function likeliestFiles(
  issues: readonly Issue[],
  index: RepositoryIndex,
  model: PredictionModel,
): ReadonlyMap<number, readonly string[]> {
  const questions = askFor(issues, index);
  const { chances } = bothLooks(questions, model);
  return new Map(
    questions.issues.flatMap(({ number }, place): [number, readonly string[]][] =>
      (questions.stated[place] ?? []).some(isCertain)
        ? []
        : [[number, (chances[place] ?? []).map(({ file }) => index.files[file]?.path ?? "")]],
    ),
  );
}

function bothLooks(
  questions: Asked,
  model: PredictionModel,
): { readonly looks: readonly Look[]; readonly chances: readonly Chance[][] } {
  const looks = questions.issues.map((_, place) => firstLook(questions, place, model.evidence));
  const guesses = looks.map((look) => look.guesses);
  return { looks, chances: secondLook(questions, guesses, model.context) };
}

/** Pairs of issues that may meet; rows are good until the next one. */
export function meetingsOf(
  { issues, likenesses, index }: Asked,
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

/** What is asked of issues and index, with how alike the issues read. */
export interface Asked extends Questions {
  readonly likenesses: Likenesses;
}

/** Reads the issues, by ascending number. */
export function askFor(given: readonly Issue[], index: RepositoryIndex): Asked {
  const ordered = given.toSorted((a, b) => a.number - b.number);
  const issues = ordered.map(issueReader());
  const paths = fileIndex([...index.idOf.keys()]);
  const backlog = readBacklog(issues, index);
  return {
    issues,
    stated: ordered.map((issue) => mentionedFiles(issue, paths)),
    index,
    backlog,
    findings: findingsOf(backlog, index),
    boards: wordBoards(index),
    sheet: new Sheet(index.files.length),
    traits: new OwnTraits(index),
    likenesses: compareIssues(issues),
  };
}

/** Of each issue so many files get a second look. */
const GUESSES_MAX = 120;
/** Of each issue so many files may be shared with others. */
const CHANCES_MAX = 40;
const CHANCE_MIN = 0.01;

/** The likeliest files of one issue, the likeliest first, by the evidence of the issue itself. */
interface Look {
  readonly guesses: readonly Guess[];
  evidenceOf(file: number): FileEvidence | undefined;
}

function firstLook(questions: Questions, place: number, model: LogisticModel): Look {
  const found = candidatesOf(questions, place);
  const best = likeliest(
    found.map(({ file, row }, nth) => ({ nth, file, odds: logOdds(model, row) })),
  );
  const width = EVIDENCE.length;
  // One table for all of them: many small ones take more room.
  const rows = new Float32Array(best.length * width);
  best.forEach(({ nth }, rank) => {
    rows.set(found[nth]?.row ?? [], rank * width);
  });
  const guesses = best.map(({ file, odds }) => ({ file, odds }));
  const termOf = questions.sheet.termsOf(guesses.map(({ file }) => file));
  return {
    guesses,
    evidenceOf(file) {
      const rank = guesses.findIndex((guess) => guess.file === file);
      if (rank < 0) return undefined;
      const row = rows.subarray(rank * width, (rank + 1) * width);
      return { row, termOf: (evidence) => termOf(file, evidence) };
    },
  };
}

/** So many guesses as get a second look, the likeliest first. */
export const likeliest = <One extends Guess>(guesses: readonly One[]): One[] =>
  guesses.toSorted((a, b) => b.odds - a.odds || a.file - b.file).slice(0, GUESSES_MAX);

/**
 * The chances of the likeliest files of all issues, by what the issues tell together. Without upkeep files: to meet there
 * costs nothing.
 */
export function secondLook(
  { index, likenesses }: Asked,
  guesses: readonly (readonly Guess[])[],
  model: LogisticModel,
): Chance[][] {
  const chances: Chance[][] = guesses.map(() => []);
  for (const { place, file, row } of contextRows(guesses, index, likenesses)) {
    const chance = chanceOf(logOdds(model, row));
    if (chance < CHANCE_MIN || index.files[file]?.kind === "upkeep") continue;
    chances[place]?.push({ file, chance });
  }
  return chances.map((own) =>
    own.toSorted((a, b) => b.chance - a.chance || a.file - b.file).slice(0, CHANCES_MAX),
  );
}

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

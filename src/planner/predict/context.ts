import type { Partner } from "../index/partners.ts";
import { hasPast, type RepositoryIndex } from "../index/repository-index.ts";
import { valueAt } from "./columns.ts";
import type { Likenesses } from "./likeness.ts";
import { chanceOf } from "./logistic.ts";

/**
 * The second look at a file: how it stands among the other candidates, what its tests, folder and namesakes say, and
 * what issues that read alike say.
 */
export const CONTEXT = [
  "own",
  "rank",
  "rankOfKind",
  "behindBest",
  "doubt",
  "everywhere",
  "distinct",
  "neighbourBest",
  "neighbourMean",
  "neighbourOdds",
  "folder",
  "namesake",
  "partner",
  "partnerOfTest",
  "churnShare",
  "churnWhenLost",
  "depth",
  "ownOfFixture",
  "ownOfTest",
  "ownOfDoc",
  "test",
  "fixture",
  "doc",
  "other",
  "upkeep",
  "companion",
  "known",
] as const;

/** A candidate after the first look. */
export interface Guess {
  readonly file: number;
  readonly odds: number;
}

/**
 * Visits each guess of each issue (its likeliest first) with its row in the order of `CONTEXT`, which is good until the
 * next one.
 */
export function* contextRows(
  guesses: readonly (readonly Guess[])[],
  index: RepositoryIndex,
  likenesses: Likenesses,
): Generator<{ readonly place: number; readonly file: number; readonly row: Float64Array }> {
  const everywhere = new Float64Array(index.files.length);
  for (const { file, odds } of guesses.flat()) {
    everywhere[file] = valueAt(everywhere, file) + chanceOf(odds) / guesses.length;
  }
  const neighbours = new Neighbours(guesses, likenesses, index.files.length);
  const row = new Float64Array(CONTEXT.length);
  for (const [place, own] of guesses.entries()) {
    neighbours.ask(place);
    const fill = rowFiller(own, index, everywhere, neighbours);
    for (const [rank, guess] of own.entries()) {
      fill(guess, rank, row);
      yield { place, file: guess.file, row };
    }
  }
}

const NEIGHBOURS_DOUBT = 0.15;

/** What the issues that read like one say of each file. */
class Neighbours {
  readonly #guesses: readonly (readonly Guess[])[];
  readonly #likenesses: Likenesses;
  /** For each file, all 0 before the next question. */
  readonly #best: Float64Array;
  readonly #sums: Float64Array;
  #weights = 0;
  #asked: readonly { readonly place: number; readonly weight: number }[] = [];

  constructor(guesses: readonly (readonly Guess[])[], likenesses: Likenesses, files: number) {
    this.#guesses = guesses;
    this.#likenesses = likenesses;
    this.#best = new Float64Array(files);
    this.#sums = new Float64Array(files);
  }

  /** Forgets what it was asked before. */
  ask(place: number): void {
    for (const { place: other } of this.#asked) {
      for (const { file } of this.#guesses[other] ?? []) {
        this.#best[file] = 0;
        this.#sums[file] = 0;
      }
    }
    this.#asked = this.#likenesses.neighboursOf(place);
    this.#weights = NEIGHBOURS_DOUBT;
    for (const { place: other, weight } of this.#asked) {
      this.#weights += weight;
      for (const { file, odds } of this.#guesses[other] ?? []) {
        const chance = chanceOf(odds);
        const value = Math.min(1, 1.5 * weight) * chance;
        this.#best[file] = Math.max(valueAt(this.#best, file), value);
        this.#sums[file] = valueAt(this.#sums, file) + weight * chance;
      }
    }
  }

  bestOf(file: number): number {
    return valueAt(this.#best, file);
  }

  meanOf(file: number): number {
    return valueAt(this.#sums, file) / this.#weights;
  }
}

/** Log-odds at which a file is as good as out of the question. */
const ODDS_FLOOR = -7;

/** Writes the row of a guess of one issue. */
function rowFiller(
  guesses: readonly Guess[],
  index: RepositoryIndex,
  everywhere: Float64Array,
  neighbours: Neighbours,
): (guess: Guess, rank: number, row: Float64Array) => void {
  const oddsOf = new Map(guesses.map(({ file, odds }) => [file, odds]));
  const kindOf = (file: number) => index.files[file]?.kind ?? "other";
  const folderOf = (file: number) => index.files[file]?.folder ?? "";
  const bestOdds = guesses[0]?.odds ?? ODDS_FLOOR;
  const ranksOfKind = new Map<number, number>();
  const seenOfKind = new Map<string, number>();
  const folders = new Map<string, number>();
  let expected = 0;
  for (const { file, odds } of guesses) {
    const rank = (seenOfKind.get(kindOf(file)) ?? 0) + 1;
    seenOfKind.set(kindOf(file), rank);
    ranksOfKind.set(file, rank);
    folders.set(folderOf(file), (folders.get(folderOf(file)) ?? 0) + chanceOf(odds));
    expected += chanceOf(odds);
  }
  const bestOdd = (files: readonly number[]) =>
    files.reduce((best, file) => Math.max(best, oddsOf.get(file) ?? ODDS_FLOOR), ODDS_FLOOR);
  const best = (partners: readonly Partner[] = []) =>
    partners.reduce((most, { file, weight }) => {
      const known = oddsOf.get(file);
      return known === undefined ? most : Math.max(most, (known - ODDS_FLOOR) * weight);
    }, 0) / -ODDS_FLOOR;
  return ({ file, odds }, rank, row) => {
    const own = index.files[file];
    const kind = kindOf(file);
    const is = (other: string) => (kind === other ? 1 : 0);
    const common = valueAt(everywhere, file);
    const neighbourMean = neighbours.meanOf(file);
    const namesakes = (index.byCore.get(own?.core ?? "") ?? []).filter((other) => other !== file);
    const partnerShare = best(index.partners.get(file));
    const churnShare = (own?.churn ?? 0) / Math.max(1, index.churnMax);
    const mates = (folders.get(own?.folder ?? "") ?? 0) - chanceOf(odds);
    const above = Math.max(ODDS_FLOOR, odds) - ODDS_FLOOR;
    row.set([
      odds,
      Math.log(1 + rank),
      Math.log(ranksOfKind.get(file) ?? 1),
      (bestOdds - odds) / 4,
      Math.log(expected + 0.01),
      common,
      odds - Math.log((common + 0.005) / Math.max(0.005, 1 - common)),
      neighbours.bestOf(file),
      neighbourMean,
      Math.log(neighbourMean + 0.003),
      Math.log(Math.max(0, mates) + 0.001) / 3,
      (bestOdd(namesakes) - ODDS_FLOOR) / -ODDS_FLOOR,
      partnerShare,
      is("test") * partnerShare,
      churnShare,
      churnShare * (1 - chanceOf(bestOdds)),
      (own?.depth ?? 0) / 5,
      above * is("fixture"),
      above * is("test"),
      above * is("doc"),
      is("test"),
      is("fixture"),
      is("doc"),
      is("other"),
      is("upkeep"),
      best(index.history.companions.get(file)),
      hasPast(index) ? 1 : 0,
    ]);
  };
}

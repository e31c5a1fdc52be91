import type { Partner } from "../index/partners.ts";
import { hasPast, type RepositoryIndex } from "../index/repository-index.ts";
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

/** Visits each guess of each issue with its row in the order of `CONTEXT`, which is good until the next one. */
export function* contextRows(
  guesses: readonly (readonly Guess[])[],
  index: RepositoryIndex,
  likenesses: Likenesses,
): Generator<{ readonly place: number; readonly file: number; readonly row: Float64Array }> {
  const chances = guesses.map(
    (own) => new Map(own.map(({ file, odds }) => [file, chanceOf(odds)] as const)),
  );
  const everywhere = new Map<number, number>();
  for (const own of chances) {
    for (const [file, value] of own) {
      everywhere.set(file, (everywhere.get(file) ?? 0) + value / guesses.length);
    }
  }
  const row = new Float64Array(CONTEXT.length);
  for (const [place, own] of guesses.entries()) {
    const near = likenesses.neighboursOf(place).map(({ place: other, weight }) => ({
      weight,
      chances: chances[other] ?? new Map<number, number>(),
    }));
    const fill = rowFiller(own, index, everywhere, near);
    for (const guess of own) {
      fill(guess, row);
      yield { place, file: guess.file, row };
    }
  }
}

interface Neighbour {
  readonly weight: number;
  readonly chances: ReadonlyMap<number, number>;
}

/** Log-odds at which a file is as good as out of the question. */
const ODDS_FLOOR = -7;

/** Writes the row of a guess of one issue. */
function rowFiller(
  guesses: readonly Guess[],
  index: RepositoryIndex,
  everywhere: ReadonlyMap<number, number>,
  near: readonly Neighbour[],
): (guess: Guess, row: Float64Array) => void {
  const oddsOf = new Map(guesses.map(({ file, odds }) => [file, odds]));
  const kindOf = (file: number) => index.files[file]?.kind ?? "other";
  const folderOf = (file: number) => index.files[file]?.folder ?? "";
  const ranked = guesses.toSorted((a, b) => b.odds - a.odds);
  const bestOdds = ranked[0]?.odds ?? ODDS_FLOOR;
  const ranks = new Map(ranked.map(({ file }, rank) => [file, rank]));
  const ranksOfKind = new Map<number, number>();
  const seenOfKind = new Map<string, number>();
  const folders = new Map<string, number>();
  let expected = 0;
  for (const { file, odds } of ranked) {
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
  return ({ file, odds }, row) => {
    const own = index.files[file];
    const kind = kindOf(file);
    const is = (other: string) => (kind === other ? 1 : 0);
    const common = everywhere.get(file) ?? 0;
    let neighbourBest = 0;
    let neighbourSum = 0;
    let weights = 0.15;
    for (const { weight, chances } of near) {
      const value = chances.get(file) ?? 0;
      neighbourBest = Math.max(neighbourBest, Math.min(1, 1.5 * weight) * value);
      neighbourSum += weight * value;
      weights += weight;
    }
    const namesakes = (index.byCore.get(own?.core ?? "") ?? []).filter((other) => other !== file);
    const partnerShare = best(index.partners.get(file));
    const churnShare = (own?.churn ?? 0) / Math.max(1, index.churnMax);
    const mates = (folders.get(own?.folder ?? "") ?? 0) - chanceOf(odds);
    const above = Math.max(ODDS_FLOOR, odds) - ODDS_FLOOR;
    row.set([
      odds,
      Math.log(1 + (ranks.get(file) ?? 0)),
      Math.log(ranksOfKind.get(file) ?? 1),
      (bestOdds - odds) / 4,
      Math.log(expected + 0.01),
      common,
      odds - Math.log((common + 0.005) / Math.max(0.005, 1 - common)),
      neighbourBest,
      neighbourSum / weights,
      Math.log(neighbourSum / weights + 0.003),
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

import type { Partner } from "../index/partners.ts";
import type { FileKind } from "../index/paths.ts";
import { hasPast, type RepositoryIndex } from "../index/repository-index.ts";
import { columnsOf, valueAt } from "./columns.ts";
import type { Likenesses } from "./likeness.ts";
import { chanceOf } from "./logistic.ts";

/**
 * The second look at a file: how it stands among the other candidates, what its tests and folder say, and
 * what issues that read alike say.
 */
export const CONTEXT = [
  "own",
  "rank",
  "behindBest",
  "doubt",
  "distinct",
  "neighbourBest",
  "neighbourOdds",
  "folder",
  "partner",
  "partnerOfTest",
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

/** The place of each in a row. */
const AT = columnsOf(CONTEXT);

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
  const oddsOf = new Float64Array(index.files.length).fill(ODDS_FLOOR);
  const row = new Float64Array(CONTEXT.length);
  for (const [place, own] of guesses.entries()) {
    neighbours.ask(place);
    for (const { file, odds } of own) oddsOf[file] = odds;
    const fill = rowFiller(own, { index, everywhere, neighbours, oddsOf });
    for (const [rank, guess] of own.entries()) {
      fill(guess, rank, row);
      yield { place, file: guess.file, row };
    }
    for (const { file } of own) oddsOf[file] = ODDS_FLOOR;
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

const NO_FILE = { kind: "other", folder: "", churn: 0, depth: 0 } as const;

/** Writes the row of a guess of one issue. */
function rowFiller(
  guesses: readonly Guess[],
  {
    index,
    everywhere,
    neighbours,
    oddsOf,
  }: {
    readonly index: RepositoryIndex;
    readonly everywhere: Float64Array;
    readonly neighbours: Neighbours;
    /** Of each guess, by file; the floor for all others. */
    readonly oddsOf: Float64Array;
  },
): (guess: Guess, rank: number, row: Float64Array) => void {
  const bestOdds = guesses[0]?.odds ?? ODDS_FLOOR;
  const folders = new Map<string, number>();
  let expected = 0;
  for (const { file, odds } of guesses) {
    const { folder } = index.files[file] ?? NO_FILE;
    const chance = chanceOf(odds);
    folders.set(folder, (folders.get(folder) ?? 0) + chance);
    expected += chance;
  }
  const best = (partners: readonly Partner[] | undefined) => {
    let most = 0;
    for (const { file, weight } of partners ?? []) {
      most = Math.max(most, (valueAt(oddsOf, file) - ODDS_FLOOR) * weight);
    }
    return most / -ODDS_FLOOR;
  };
  return ({ file, odds }, rank, row) => {
    const { kind, folder, churn, depth } = index.files[file] ?? NO_FILE;
    const is = (other: FileKind) => (kind === other ? 1 : 0);
    const common = valueAt(everywhere, file);
    const partnerShare = best(index.partners.get(file));
    const churnShare = churn / Math.max(1, index.churnMax);
    const mates = (folders.get(folder) ?? 0) - chanceOf(odds);
    const above = Math.max(ODDS_FLOOR, odds) - ODDS_FLOOR;
    row[AT.own] = odds;
    row[AT.rank] = Math.log(1 + rank);
    row[AT.behindBest] = (bestOdds - odds) / 4;
    row[AT.doubt] = Math.log(expected + 0.01);
    row[AT.distinct] = odds - Math.log((common + 0.005) / Math.max(0.005, 1 - common));
    row[AT.neighbourBest] = neighbours.bestOf(file);
    row[AT.neighbourOdds] = Math.log(neighbours.meanOf(file) + 0.003);
    row[AT.folder] = Math.log(Math.max(0, mates) + 0.001) / 3;
    row[AT.partner] = partnerShare;
    row[AT.partnerOfTest] = is("test") * partnerShare;
    row[AT.churnWhenLost] = churnShare * (1 - chanceOf(bestOdds));
    row[AT.depth] = depth / 5;
    row[AT.ownOfFixture] = above * is("fixture");
    row[AT.ownOfTest] = above * is("test");
    row[AT.ownOfDoc] = above * is("doc");
    row[AT.test] = is("test");
    row[AT.fixture] = is("fixture");
    row[AT.doc] = is("doc");
    row[AT.other] = is("other");
    row[AT.upkeep] = is("upkeep");
    row[AT.companion] = best(index.history.companions.get(file));
    row[AT.known] = hasPast(index) ? 1 : 0;
  };
}

import type { Postings } from "../index/postings.ts";
import type { Backlog } from "./backlog.ts";

const SATURATION = 1.2;
const LENGTH_MATTERS = 0.5;
/** A best score far below this tells little, so it does not count as 1. */
const SCORE_FLOOR = 2;

/**
 * How like the words of an issue are to those of each text (BM25), against the best one: 0 to 1. One board is asked many
 * times, as a table for every text is too much to make anew for each issue.
 */
export class WordScores {
  readonly #postings: Postings;
  readonly #scores: Float64Array;
  #touched: number[] = [];
  #best = 0;

  constructor(postings: Postings) {
    this.#postings = postings;
    this.#scores = new Float64Array(postings.lengths.length);
  }

  /** Forgets what it was asked before. */
  ask(counts: ReadonlyMap<string, number>, backlog: Backlog): void {
    for (const text of this.#touched) this.#scores[text] = 0;
    this.#touched = [];
    this.#best = 0;
    const { of, lengths, lengthMean } = this.#postings;
    const all = lengths.length;
    const common = Math.max(8, all / 4);
    for (const [word, count] of counts) {
      const posting = of.get(word);
      if (posting === undefined || posting.files.length > common) continue;
      const having = posting.files.length;
      const inverse = Math.log(1 + (all - having + 0.5) / (having + 0.5));
      const weight = ((2 * count) / (count + 1)) * backlog.rarityOf(word) * inverse;
      for (let place = 0; place < having; place += 1) {
        const text = posting.files[place] ?? 0;
        const own = posting.counts[place] ?? 0;
        const long = (lengths[text] ?? 0) / lengthMean;
        const damped = own + SATURATION * (1 - LENGTH_MATTERS + LENGTH_MATTERS * long);
        const before = this.#scores[text] ?? 0;
        if (before === 0) this.#touched.push(text);
        const score = before + (weight * own * (SATURATION + 1)) / damped;
        this.#scores[text] = score;
        if (score > this.#best) this.#best = score;
      }
    }
  }

  of(text: number): number {
    return (this.#scores[text] ?? 0) / (this.#best + SCORE_FLOOR);
  }

  /** The texts with at least this likeness. */
  from(least: number): number[] {
    const score = least * (this.#best + SCORE_FLOOR);
    return this.#touched.filter((text) => (this.#scores[text] ?? 0) >= score);
  }
}

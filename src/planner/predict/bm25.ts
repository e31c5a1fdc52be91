import type { Postings } from "../index/postings.ts";
import type { Term, Word } from "./backlog.ts";

/** A best score far below this tells little, so it does not count as 1. */
const SCORE_FLOOR = 2;
const WIPED_FROM = 32;

/**
 * How like the words of an issue are to those of each text (BM25), against the best one: 0 to 1. One board is asked many
 * times, as a table for every text is too much to make anew for each issue.
 */
export class WordScores {
  readonly #where: keyof Word["postings"];
  readonly #scores: Float32Array;
  /** The first `#reached` are the texts with a score. */
  readonly #touched: Int32Array;
  #reached = 0;
  #best = 0;

  /** `where`: which postings of the words are these. */
  constructor(postings: Postings, where: keyof Word["postings"]) {
    this.#where = where;
    this.#scores = new Float32Array(postings.texts);
    this.#touched = new Int32Array(postings.texts);
  }

  /** Forgets what it was asked before. */
  ask(terms: readonly Term[]): void {
    this.#forget();
    for (const { word, count } of terms) {
      const posting = word.postings[this.#where];
      if (posting === undefined) continue;
      const weight = ((2 * count) / (count + 1)) * word.rarity * posting.weight;
      this.#add(posting.texts, posting.impacts, weight);
    }
  }

  of(text: number): number {
    return (this.#scores[text] ?? 0) / (this.#best + SCORE_FLOOR);
  }

  /** The texts with at least this likeness. */
  from(least: number): number[] {
    const score = least * (this.#best + SCORE_FLOOR);
    const found: number[] = [];
    for (let nth = 0; nth < this.#reached; nth += 1) {
      const text = this.#touched[nth] ?? 0;
      if ((this.#scores[text] ?? 0) >= score) found.push(text);
    }
    return found;
  }

  /**
   * Adds up the likenesses of such texts. Those whose sum was 0 join `reached`, of which `count` are filled; how many are
   * filled now.
   */
  addFrom(least: number, sums: Float64Array, reached: Int32Array, count: number): number {
    const room = this.#best + SCORE_FLOOR;
    const from = least * room;
    let filled = count;
    for (let nth = 0; nth < this.#reached; nth += 1) {
      const text = this.#touched[nth] ?? 0;
      const score = this.#scores[text] ?? 0;
      if (score < from) continue;
      const before = sums[text] ?? 0;
      if (before === 0) {
        reached[filled] = text;
        filled += 1;
      }
      sums[text] = before + score / room;
    }
    return filled;
  }

  #add(texts: Int32Array, impacts: Float32Array, weight: number): void {
    const scores = this.#scores;
    const touched = this.#touched;
    let reached = this.#reached;
    let best = this.#best;
    for (let place = 0; place < texts.length; place += 1) {
      const text = texts[place] ?? 0;
      const before = scores[text] ?? 0;
      if (before === 0) {
        touched[reached] = text;
        reached += 1;
      }
      const score = before + weight * (impacts[place] ?? 0);
      scores[text] = score;
      if (score > best) best = score;
    }
    this.#reached = reached;
    this.#best = best;
  }

  #forget(): void {
    // To wipe the whole table is faster than to look for more than a few places of it.
    if (this.#reached > this.#scores.length / WIPED_FROM) this.#scores.fill(0);
    else for (let nth = 0; nth < this.#reached; nth += 1) this.#scores[this.#touched[nth] ?? 0] = 0;
    this.#reached = 0;
    this.#best = 0;
  }
}

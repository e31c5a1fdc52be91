import { valueAt } from "./columns.ts";
import { AT, type Candidate, EVIDENCE, type Evidence } from "./evidence.ts";

/** The words of an issue behind a kind of evidence for a file, where there are some. */
export type TermOf = (file: number, evidence: Evidence) => string | undefined;

/** The candidates of one issue under construction; the next issue is written over them, as new rows take too long. */
export class Sheet {
  /** For each file its place among the entries, from 1. */
  readonly #placeOf: Int32Array;
  readonly #entries: Entry[] = [];
  #count = 0;

  constructor(files: number) {
    this.#placeOf = new Int32Array(files);
  }

  /** Forgets everything. */
  clear(): void {
    for (const { file } of this.candidates()) this.#placeOf[file] = 0;
    this.#count = 0;
  }

  /** Makes the file a candidate. */
  include(file: number): void {
    this.#entryOf(file);
  }

  /** The strongest of several pieces of one kind counts. */
  raise(file: number, evidence: Evidence, value: number, term: string): void {
    const entry = this.#entryOf(file);
    const at = AT[evidence];
    if (value <= valueAt(entry.row, at)) return;
    entry.row[at] = value;
    entry.terms[at] = term;
  }

  /** Pieces of this kind add up, each further one less. */
  add(file: number, evidence: Evidence, value: number, term: string): void {
    const entry = this.#entryOf(file);
    const at = AT[evidence];
    entry.terms[at] ??= term;
    entry.row[at] = Math.log1p(Math.expm1(valueAt(entry.row, at)) + value);
  }

  /** As they stand; the rows are good until `clear`. */
  candidates(): readonly Candidate[] {
    return this.#entries.slice(0, this.#count);
  }

  /** Tells the words of the issue behind a kind of evidence for one of these files; goes on doing so after `clear`. */
  termsOf(files: readonly number[]): TermOf {
    const width = EVIDENCE.length;
    const kept = new Map<number, string>();
    for (const file of files) {
      const { terms } = this.#entryOf(file);
      for (let at = 0; at < width; at += 1) {
        const term = terms[at];
        if (term !== undefined) kept.set(file * width + at, term);
      }
    }
    return (file, evidence) => kept.get(file * width + AT[evidence]);
  }

  #entryOf(file: number): Entry {
    const known = this.#entries[(this.#placeOf[file] ?? 0) - 1];
    if (known !== undefined) return known;
    const entry = this.#entries[this.#count] ?? this.#newEntry();
    this.#count += 1;
    this.#placeOf[file] = this.#count;
    entry.file = file;
    entry.row.fill(0);
    entry.terms.fill(undefined);
    return entry;
  }

  #newEntry(): Entry {
    const entry = {
      file: 0,
      row: new Float64Array(EVIDENCE.length),
      terms: Array<string | undefined>(EVIDENCE.length).fill(undefined),
    };
    this.#entries.push(entry);
    return entry;
  }
}

interface Entry {
  file: number;
  readonly row: Float64Array;
  /** The words behind each piece of the row, where there are some. */
  readonly terms: (string | undefined)[];
}

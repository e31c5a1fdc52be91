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
  #terms = new Map<number, string>();

  constructor(files: number) {
    this.#placeOf = new Int32Array(files);
  }

  /** Forgets everything. */
  clear(): void {
    for (const { file } of this.candidates()) this.#placeOf[file] = 0;
    this.#count = 0;
    this.#terms = new Map();
  }

  /** Makes the file a candidate. */
  include(file: number): void {
    this.#entryOf(file);
  }

  /** The strongest of several pieces of one kind counts. */
  raise(file: number, evidence: Evidence, value: number, term: string): void {
    const entry = this.#entryOf(file);
    if (value <= valueAt(entry.row, AT[evidence])) return;
    entry.row[AT[evidence]] = value;
    this.#terms.set(termKey(file, evidence), term);
  }

  /** Pieces of this kind add up, each further one less. */
  add(file: number, evidence: Evidence, value: number, term: string): void {
    const entry = this.#entryOf(file);
    const key = termKey(file, evidence);
    if (!this.#terms.has(key)) this.#terms.set(key, term);
    const before = valueAt(entry.row, AT[evidence]);
    entry.row[AT[evidence]] = Math.log1p(Math.expm1(before) + value);
  }

  /** As they stand; the rows are good until `clear`. */
  candidates(): readonly Candidate[] {
    return this.#entries.slice(0, this.#count);
  }

  /** Tells the words of the issue behind a kind of evidence; goes on doing so after `clear`. */
  terms(): TermOf {
    const terms = this.#terms;
    return (file, evidence) => terms.get(termKey(file, evidence));
  }

  #entryOf(file: number): Entry {
    const known = this.#entries[(this.#placeOf[file] ?? 0) - 1];
    if (known !== undefined) return known;
    const entry = this.#entries[this.#count] ?? this.#newEntry();
    this.#count += 1;
    this.#placeOf[file] = this.#count;
    entry.file = file;
    entry.row.fill(0);
    return entry;
  }

  #newEntry(): Entry {
    const entry = { file: 0, row: new Float64Array(EVIDENCE.length) };
    this.#entries.push(entry);
    return entry;
  }
}

interface Entry {
  file: number;
  readonly row: Float64Array;
}

const termKey = (file: number, evidence: Evidence): number => file * EVIDENCE.length + AT[evidence];

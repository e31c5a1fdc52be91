import { valueAt } from "./columns.ts";
import { AT, type Candidate, EVIDENCE, type Evidence } from "./evidence.ts";

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
    if (value <= valueAt(entry.row, AT[evidence])) return;
    entry.row[AT[evidence]] = value;
    termsOf(entry).set(evidence, term);
  }

  /** Pieces of this kind add up, each further one less. */
  add(file: number, evidence: Evidence, value: number, term: string): void {
    const entry = this.#entryOf(file);
    const terms = termsOf(entry);
    if (!terms.has(evidence)) terms.set(evidence, term);
    const before = valueAt(entry.row, AT[evidence]);
    entry.row[AT[evidence]] = Math.log1p(Math.expm1(before) + value);
  }

  /** As they stand; the rows are good until `clear`. */
  candidates(): readonly Candidate[] {
    return this.#entries.slice(0, this.#count);
  }

  #entryOf(file: number): Entry {
    const known = this.#entries[(this.#placeOf[file] ?? 0) - 1];
    if (known !== undefined) return known;
    const entry = this.#entries[this.#count] ?? this.#newEntry();
    this.#count += 1;
    this.#placeOf[file] = this.#count;
    entry.file = file;
    entry.terms = NO_TERMS;
    entry.row.fill(0);
    return entry;
  }

  #newEntry(): Entry {
    const entry = { file: 0, row: new Float64Array(EVIDENCE.length), terms: NO_TERMS };
    this.#entries.push(entry);
    return entry;
  }
}

interface Entry {
  file: number;
  readonly row: Float64Array;
  terms: Map<Evidence, string>;
}

/** Most candidates have none of their own. */
const NO_TERMS = new Map<Evidence, string>();

function termsOf(entry: Entry): Map<Evidence, string> {
  if (entry.terms === NO_TERMS) entry.terms = new Map();
  return entry.terms;
}

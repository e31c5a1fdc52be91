import { hasPast, type RepositoryIndex } from "../index/repository-index.ts";
import { AT } from "./evidence.ts";
import type { IssueText } from "./issue-text.ts";
import type { Sheet } from "./sheet.ts";

/** So many changes, at which few and none are much the same. */
const CHURN_DOUBT = 0.3;
const CHURN_SCALE = Math.log(100);
/** Of `EVIDENCE` these columns are the same for every issue. */
const FIRST = AT.churn;
const WIDTH = AT.upkeep - AT.churn + 1;

const IN_TEXT = 1;
const IN_TITLE = 2;

/**
 * What is true of each file itself, and how much of its name an issue speaks. All files stand in a few tables, as a look at
 * scattered objects for each candidate of each issue takes longer.
 */
export class OwnTraits {
  readonly #fixed: Float64Array;
  /** The words of a file's name begin at its place of `#starts` in `#words` and end where the next one's begin. */
  readonly #starts: Int32Array;
  readonly #words: Int32Array;
  readonly #idOf: ReadonlyMap<string, number>;
  readonly #known: number;
  /** By the numbers of words, all 0 between two issues. */
  readonly #spoken: Uint8Array;

  constructor(index: RepositoryIndex) {
    this.#fixed = new Float64Array(index.files.length * WIDTH);
    this.#starts = new Int32Array(index.files.length + 1);
    this.#words = Int32Array.from(index.files.flatMap(({ nameWords }) => nameWords));
    this.#idOf = index.nameWordIds;
    this.#known = hasPast(index) ? 1 : 0;
    this.#spoken = new Uint8Array(index.nameWordIds.size);
    for (const [file, own] of index.files.entries()) {
      this.#starts[file + 1] = (this.#starts[file] ?? 0) + own.nameWords.length;
      const set = (at: number, value: number) => {
        this.#fixed[file * WIDTH + at - FIRST] = value;
      };
      set(AT.churn, Math.log1p(own.churn) / CHURN_SCALE);
      set(AT.churnShare, own.churn / Math.max(1, index.churnMax));
      set(AT.churnOfKind, own.churn / Math.max(1, index.churnMaxOfKind.get(own.kind) ?? 0));
      const usual = index.churnMeanOfKind.get(own.kind) ?? 0;
      set(AT.churnRelative, Math.log((own.churn + CHURN_DOUBT) / (usual + CHURN_DOUBT)) / 5);
      set(AT.definitions, Math.log1p(own.symbolCount) / 5);
      set(AT.depth, own.depth / 5);
      if (own.kind !== "source") set(AT[own.kind], 1);
    }
  }

  /** Writes them into the rows of all candidates. */
  write({ counts: { title, text } }: IssueText, found: Sheet): void {
    this.#mark(text, IN_TEXT);
    this.#mark(title, IN_TITLE);
    for (const { file, row } of found.candidates()) {
      const start = this.#starts[file] ?? 0;
      const end = this.#starts[file + 1] ?? start;
      let inTitle = 0;
      let inEither = 0;
      for (let nth = start; nth < end; nth += 1) {
        const where = this.#spoken[this.#words[nth] ?? 0] ?? 0;
        if (where === IN_TITLE) inTitle += 1;
        if (where !== 0) inEither += 1;
      }
      const count = Math.max(1, end - start);
      row[AT.coveredTitle] = inTitle / count;
      row[AT.coveredText] = inEither / count;
      for (let nth = 0; nth < WIDTH; nth += 1) {
        row[FIRST + nth] = this.#fixed[file * WIDTH + nth] ?? 0;
      }
      row[AT.known] = this.#known;
    }
    this.#mark(text, 0);
    this.#mark(title, 0);
  }

  #mark(counts: ReadonlyMap<string, number>, where: number): void {
    for (const word of counts.keys()) {
      const id = this.#idOf.get(word);
      if (id !== undefined) this.#spoken[id] = where;
    }
  }
}

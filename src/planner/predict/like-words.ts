import type { RepositoryIndex } from "../index/repository-index.ts";
import type { Terms } from "./backlog.ts";
import { WordScores } from "./bm25.ts";
import { valueAt } from "./columns.ts";
import { AT, type Evidence } from "./evidence.ts";
import type { Sheet } from "./sheet.ts";

/** Boards for the words of paths and definitions, one for each kind of evidence that comes of them. */
export interface WordBoards {
  readonly boards: readonly (readonly [Evidence, keyof Terms, WordScores])[];
  /** Room for a sum for each file; all 0 between two issues. */
  readonly totals: Float64Array;
  /** Room for the files that have one. */
  readonly alike: Int32Array;
}

export function wordBoards({ files, pathWords, symbolWords }: RepositoryIndex): WordBoards {
  return {
    totals: new Float64Array(files.length),
    alike: new Int32Array(files.length),
    boards: [
      ["pathTitle", "title", new WordScores(pathWords, "paths")],
      ["pathText", "text", new WordScores(pathWords, "paths")],
      ["pathCode", "code", new WordScores(pathWords, "paths")],
      ["pathLabel", "label", new WordScores(pathWords, "paths")],
      ["definesTitle", "title", new WordScores(symbolWords, "definitions")],
      ["definesText", "text", new WordScores(symbolWords, "definitions")],
      ["definesCode", "code", new WordScores(symbolWords, "definitions")],
    ],
  };
}

/** Of files that are known by like words alone, so many are looked at. */
const LIKE_FILES_MAX = 200;
const LIKENESS_MIN = 0.15;

/** Words of the issue in paths and definitions, weighed as search engines do, against the best file's. */
export function likeWords(
  terms: Terms,
  { boards, totals, alike: room }: WordBoards,
  found: Sheet,
): void {
  let count = 0;
  for (const [, zone, scores] of boards) {
    scores.ask(terms[zone]);
    count = scores.addFrom(LIKENESS_MIN, totals, room, count);
  }
  const alike = room.subarray(0, count);
  for (const file of highest(alike, totals, LIKE_FILES_MAX)) found.include(file);
  totals.fill(0);
  const candidates = found.candidates();
  for (const [evidence, , scores] of boards) {
    const place = AT[evidence];
    for (const { file, row } of candidates) row[place] = scores.of(file);
  }
}

/** The files of the highest values, of equal ones the first; there are too many to sort them all. */
function highest(files: Int32Array, values: Float64Array, countMax: number): number[] {
  if (files.length <= countMax) return [...files];
  const least = leastOfHighest(files, values, countMax);
  const found: number[] = [];
  addWhere(files, (file) => valueAt(values, file) > least, countMax, found);
  addWhere(files, (file) => valueAt(values, file) === least, countMax, found);
  return found;
}

function addWhere(
  files: Int32Array,
  fits: (file: number) => boolean,
  countMax: number,
  found: number[],
): void {
  for (let place = 0; place < files.length && found.length < countMax; place += 1) {
    const file = files[place] ?? 0;
    if (fits(file)) found.push(file);
  }
}

/** The lowest of the `count` highest values, by a heap of those seen so far with the lowest on top. */
function leastOfHighest(files: Int32Array, values: Float64Array, count: number): number {
  const heap = new Float64Array(count);
  for (let place = 0; place < count; place += 1) heap[place] = valueAt(values, files[place] ?? 0);
  heap.sort();
  for (let place = count; place < files.length; place += 1) {
    const value = valueAt(values, files[place] ?? 0);
    if (value > valueAt(heap, 0)) replaceLeast(heap, value);
  }
  return valueAt(heap, 0);
}

function replaceLeast(heap: Float64Array, value: number): void {
  let place = 0;
  for (;;) {
    const left = 2 * place + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const lower = right < heap.length && valueAt(heap, right) < valueAt(heap, left) ? right : left;
    if (valueAt(heap, lower) >= value) break;
    heap[place] = valueAt(heap, lower);
    place = lower;
  }
  heap[place] = value;
}

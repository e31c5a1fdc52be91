import { type FileKind, folderOf, isFolderFile, stemName } from "./paths.ts";
import { normal, pieces, stem, stemReader } from "./words.ts";

/** A file, with the name that `coreName` gives it. */
interface NamedFile {
  readonly path: string;
  readonly kind: FileKind;
  readonly core: string;
}

/** A file that usually changes together with another one, and how surely (0 to 1). */
export interface Partner {
  readonly file: number;
  readonly weight: number;
}

/**
 * The tests of every source and the sources of every test, by their names alone: each word of a test's name is looked
 * up in the paths of the sources, so `tests/test_ext_napoleon_docstring.py` finds `ext/napoleon/docstring.py`.
 */
export function partnersOf(files: readonly NamedFile[]): ReadonlyMap<number, readonly Partner[]> {
  const sources = sourceWords(files);
  const partners = new Map<number, Partner[]>();
  const link = (from: number, file: number, weight: number) => {
    const known = partners.get(from);
    if (known === undefined) partners.set(from, [{ file, weight }]);
    else known.push({ file, weight });
  };
  const sheet = new SharedWords(files.length);
  files.forEach((own, test) => {
    if (own.kind !== "test") return;
    for (const { file, weight } of sourcesOf(own, files, sources, sheet)) {
      link(test, file, weight);
      link(file, test, weight);
    }
  });
  return partners;
}

const SOURCES_MAX = 3;
const WEIGHT_MIN = 0.5;
/** How far below the best source another one may lie. */
const SPREAD = 0.12;
/** A word of this many sources tells nothing. */
const COMMON = 400;
const RARITY_MAX = 5;

interface SourceWords {
  readonly of: ReadonlyMap<number, ReadonlySet<string>>;
  readonly sourcesWith: ReadonlyMap<string, readonly number[]>;
  /** Words of sources by their first two letters. */
  readonly byStart: ReadonlyMap<string, readonly string[]>;
}

function sourceWords(files: readonly NamedFile[]): SourceWords {
  const of = new Map<number, Set<string>>();
  const sourcesWith = new Map<string, number[]>();
  const byStart = new Map<string, string[]>();
  const stems = stemReader();
  const folders = new Map<string, readonly string[]>();
  files.forEach(({ path, kind }, file) => {
    if (kind !== "source") return;
    const folder = folderOf(path);
    const around = folders.get(folder) ?? stems(folder);
    folders.set(folder, around);
    const all = new Set(around);
    for (const word of stems(stemName(path))) all.add(word);
    of.set(file, all);
    for (const word of all) {
      const same = sourcesWith.get(word);
      if (same !== undefined) same.push(file);
      else {
        sourcesWith.set(word, [file]);
        const start = word.slice(0, 2);
        const alike = byStart.get(start);
        if (alike === undefined) byStart.set(start, [word]);
        else alike.push(word);
      }
    }
  });
  return { of, sourcesWith, byStart };
}

const TEST_WORD = /^(?:tests?|spec|it|unit|integration|d|src|main|java)$/;
const testWords = (text: string): string[] =>
  pieces(text)
    .filter((piece) => !TEST_WORD.test(piece))
    .map(stem);

/** For each source how much of a test's name it shares. One table for all tests, as new ones take too long. */
class SharedWords {
  readonly #values: Float64Array;
  /** Of the word at hand. */
  readonly #alike: Float64Array;
  readonly #touched: number[] = [];

  constructor(files: number) {
    this.#values = new Float64Array(files);
    this.#alike = new Float64Array(files);
  }

  clear(): void {
    for (const file of this.#touched) this.#values[file] = 0;
    this.#touched.length = 0;
  }

  /** The sources that have one of these words share `value` of the name, less where the word is only like the name's. */
  add(matches: readonly string[], word: string, value: number, { sourcesWith }: SourceWords): void {
    const hit: number[] = [];
    for (const match of matches) {
      const having = sourcesWith.get(match) ?? [];
      if (having.length > COMMON) continue;
      const alike = match === word ? 1 : 0.7;
      for (const file of having) {
        const before = this.#alike[file] ?? 0;
        if (before === 0) hit.push(file);
        if (alike > before) this.#alike[file] = alike;
      }
    }
    for (const file of hit) {
      const before = this.#values[file] ?? 0;
      if (before === 0) this.#touched.push(file);
      this.#values[file] = before + (this.#alike[file] ?? 0) * value;
      this.#alike[file] = 0;
    }
  }

  /** Sources that share more than this, in the order in which they were found. */
  above(least: (value: number) => boolean): { readonly file: number; readonly value: number }[] {
    const found: { file: number; value: number }[] = [];
    for (const file of this.#touched) {
      const value = this.#values[file] ?? 0;
      if (least(value)) found.push({ file, value });
    }
    return found;
  }
}

function sourcesOf(
  test: NamedFile,
  files: readonly NamedFile[],
  sources: SourceWords,
  shared: SharedWords,
): Partner[] {
  const around = testWords(folderOf(test.path));
  const own = testWords(stemName(test.path));
  const named = own.length > 0 ? own : around.slice(-1);
  shared.clear();
  let whole = 0;
  for (const word of named) {
    const matches = likeWords(word, sources);
    const rarities = matches.map((match) => rarity(match, sources));
    const value = Math.min(
      RARITY_MAX,
      rarities.length === 0 ? RARITY_MAX / 2 : Math.max(...rarities),
    );
    whole += value;
    shared.add(matches, word, value, sources);
  }
  const found = shared
    .above((value) => (0.8 * value) / whole + 0.35 > WEIGHT_MIN)
    .map(({ file, value }) => ({ file, weight: likeness(file, value / whole) }))
    .filter(({ weight }) => weight > WEIGHT_MIN)
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, SOURCES_MAX);
  const best = found[0]?.weight ?? 0;
  return found
    .filter(({ weight }) => weight >= best - SPREAD)
    .map(({ file, weight }) => ({ file, weight: Math.min(1, weight) }));

  function likeness(file: number, share: number): number {
    const known = sources.of.get(file) ?? new Set();
    const near = around.filter((word) => known.has(word)).length / Math.max(1, around.length);
    const extra = Math.max(0, known.size - named.length - around.length);
    const same = files[file]?.core === test.core ? 0.25 : 0;
    return Math.min(1, 0.8 * share + same) + 0.1 * near - 0.01 * extra;
  }
}

/** The word itself, or those of which it is an abbreviation, or that abbreviate it. */
function likeWords(word: string, sources: SourceWords): string[] {
  if (sources.sourcesWith.has(word)) return [word];
  if (word.length < 2) return [];
  return (sources.byStart.get(word.slice(0, 2)) ?? []).filter(
    (other) => other.startsWith(word) || (other.length > 3 && word.startsWith(other)),
  );
}

const rarity = (word: string, sources: SourceWords): number =>
  Math.log((sources.of.size + 1) / (sources.sourcesWith.get(word)?.length ?? 1));

/** What a file is named after, without the marks of tests: `duration` for `duration/index.js` and `duration.test.js`. */
export function coreName(path: string): string {
  const bare = isFolderFile(path) ? folderOf(path) : path;
  return normal(
    stemName(bare)
      .replace(/\.(?:d|test|spec)$/, "")
      .replace(/^test[_-]|[_-]tests?$|[_.-]spec$|(?<=[a-z])Tests?$/g, ""),
  );
}

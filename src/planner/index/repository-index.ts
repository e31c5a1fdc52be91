import type { RepositoryFacts } from "./facts.ts";
import { type History, historyOf } from "./history.ts";
import { coreName, type Partner, partnersOf } from "./partners.ts";
import { baseName, type FileKind, folderOf, isFolderFile, kindOf, stemName } from "./paths.ts";
import { type Postings, postings } from "./postings.ts";
import { normal, pieces, wordReader } from "./words.ts";

/** A repository's paths and definitions, ready to be asked. Files are numbers: places in `files`. */
export interface RepositoryIndex {
  readonly files: readonly IndexedFile[];
  readonly idOf: ReadonlyMap<string, number>;
  /** By the last name of the path, in small letters. */
  readonly byBaseName: ReadonlyMap<string, readonly number[]>;
  /** By the name without ending, as it is written. */
  readonly byStem: ReadonlyMap<string, readonly number[]>;
  /** By the name without ending, case and separators; also by the core name. */
  readonly byName: ReadonlyMap<string, readonly number[]>;
  /** By names without the endings that many files of the repository share, e.g. `Check` or `Controller`. */
  readonly byShortName: ReadonlyMap<string, readonly number[]>;
  readonly byCore: ReadonlyMap<string, readonly number[]>;
  readonly byFolder: ReadonlyMap<string, readonly number[]>;
  /** Folders by their last name without case and separators. */
  readonly foldersByName: ReadonlyMap<string, readonly string[]>;
  /** `index`, `mod` and the like, by the last name of their folder. */
  readonly folderFilesByName: ReadonlyMap<string, readonly number[]>;
  readonly bySymbol: ReadonlyMap<string, readonly number[]>;
  readonly pathWords: Postings;
  readonly symbolWords: Postings;
  readonly partners: ReadonlyMap<number, readonly Partner[]>;
  /** The files that change most, the first the most. */
  readonly hottest: readonly number[];
  readonly churnMax: number;
  readonly churnMaxOfKind: ReadonlyMap<FileKind, number>;
  /** Marks of what each source says, as `markedText` makes them; none where the contents are not known. */
  readonly marks: ReadonlyMap<number, Uint32Array>;
  readonly history: History;
}

export interface IndexedFile {
  readonly path: string;
  readonly kind: FileKind;
  readonly folder: string;
  /** How many names its path has. */
  readonly depth: number;
  readonly core: string;
  /** Changes among the latest commits. */
  readonly churn: number;
  readonly symbolCount: number;
  /** Words of its own name, or of its folder's when its name says nothing. */
  readonly nameWords: readonly string[];
}

/** Names defined in more files than this tell nothing. */
const SYMBOL_FILES_MAX = 8;
const HOTTEST_MAX = 15;

/** Takes some seconds and about a kilobyte a file. */
export function indexRepository(facts: RepositoryFacts): RepositoryIndex {
  const paths = [...new Set(facts.paths)];
  const idOf = new Map(paths.map((path, id) => [path, id]));
  const symbols = symbolsOf(facts, idOf);
  const words = wordReader();
  const files = paths.map(
    (path, id): IndexedFile => ({
      path,
      kind: facts.generated.has(path) ? "upkeep" : kindOf(path),
      folder: folderOf(path),
      depth: path.split("/").length,
      core: coreName(path),
      churn: facts.churn.get(path) ?? 0,
      symbolCount: symbols.ofFile.get(id)?.length ?? 0,
      nameWords: [
        ...new Set(words(isFolderFile(path) ? baseName(folderOf(path)) : stemName(path))),
      ],
    }),
  );
  const folders = [...new Set(files.map(({ folder }) => folder))].filter((folder) => folder !== "");
  const churnMaxOfKind = new Map<FileKind, number>();
  for (const { kind, churn } of files) {
    churnMaxOfKind.set(kind, Math.max(churnMaxOfKind.get(kind) ?? 0, churn));
  }
  return {
    files,
    idOf,
    byBaseName: groupIds(files, ({ path }) => [baseName(path).toLowerCase()]),
    byStem: groupIds(files, ({ path }) => [stemName(path)]),
    byName: groupIds(files, ({ path, core }) => [normal(stemName(path)), core]),
    byShortName: groupIds(files, shortNames(files)),
    byCore: groupIds(files, ({ core }) => [core]),
    byFolder: groupIds(files, ({ folder }) => [folder]),
    foldersByName: group(folders, (folder) => normal(baseName(folder))),
    folderFilesByName: groupIds(files, ({ path, folder }) =>
      isFolderFile(path) ? [baseName(folder)] : [],
    ),
    bySymbol: symbols.byName,
    pathWords: postings(files, pathWordCounts(words)),
    symbolWords: postings(files, (_, id) => symbolWordCounts(symbols.ofFile.get(id) ?? [], words)),
    partners: partnersOf(files),
    hottest: [...files.keys()]
      .filter((id) => churnOf(files, id) > 0)
      .toSorted((a, b) => churnOf(files, b) - churnOf(files, a))
      .slice(0, HOTTEST_MAX),
    churnMax: files.reduce((most, { churn }) => Math.max(most, churn), 0),
    churnMaxOfKind,
    marks: new Map(
      [...facts.marks].flatMap(([path, marks]) => {
        const id = idOf.get(path);
        return id === undefined ? [] : [[id, marks] as const];
      }),
    ),
    history: historyOf(facts.commits, idOf),
  };
}

/** True where more than lists is known: contents and history. */
export const hasPast = ({ history }: RepositoryIndex): boolean => history.commits.length > 0;

const churnOf = (files: readonly IndexedFile[], id: number): number => files[id]?.churn ?? 0;

function symbolsOf(facts: RepositoryFacts, idOf: ReadonlyMap<string, number>) {
  const byName = new Map<string, number[]>();
  for (const [name, path] of facts.symbols) {
    const id = idOf.get(path);
    if (id === undefined) continue;
    const files = byName.get(name);
    if (files === undefined) byName.set(name, [id]);
    else if (files.length <= SYMBOL_FILES_MAX && !files.includes(id)) files.push(id);
  }
  const ofFile = new Map<number, string[]>();
  for (const [name, files] of byName) {
    if (files.length > SYMBOL_FILES_MAX) byName.delete(name);
    else for (const id of files) push(ofFile, id, name);
  }
  return { byName, ofFile };
}

/** An ending counts as shared from this many files on, or this share of all. */
const SHARED_ENDING_FILES = 5;
const SHARED_ENDING = 0.01;
const SHORT_NAME_LENGTH_MIN = 4;

function shortNames(files: readonly IndexedFile[]): (file: IndexedFile) => string[] {
  const endings = new Map<string, number>();
  const parts = new Map(files.map(({ path }) => [path, pieces(stemName(path))]));
  for (const own of parts.values()) {
    const last = own.at(-1);
    if (own.length > 1 && last !== undefined) endings.set(last, (endings.get(last) ?? 0) + 1);
  }
  const often = Math.max(SHARED_ENDING_FILES, files.length * SHARED_ENDING);
  return ({ path }) => {
    const names: string[] = [];
    let own = parts.get(path) ?? [];
    while (names.length < 2 && own.length > 1 && (endings.get(own.at(-1) ?? "") ?? 0) >= often) {
      own = own.slice(0, -1);
      names.push(own.join(""));
    }
    return names.filter((name) => name.length >= SHORT_NAME_LENGTH_MIN);
  };
}

/** The words of the file's own name count more than those of its folders. */
const NAME_WEIGHT = 1.5;

function pathWordCounts(
  words: (text: string) => string[],
): (file: IndexedFile) => ReadonlyMap<string, number> {
  const folders = new Map<string, readonly string[]>();
  return ({ path, folder }) => {
    const around = folders.get(folder) ?? words(folder);
    folders.set(folder, around);
    const counts = new Map(around.map((word) => [word, 1]));
    for (const word of words(stemName(path))) counts.set(word, NAME_WEIGHT);
    return counts;
  };
}

function symbolWordCounts(
  names: readonly string[],
  words: (text: string) => string[],
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) {
    for (const word of words(name)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function groupIds(
  files: readonly IndexedFile[],
  keysOf: (file: IndexedFile) => readonly string[],
): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  files.forEach((file, id) => {
    const keys = keysOf(file);
    for (const [place, key] of keys.entries()) {
      if (keys.indexOf(key) === place) push(groups, key, id);
    }
  });
  return groups;
}

function group<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) push(groups, keyOf(item), item);
  return groups;
}

function push<Key, Item>(groups: Map<Key, Item[]>, key: Key, item: Item): void {
  const same = groups.get(key);
  if (same === undefined) groups.set(key, [item]);
  else same.push(item);
}

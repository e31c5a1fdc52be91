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
  /** The words of files' names, numbered. */
  readonly nameWordIds: ReadonlyMap<string, number>;
  /** By the last name of the path, in small letters. */
  readonly byBaseName: ReadonlyMap<string, readonly number[]>;
  /** By the name without ending, as it is written. */
  readonly byStem: ReadonlyMap<string, readonly number[]>;
  /** By the name without ending, case and separators; also by the core name. */
  readonly byName: ReadonlyMap<string, readonly number[]>;
  /** By names without the endings that many files of the repository share, e.g. `Check` or `Controller`. */
  readonly byShortName: ReadonlyMap<string, readonly number[]>;
  /** For each file those of its core name, itself among them. */
  readonly namesakes: readonly (readonly number[])[];
  readonly byFolder: ReadonlyMap<string, readonly number[]>;
  /** Folders by their last name without case and separators. */
  readonly foldersByName: ReadonlyMap<string, readonly string[]>;
  /** `index`, `mod` and the like, by the last name of their folder. */
  readonly folderFilesByName: ReadonlyMap<string, readonly number[]>;
  readonly definitions: Definitions;
  readonly pathWords: Postings;
  readonly symbolWords: Postings;
  readonly partners: ReadonlyMap<number, readonly Partner[]>;
  /** The files that change most, the first the most. */
  readonly hottest: readonly number[];
  readonly churnMax: number;
  readonly churnMaxOfKind: ReadonlyMap<FileKind, number>;
  readonly churnMeanOfKind: ReadonlyMap<FileKind, number>;
  /** Marks of what each source says, as `markedText` makes them; none where the contents are not known. */
  readonly marks: ReadonlyMap<number, Uint32Array>;
  readonly history: History;
}

/** Which files define a name; names that too many files define are left out. */
export interface Definitions {
  names(): Iterable<string>;
  filesOf(name: string): readonly number[] | undefined;
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
  /** Words of its own name, or of its folder's when its name says nothing; see `nameWordIds`. */
  readonly nameWords: readonly number[];
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
  const nameWordIds = new Map<string, number>();
  const idOfWord = (word: string): number => {
    const id = nameWordIds.get(word) ?? nameWordIds.size;
    nameWordIds.set(word, id);
    return id;
  };
  const files = paths.map(
    (path): IndexedFile => ({
      path,
      kind: facts.generated.has(path) ? "upkeep" : kindOf(path),
      folder: folderOf(path),
      depth: path.split("/").length,
      core: coreName(path),
      churn: facts.churn.get(path) ?? 0,
      symbolCount: symbols.of(path).length,
      nameWords: [
        ...new Set(words(isFolderFile(path) ? baseName(folderOf(path)) : stemName(path))),
      ].map(idOfWord),
    }),
  );
  const folders = [...new Set(files.map(({ folder }) => folder))].filter((folder) => folder !== "");
  const churnMaxOfKind = new Map<FileKind, number>();
  for (const { kind, churn } of files) {
    churnMaxOfKind.set(kind, Math.max(churnMaxOfKind.get(kind) ?? 0, churn));
  }
  const churnMeanOfKind = new Map(
    [...group(files, ({ kind }) => kind)].map(([kind, own]) => [
      kind,
      own.reduce((sum, { churn }) => sum + churn, 0) / own.length,
    ]),
  );
  return {
    files,
    idOf,
    nameWordIds,
    byBaseName: groupIds(files, ({ path }) => [baseName(path).toLowerCase()]),
    byStem: groupIds(files, ({ path }) => [stemName(path)]),
    byName: groupIds(files, ({ path, core }) => [normal(stemName(path)), core]),
    byShortName: groupIds(files, shortNames(files)),
    namesakes: namesakesOf(files),
    byFolder: groupIds(files, ({ folder }) => [folder]),
    foldersByName: group(folders, (folder) => normal(baseName(folder))),
    folderFilesByName: groupIds(files, ({ path, folder }) =>
      isFolderFile(path) ? [baseName(folder)] : [],
    ),
    definitions: symbols.definitions,
    pathWords: postings(files, pathWordsOf(words)),
    symbolWords: postings(files, ({ path }, say) => {
      for (const name of symbols.of(path)) for (const word of words(name)) say(word, 1);
    }),
    partners: partnersOf(files),
    hottest: [...files.keys()]
      .filter((id) => churnOf(files, id) > 0)
      .toSorted((a, b) => churnOf(files, b) - churnOf(files, a))
      .slice(0, HOTTEST_MAX),
    churnMax: files.reduce((most, { churn }) => Math.max(most, churn), 0),
    churnMaxOfKind,
    churnMeanOfKind,
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

function symbolsOf({ symbols }: RepositoryFacts, idOf: ReadonlyMap<string, number>) {
  // Most names are of one file: a list for each of them would take more room than all else.
  const byName = new Map<string, number | number[]>();
  const common = new Set<string>();
  for (const [path, names] of symbols) {
    const id = idOf.get(path);
    if (id === undefined) continue;
    for (const name of names) {
      const files = byName.get(name);
      if (files === undefined) byName.set(name, id);
      else if (typeof files === "number") byName.set(name, [files, id]);
      else if (files.length < SYMBOL_FILES_MAX) files.push(id);
      else common.add(name);
    }
  }
  for (const name of common) byName.delete(name);
  const definitions: Definitions = {
    names: () => byName.keys(),
    filesOf(name) {
      const files = byName.get(name);
      return typeof files === "number" ? [files] : files;
    },
  };
  const of = (path: string): readonly string[] => {
    const names = symbols.get(path) ?? [];
    return common.size === 0 ? names : names.filter((name) => !common.has(name));
  };
  return { definitions, of };
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

function pathWordsOf(
  words: (text: string) => string[],
): (file: IndexedFile, say: (word: string, count: number) => void) => void {
  const folders = new Map<string, readonly string[]>();
  return ({ path, folder }, say) => {
    const around = folders.get(folder) ?? [...new Set(words(folder))];
    folders.set(folder, around);
    const own = new Set(words(stemName(path)));
    for (const word of around) if (!own.has(word)) say(word, 1);
    for (const word of own) say(word, NAME_WEIGHT);
  };
}

function namesakesOf(files: readonly IndexedFile[]): readonly number[][] {
  const groups = groupIds(files, ({ core }) => [core]);
  return files.map(({ core }) => groups.get(core) ?? []);
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

function group<Item, Key extends string>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) push(groups, keyOf(item), item);
  return groups;
}

function push<Key, Item>(groups: Map<Key, Item[]>, key: Key, item: Item): void {
  const same = groups.get(key);
  if (same === undefined) groups.set(key, [item]);
  else same.push(item);
}

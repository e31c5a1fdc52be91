import { folderOf } from "../index/paths.ts";
import { hasPast, type RepositoryIndex } from "../index/repository-index.ts";
import { isEmptyWord, normal } from "../index/words.ts";
import { type Backlog, phrases } from "./backlog.ts";
import { WordScores } from "./bm25.ts";
import { columnsOf, valueAt } from "./columns.ts";
import type { Finding } from "./findings.ts";
import { compounds, type IssueText, identifiers, type Zone } from "./issue-text.ts";

/**
 * What speaks for a file, from one issue and the index alone; most are 0 to 1. In this order: the issue names it, a
 * definition of it, words of its path or definitions; then what it is like by itself; then what its text says and what
 * past commits that changed it say. `known` is 1 where these are known: then their silence speaks, too.
 */
export const EVIDENCE = [
  "stated",
  "path",
  "fileName",
  "modulePath",
  "folder",
  "link",
  "nameTitle",
  "nameText",
  "nameCode",
  "shortNameTitle",
  "shortNameText",
  "phraseTitle",
  "phraseText",
  "symbolTitle",
  "symbolSpan",
  "symbolText",
  "symbolCode",
  "member",
  "pathTitle",
  "pathText",
  "pathCode",
  "pathLabel",
  "definesTitle",
  "definesText",
  "definesCode",
  "coveredTitle",
  "coveredText",
  "churn",
  "churnShare",
  "churnOfKind",
  "definitions",
  "depth",
  "test",
  "fixture",
  "doc",
  "other",
  "upkeep",
  "quotes",
  "uses",
  "pastTitle",
  "pastText",
  "known",
] as const;
export type Evidence = (typeof EVIDENCE)[number];
const AT = columnsOf(EVIDENCE);

/** A file that an issue may touch, with its evidence in the order of `EVIDENCE`. */
export interface Candidate {
  readonly file: number;
  readonly row: Float64Array;
  /** The words of the issue behind a kind of evidence, where there are some. */
  readonly terms: ReadonlyMap<Evidence, string>;
}

/**
 * All files with some evidence. `stated` has the paths that the issue itself names, with their confidence; `findings`
 * what contents and history say.
 */
export function candidatesOf(
  issue: IssueText,
  known: {
    readonly index: RepositoryIndex;
    readonly backlog: Backlog;
    readonly stated: ReadonlyMap<string, number>;
    readonly findings: readonly Finding[];
    readonly boards: WordBoards;
  },
): Candidate[] {
  const { index, backlog, stated } = known;
  const found = new Findings();
  for (const [path, confidence] of stated) {
    const file = index.idOf.get(path);
    if (file !== undefined) found.raise(file, "stated", confidence, path);
  }
  namedPaths(issue, index, found);
  linkedNames(issue, index, backlog, found);
  for (const zone of ["title", "span", "text", "code"] as const) {
    namesAndSymbols(zone, issue, index, backlog, found);
  }
  members(issue, index, backlog, found);
  namedPhrases(issue, index, backlog, found);
  for (const { file, evidence, value, term } of known.findings) {
    found.raise(file, evidence, value, term);
  }
  likeWords(issue, known.boards, backlog, found);
  for (const file of index.hottest) found.rowOf(file);
  companions(index, found);
  ownTraits(issue, index, found);
  return found.candidates();
}

type MutableCandidate = {
  readonly file: number;
  readonly row: Float64Array;
  terms: ReadonlyMap<Evidence, string>;
};

const NO_TERMS: ReadonlyMap<Evidence, string> = new Map();
/** Rows are cut from long tables: thousands of small ones take longer. */
const TABLE_ROWS = 256;

/** Rows under construction. */
class Findings {
  readonly #all = new Map<number, MutableCandidate>();
  #table = new Float64Array(0);

  rowOf(file: number): MutableCandidate {
    const known = this.#all.get(file);
    if (known !== undefined) return known;
    const from = (this.#all.size % TABLE_ROWS) * EVIDENCE.length;
    if (from === 0) this.#table = new Float64Array(TABLE_ROWS * EVIDENCE.length);
    const row = this.#table.subarray(from, from + EVIDENCE.length);
    const fresh: MutableCandidate = { file, row, terms: NO_TERMS };
    this.#all.set(file, fresh);
    return fresh;
  }

  has(file: number): boolean {
    return this.#all.has(file);
  }

  /** The strongest of several pieces of one kind counts. */
  raise(file: number, evidence: Evidence, value: number, term?: string): void {
    const candidate = this.rowOf(file);
    const { row } = candidate;
    if (value <= valueAt(row, AT[evidence])) return;
    row[AT[evidence]] = value;
    if (term !== undefined) candidate.terms = new Map(candidate.terms).set(evidence, term);
  }

  /** Pieces of this kind add up, each further one less. */
  add(file: number, evidence: Evidence, value: number, term: string): void {
    const candidate = this.rowOf(file);
    const { row, terms } = candidate;
    if (!terms.has(evidence)) candidate.terms = new Map(terms).set(evidence, term);
    row[AT[evidence]] = Math.log1p(Math.expm1(valueAt(row, AT[evidence])) + value);
  }

  candidates(): MutableCandidate[] {
    return [...this.#all.values()];
  }
}

const NAMESAKES_MAX = 12;
const FOLDER_FILES_MAX = 60;

/** Paths, file names and module paths (`a/b`, `a.b`, `a::b`), also their tails. */
function namedPaths(issue: IssueText, index: RepositoryIndex, found: Findings): void {
  const { title, text, code } = issue.zones;
  for (const compound of compounds(`${title}\n${text}\n${code}`)) {
    const path = compound.replace(/^(?:\.{0,2}\/)+/, "").replace(/:[\d:]+$/, "");
    if (path.includes("/")) longestTail(path, index, found);
    const last = path.slice(path.lastIndexOf("/") + 1);
    const same = last.includes(".") ? (index.byBaseName.get(last.toLowerCase()) ?? []) : [];
    if (same.length <= NAMESAKES_MAX / 2) {
      for (const file of same) found.raise(file, "fileName", 1 / same.length, last);
    }
    if (!path.includes("/")) modulePaths(compound, index, found);
  }
}

/** The longest end of a path that is one in the repository: a file, a file without its ending, or a folder. */
function longestTail(path: string, index: RepositoryIndex, found: Findings): void {
  const parts = path.split("/");
  for (let from = 0; from < parts.length; from += 1) {
    const tail = parts.slice(from).join("/");
    const last = from === parts.length - 1;
    if (last && from > 0) return;
    const exact = index.idOf.get(tail);
    if (exact !== undefined) {
      found.raise(exact, "path", 1, tail);
      return;
    }
    const ends = (index.byBaseName.get((parts.at(-1) ?? "").toLowerCase()) ?? []).filter((file) =>
      endsWithPath(pathOf(index, file), tail),
    );
    if (ends.length > 0 && ends.length <= 4) {
      for (const file of ends) found.raise(file, "path", 1 / ends.length, tail);
      return;
    }
    if (raiseModule(tail, index, found)) return;
    const files = index.byFolder.get(tail) ?? [];
    if (files.length > 0 && files.length <= FOLDER_FILES_MAX) {
      for (const file of files) found.raise(file, "folder", folderValue(files.length), tail);
      return;
    }
  }
}

/** `xarray.core.dataset.Dataset` and `tokio::sync::mpsc`: every part of it that is a file or folder with an index. */
function modulePaths(compound: string, index: RepositoryIndex, found: Findings): void {
  const parts = compound.split(/\.|::/).filter((part) => /^[A-Za-z_]\w*$/.test(part));
  for (let from = 0; from < parts.length - 1; from += 1) {
    for (let to = parts.length; to > from + 1; to -= 1) {
      if (raiseModule(parts.slice(from, to).join("/"), index, found)) break;
    }
  }
}

function raiseModule(module: string, index: RepositoryIndex, found: Findings): boolean {
  const last = module.slice(module.lastIndexOf("/") + 1);
  const files = (index.byStem.get(last) ?? []).filter((file) => {
    const path = pathOf(index, file);
    return endsWithPath(path.slice(0, path.length - endingLength(path)), module);
  });
  const inner = (index.folderFilesByName.get(last) ?? []).filter((file) =>
    endsWithPath(folderOf(pathOf(index, file)), module),
  );
  const all = [...files, ...inner];
  if (all.length === 0 || all.length > 4) return false;
  for (const file of all) found.raise(file, "modulePath", 1 / all.length, module);
  return true;
}

/** Last words and anchors of addresses: documentation is often named like the code. */
function linkedNames(
  issue: IssueText,
  index: RepositoryIndex,
  backlog: Backlog,
  found: Findings,
): void {
  for (const address of issue.addresses) {
    const [page = "", anchor = ""] = address.replace(/\?[^#]*/, "").split("#");
    const blob = /\/(?:blob|tree|raw|blame)\/[^/]+\/(.+)$/.exec(page)?.[1];
    if (blob !== undefined) longestTail(blob, index, found);
    const last = page.slice(page.lastIndexOf("/") + 1).replace(/\.[a-z]+$/i, "");
    for (const name of [last, anchor]) {
      if (normal(name).length < 4 || isEmptyWord(name)) continue;
      const files = filesNamed(name, index);
      if (files.length > NAMESAKES_MAX) continue;
      const value = backlog.rarityOfName(name) / Math.sqrt(files.length);
      for (const file of files) found.raise(file, "link", value, name);
    }
  }
}

const NAME_EVIDENCE: Readonly<Record<Zone, { name: Evidence; short: Evidence; symbol: Evidence }>> =
  {
    title: { name: "nameTitle", short: "shortNameTitle", symbol: "symbolTitle" },
    span: { name: "nameText", short: "shortNameText", symbol: "symbolSpan" },
    text: { name: "nameText", short: "shortNameText", symbol: "symbolText" },
    code: { name: "nameCode", short: "shortNameText", symbol: "symbolCode" },
  };

/** Every name of a zone that is a file's, a folder's or a definition's. Plain words count less than code-like ones. */
function namesAndSymbols(
  zone: Zone,
  issue: IssueText,
  index: RepositoryIndex,
  backlog: Backlog,
  found: Findings,
): void {
  const kinds = NAME_EVIDENCE[zone];
  for (const name of identifiers(issue.zones[zone])) {
    if (name.length < 3 || isEmptyWord(name)) continue;
    const codeLike = zone === "span" || /[a-z0-9][A-Z]|[_\d-]|^[A-Z]{2}/.test(name);
    const rarity = backlog.rarityOfName(name);
    const plain = normal(name);
    const same = index.byName.get(plain) ?? [];
    if (same.length <= NAMESAKES_MAX) {
      const value = (rarity * (codeLike ? 1 : 0.6)) / Math.sqrt(same.length);
      for (const file of same) found.raise(file, kinds.name, value, name);
    }
    const short = index.byShortName.get(plain) ?? [];
    if (short.length <= NAMESAKES_MAX) {
      const value = (rarity * (codeLike ? 1 : 0.5)) / Math.sqrt(short.length);
      for (const file of short) found.raise(file, kinds.short, value, name);
    }
    if (zone === "title") raiseFolders(plain, name, rarity, index, found);
    if (name.length < 4) continue;
    const exact = index.bySymbol.get(name);
    const files = exact ?? index.bySymbolLowerCase.get(name.toLowerCase()) ?? [];
    if (exact === undefined && files.length > 3) continue;
    const sureness = exact === undefined ? 0.4 : codeLike ? 1 : 0.5;
    for (const file of files) {
      found.add(file, kinds.symbol, (rarity * sureness) / files.length, name);
    }
  }
}

function raiseFolders(
  plain: string,
  spoken: string,
  rarity: number,
  index: RepositoryIndex,
  found: Findings,
): void {
  const files = (index.foldersByName.get(plain) ?? []).flatMap(
    (folder) => index.byFolder.get(folder) ?? [],
  );
  if (files.length > FOLDER_FILES_MAX) return;
  for (const file of files) found.raise(file, "folder", rarity * folderValue(files.length), spoken);
}

/** `Dataset.merge`, `fmt::print`: a definition, all the more where the first half is defined too. */
function members(
  issue: IssueText,
  index: RepositoryIndex,
  backlog: Backlog,
  found: Findings,
): void {
  const { title, text, code } = issue.zones;
  for (const compound of compounds(`${title}\n${text}\n${code}`)) {
    const parts = compound.split(/\.|::|#|->/).filter((part) => /^[A-Za-z_]\w*$/.test(part));
    parts.slice(1).forEach((member, place) => {
      const files = index.bySymbol.get(member) ?? [];
      const owner = parts[place] ?? "";
      const home = new Set([...(index.bySymbol.get(owner) ?? []), ...filesNamed(owner, index)]);
      for (const file of files) {
        const value = backlog.rarityOfName(member) / Math.sqrt(files.length);
        found.raise(file, "member", home.has(file) ? value : value / 2, `${owner}.${member}`);
      }
    });
  }
}

/** Neighbouring words that together are the name of a file or folder. */
function namedPhrases(
  issue: IssueText,
  index: RepositoryIndex,
  backlog: Backlog,
  found: Findings,
): void {
  for (const zone of ["title", "text", "code"] as const) {
    for (const { phrase, spoken } of phrases(issue.zones[zone], index)) {
      const rarity = backlog.rarityOfPhrase(phrase);
      const files = index.byName.get(phrase) ?? [];
      if (files.length <= NAMESAKES_MAX) {
        const value = (rarity * (zone === "code" ? 0.7 : 1)) / Math.sqrt(files.length);
        const evidence = zone === "title" ? "phraseTitle" : "phraseText";
        for (const file of files) found.raise(file, evidence, value, spoken);
      }
      if (zone === "title") raiseFolders(phrase, spoken, rarity, index, found);
    }
  }
}

/** Of files that are known by like words alone, so many are looked at. */
const LIKE_FILES_MAX = 200;
const LIKENESS_MIN = 0.15;

/** Boards for the words of paths and definitions, one for each kind of evidence that comes of them. */
export interface WordBoards {
  readonly boards: readonly (readonly [Evidence, keyof IssueText["counts"], WordScores])[];
  /** Room for a sum for each file; all 0 between two issues. */
  readonly totals: Float64Array;
}

export function wordBoards({ files, pathWords, symbolWords }: RepositoryIndex): WordBoards {
  return {
    totals: new Float64Array(files.length),
    boards: [
      ["pathTitle", "title", new WordScores(pathWords)],
      ["pathText", "text", new WordScores(pathWords)],
      ["pathCode", "code", new WordScores(pathWords)],
      ["pathLabel", "label", new WordScores(pathWords)],
      ["definesTitle", "title", new WordScores(symbolWords)],
      ["definesText", "text", new WordScores(symbolWords)],
      ["definesCode", "code", new WordScores(symbolWords)],
    ],
  };
}

/** Words of the issue in paths and definitions, weighed as search engines do, against the best file's. */
function likeWords(
  issue: IssueText,
  { boards, totals }: WordBoards,
  backlog: Backlog,
  found: Findings,
): void {
  const alike: number[] = [];
  for (const [, zone, scores] of boards) {
    scores.ask(issue.counts[zone], backlog);
    for (const file of scores.from(LIKENESS_MIN)) {
      const before = totals[file] ?? 0;
      if (before === 0) alike.push(file);
      totals[file] = before + scores.of(file);
    }
  }
  for (const file of highest(alike, totals, LIKE_FILES_MAX)) found.rowOf(file);
  for (const file of alike) totals[file] = 0;
  const candidates = found.candidates();
  for (const [evidence, , scores] of boards) {
    const place = AT[evidence];
    for (const { file, row } of candidates) row[place] = scores.of(file);
  }
}

/** The files of the highest values, of equal ones the first; there are too many to sort them all. */
function highest(files: readonly number[], values: Float64Array, countMax: number): number[] {
  if (files.length <= countMax) return [...files];
  const sorted = new Float64Array(files.length);
  for (const [place, file] of files.entries()) sorted[place] = valueAt(values, file);
  const least = valueAt(sorted.sort(), files.length - countMax);
  const above = files.filter((file) => valueAt(values, file) > least);
  const equal = files.filter((file) => valueAt(values, file) === least);
  return [...above, ...equal.slice(0, countMax - above.length)];
}

/** Evidence of these kinds brings a file's namesakes and tests in as well. */
const STRONG: readonly Evidence[] = [
  "stated",
  "path",
  "fileName",
  "nameTitle",
  "nameText",
  "shortNameTitle",
  "phraseTitle",
  "symbolTitle",
  "member",
  "pathTitle",
  "definesTitle",
  "definesText",
  "quotes",
];
const STRONG_MIN = 0.4;

function companions(index: RepositoryIndex, found: Findings): void {
  for (const { file, row } of found.candidates()) {
    if (!STRONG.some((evidence) => valueAt(row, AT[evidence]) > STRONG_MIN)) continue;
    const namesakes = index.byCore.get(index.files[file]?.core ?? "") ?? [];
    if (namesakes.length <= NAMESAKES_MAX) for (const other of namesakes) found.rowOf(other);
    for (const partner of (index.partners.get(file) ?? []).slice(0, 6)) found.rowOf(partner.file);
    for (const other of index.history.companions.get(file) ?? []) found.rowOf(other.file);
  }
}

const CHURN_SCALE = Math.log(100);

/** What is true of the file itself, and how much of its name the issue speaks. */
function ownTraits(issue: IssueText, index: RepositoryIndex, found: Findings): void {
  const inTitle = issue.counts.title;
  const inText = issue.counts.text;
  for (const { file, row } of found.candidates()) {
    const own = index.files[file];
    if (own === undefined) continue;
    const count = Math.max(1, own.nameWords.length);
    let titled = 0;
    let spoken = 0;
    for (const word of own.nameWords) {
      if (inTitle.has(word)) titled += 1;
      if (inTitle.has(word) || inText.has(word)) spoken += 1;
    }
    row[AT.coveredTitle] = titled / count;
    row[AT.coveredText] = spoken / count;
    row[AT.churn] = Math.log1p(own.churn) / CHURN_SCALE;
    row[AT.churnShare] = own.churn / Math.max(1, index.churnMax);
    row[AT.churnOfKind] = own.churn / Math.max(1, index.churnMaxOfKind.get(own.kind) ?? 0);
    row[AT.definitions] = Math.log1p(own.symbolCount) / 5;
    row[AT.depth] = own.depth / 5;
    if (own.kind !== "source") row[AT[own.kind]] = 1;
    row[AT.known] = hasPast(index) ? 1 : 0;
  }
}

const pathOf = (index: RepositoryIndex, file: number): string => index.files[file]?.path ?? "";

const endsWithPath = (path: string, tail: string): boolean =>
  path === tail || path.endsWith(`/${tail}`);

const endingLength = (path: string): number => /(?<=[^/])\.[^./]+$/.exec(path)?.[0].length ?? 0;

const folderValue = (files: number): number => Math.min(1, 2 / Math.sqrt(files + 3));

const filesNamed = (name: string, index: RepositoryIndex): number[] => [
  ...new Set([
    ...(index.byName.get(normal(name)) ?? []),
    ...(index.byShortName.get(normal(name)) ?? []),
  ]),
];

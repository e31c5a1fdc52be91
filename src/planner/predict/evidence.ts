import { folderOf } from "../index/paths.ts";
import type { Postings, RepositoryIndex } from "../index/repository-index.ts";
import { isEmptyWord, normal } from "../index/words.ts";
import { type Backlog, phrases } from "./backlog.ts";
import { columnsOf, valueAt } from "./columns.ts";
import { compounds, type IssueText, identifiers, type Zone } from "./issue-text.ts";

/**
 * What speaks for a file, from one issue and the index alone; most are 0 to 1. In this order: the issue names it, a
 * definition of it, words of its path or definitions; then what it is like by itself.
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

/** All files with some evidence. `stated` has the paths that the issue itself names, with their confidence. */
export function candidatesOf(
  issue: IssueText,
  index: RepositoryIndex,
  backlog: Backlog,
  stated: ReadonlyMap<string, number>,
): Candidate[] {
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
  likeWords(issue, index, backlog, found);
  for (const file of index.hottest) found.rowOf(file);
  companions(index, found);
  ownTraits(issue, index, found);
  return found.candidates();
}

type MutableCandidate = { file: number; row: Float64Array; terms: Map<Evidence, string> };

/** Rows under construction. */
class Findings {
  readonly #all = new Map<number, MutableCandidate>();

  rowOf(file: number): MutableCandidate {
    const known = this.#all.get(file);
    if (known !== undefined) return known;
    const fresh = { file, row: new Float64Array(EVIDENCE.length), terms: new Map() };
    this.#all.set(file, fresh);
    return fresh;
  }

  has(file: number): boolean {
    return this.#all.has(file);
  }

  /** The strongest of several pieces of one kind counts. */
  raise(file: number, evidence: Evidence, value: number, term?: string): void {
    const { row, terms } = this.rowOf(file);
    if (value <= valueAt(row, AT[evidence])) return;
    row[AT[evidence]] = value;
    if (term !== undefined) terms.set(evidence, term);
  }

  /** Pieces of this kind add up, each further one less. */
  add(file: number, evidence: Evidence, value: number, term: string): void {
    const { row, terms } = this.rowOf(file);
    if (!terms.has(evidence)) terms.set(evidence, term);
    row[AT[evidence]] = Math.log1p(Math.expm1(valueAt(row, AT[evidence])) + value);
  }

  candidates(): MutableCandidate[] {
    return [...this.#all.values()];
  }
}

const NAMESAKES_MAX = 12;
const FOLDER_FILES_MAX = 60;
const FOLDER_FILES = ["index", "mod", "__init__", "lib", "main"];

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
  const inner = FOLDER_FILES.flatMap((name) => index.byStem.get(name) ?? []).filter((file) =>
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

/** Words of the issue in paths and definitions, weighed as search engines do (BM25), against the best file's. */
function likeWords(
  issue: IssueText,
  index: RepositoryIndex,
  backlog: Backlog,
  found: Findings,
): void {
  const { title, text, code, label } = issue.counts;
  const fields: readonly (readonly [Evidence, ReadonlyMap<string, number>, Postings])[] = [
    ["pathTitle", title, index.pathWords],
    ["pathText", text, index.pathWords],
    ["pathCode", code, index.pathWords],
    ["pathLabel", label, index.pathWords],
    ["definesTitle", title, index.symbolWords],
    ["definesText", text, index.symbolWords],
    ["definesCode", code, index.symbolWords],
  ];
  const results = fields.map(([evidence, counts, postings]) => ({
    evidence,
    likeness: likenesses(counts, postings, index.files.length, backlog),
  }));
  const totals = new Map<number, number>();
  for (const { likeness } of results) {
    for (const [file, value] of likeness) {
      if (value >= LIKENESS_MIN) totals.set(file, (totals.get(file) ?? 0) + value);
    }
  }
  const best = [...totals].toSorted((a, b) => b[1] - a[1]).slice(0, LIKE_FILES_MAX);
  for (const [file] of best) found.rowOf(file);
  for (const { evidence, likeness } of results) {
    for (const { file, row } of found.candidates()) row[AT[evidence]] = likeness.get(file) ?? 0;
  }
}

const SATURATION = 1.2;
const LENGTH_MATTERS = 0.5;
/** A best score far below this tells little, so it does not count as 1. */
const SCORE_FLOOR = 2;

function likenesses(
  counts: ReadonlyMap<string, number>,
  postings: Postings,
  fileCount: number,
  backlog: Backlog,
): ReadonlyMap<number, number> {
  const scores = new Map<number, number>();
  const common = Math.max(8, fileCount / 4);
  let best = 0;
  for (const [word, count] of counts) {
    const posting = postings.of.get(word);
    if (posting === undefined || posting.files.length > common) continue;
    const having = posting.files.length;
    const inverse = Math.log(1 + (fileCount - having + 0.5) / (having + 0.5));
    const weight = ((2 * count) / (count + 1)) * backlog.rarityOf(word) * inverse;
    posting.files.forEach((file, place) => {
      const own = posting.counts[place] ?? 0;
      const long = (postings.lengths[file] ?? 0) / postings.lengthMean;
      const damped = own + SATURATION * (1 - LENGTH_MATTERS + LENGTH_MATTERS * long);
      const score = (scores.get(file) ?? 0) + (weight * own * (SATURATION + 1)) / damped;
      scores.set(file, score);
      if (score > best) best = score;
    });
  }
  for (const [file, score] of scores) scores.set(file, score / (best + SCORE_FLOOR));
  return scores;
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
];
const STRONG_MIN = 0.4;

function companions(index: RepositoryIndex, found: Findings): void {
  for (const { file, row } of found.candidates()) {
    if (!STRONG.some((evidence) => valueAt(row, AT[evidence]) > STRONG_MIN)) continue;
    const namesakes = index.byCore.get(index.files[file]?.core ?? "") ?? [];
    if (namesakes.length <= NAMESAKES_MAX) for (const other of namesakes) found.rowOf(other);
    for (const partner of (index.partners.get(file) ?? []).slice(0, 6)) found.rowOf(partner.file);
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
    const titled = own.nameWords.filter((word) => inTitle.has(word)).length;
    const spoken = own.nameWords.filter((word) => inTitle.has(word) || inText.has(word)).length;
    row[AT.coveredTitle] = titled / count;
    row[AT.coveredText] = spoken / count;
    row[AT.churn] = Math.log1p(own.churn) / CHURN_SCALE;
    row[AT.churnShare] = own.churn / Math.max(1, index.churnMax);
    row[AT.churnOfKind] = own.churn / Math.max(1, index.churnMaxOfKind.get(own.kind) ?? 0);
    row[AT.definitions] = Math.log1p(own.symbolCount) / 5;
    row[AT.depth] = own.path.split("/").length / 5;
    if (own.kind !== "source") row[AT[own.kind]] = 1;
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

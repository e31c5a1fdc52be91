import type { RepositoryIndex } from "../index/repository-index.ts";
import { markedText } from "../index/source-text.ts";
import type { Backlog, Terms } from "./backlog.ts";
import { WordScores } from "./bm25.ts";
import type { IssueText } from "./issue-text.ts";

/** Evidence that needs more of a repository than its paths and definitions: what its sources say, and its past. */
export interface Finding {
  readonly file: number;
  readonly evidence: "quotes" | "uses" | "pastTitle" | "pastText";
  /** 0 to 1. */
  readonly value: number;
  /** The words behind it. */
  readonly term: string;
}

/** For each issue what contents and history say of files; nothing where neither is known. */
export function findingsOf(backlog: Backlog, index: RepositoryIndex): readonly Finding[][] {
  const said = contentFindings(backlog.issues, index);
  const scores = new WordScores(index.history.subjectWords, "subjects");
  return backlog.issues.map((_, place) => [
    ...(said[place] ?? []),
    ...pastFindings(backlog.terms[place], index, scores),
  ]);
}

/** A mark in more sources than this tells nothing. */
const SOURCES_MAX = 5;
/** A mark of more issues than this, or this share of them, is part of their template. */
const ISSUES_MAX = 4;
const ISSUES_SHARE_MAX = 0.03;
/** One sentence of three words may be chance, these many are a quotation. */
const PHRASES_MIN = 2;
const PHRASES_SURE = 4;

/** Sentences and names that an issue and few sources have in common. */
function contentFindings(issues: readonly IssueText[], index: RepositoryIndex): Finding[][] {
  if (index.marks.size === 0) return [];
  const marked = issues.map(({ zones }) =>
    markedText(`${zones.title}\n${zones.text}\n${zones.code}`),
  );
  const asked = new Map<number, number>();
  for (const { names, phrases } of marked) {
    for (const mark of [...names.keys(), ...phrases.keys()]) {
      asked.set(mark, (asked.get(mark) ?? 0) + 1);
    }
  }
  const issuesMax = Math.max(ISSUES_MAX, issues.length * ISSUES_SHARE_MAX);
  for (const [mark, count] of asked) if (count > issuesMax) asked.delete(mark);
  const having = sourcesWith(asked, index);
  return marked.map(({ names, phrases }) => [
    ...quotations(phrases, having),
    ...namesInUse(names, having),
  ]);
}

function quotations(
  phrases: ReadonlyMap<number, string>,
  having: ReadonlyMap<number, readonly number[]>,
): Finding[] {
  const found = new Map<number, { count: number; sources: number; term: string }>();
  for (const [mark, term] of phrases) {
    const files = having.get(mark) ?? [];
    for (const file of files) {
      const known = found.get(file);
      if (known === undefined) found.set(file, { count: 1, sources: files.length, term });
      else {
        known.count += 1;
        known.sources = Math.min(known.sources, files.length);
      }
    }
  }
  return [...found].flatMap(([file, { count, sources, term }]) => {
    if (count < PHRASES_MIN) return [];
    const value = Math.min(1, count / PHRASES_SURE) / Math.sqrt(sources);
    return [{ file, evidence: "quotes", value, term }];
  });
}

function namesInUse(
  names: ReadonlyMap<number, string>,
  having: ReadonlyMap<number, readonly number[]>,
): Finding[] {
  const found = new Map<number, { doubt: number; term: string }>();
  for (const [mark, term] of names) {
    const files = having.get(mark) ?? [];
    for (const file of files) {
      const known = found.get(file);
      const doubt = 1 - 0.6 / files.length;
      if (known === undefined) found.set(file, { doubt, term });
      else known.doubt *= doubt;
    }
  }
  return [...found].map(([file, { doubt, term }]) => ({
    file,
    evidence: "uses",
    value: 1 - doubt,
    term,
  }));
}

/** The sources that have one of these marks; those of too many sources are left out. */
function sourcesWith(
  asked: ReadonlyMap<number, number>,
  index: RepositoryIndex,
): ReadonlyMap<number, readonly number[]> {
  // Most marks are nobody's: a small table answers for them faster than the map.
  const perhaps = new Uint8Array(SLOTS);
  for (const mark of asked.keys()) perhaps[mark & (SLOTS - 1)] = 1;
  const having = new Map<number, number[]>();
  for (const [file, marks] of index.marks) {
    for (const mark of marks) {
      if (perhaps[mark & (SLOTS - 1)] !== 1 || !asked.has(mark)) continue;
      const files = having.get(mark);
      if (files === undefined) having.set(mark, [file]);
      else if (files.length <= SOURCES_MAX) files.push(file);
    }
  }
  for (const [mark, files] of having) if (files.length > SOURCES_MAX) having.delete(mark);
  return having;
}

const SLOTS = 1 << 22;

const PAST_MIN = 0.15;
const COMMITS_MAX = 30;

/** Files that commits changed whose subject has words of the issue. */
function pastFindings(
  terms: Terms | undefined,
  { history: { commits } }: RepositoryIndex,
  scores: WordScores,
): Finding[] {
  const parts = [
    ["pastTitle", terms?.title ?? []],
    ["pastText", terms?.text ?? []],
  ] as const;
  return parts.flatMap(([evidence, own]) => {
    scores.ask(own);
    const likest = scores
      .from(PAST_MIN)
      .map((place) => [place, scores.of(place)] as const)
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, COMMITS_MAX);
    return likest.flatMap(([place, value]): Finding[] => {
      const { subject = "", files = [] } = commits[place] ?? {};
      const share = value / Math.sqrt(files.length);
      return files.map((file) => ({ file, evidence, value: share, term: subject }));
    });
  });
}

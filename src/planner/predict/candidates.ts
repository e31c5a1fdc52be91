import type { PredictedFile } from "../files.ts";
import type { RepositoryIndex } from "../index/repository-index.ts";
import type { Backlog } from "./backlog.ts";
import { valueAt } from "./columns.ts";
import { AT, type Candidate } from "./evidence.ts";
import type { Finding } from "./findings.ts";
import { type IssueText, ZONES } from "./issue-text.ts";
import { likeWords, type WordBoards } from "./like-words.ts";
import { linkedNames, namedPaths } from "./named-paths.ts";
import {
  housedNames,
  members,
  NAMESAKES_MAX,
  namedPhrases,
  namesAndSymbols,
} from "./named-things.ts";
import type { OwnTraits } from "./own-traits.ts";
import type { Sheet } from "./sheet.ts";

/** Issues that are looked at together, in the order in which they would be worked on, with all that is known of them. */
export interface Questions {
  readonly issues: readonly IssueText[];
  /** What each issue itself names, the surest first. */
  readonly stated: readonly (readonly PredictedFile[])[];
  readonly index: RepositoryIndex;
  readonly backlog: Backlog;
  /** Of each issue, what contents and history say. */
  readonly findings: readonly (readonly Finding[])[];
  /** Room for one issue at a time. */
  readonly boards: WordBoards;
  readonly sheet: Sheet;
  readonly traits: OwnTraits;
}

/** All files with some evidence for the issue at this place. Their rows are good until the next call. */
export function candidatesOf(
  { issues, stated, index, backlog, findings, boards, sheet: found, traits }: Questions,
  place: number,
): readonly Candidate[] {
  found.clear();
  const issue = issues[place];
  if (issue === undefined) return [];
  for (const { path, confidence } of stated[place] ?? []) {
    const file = index.idOf.get(path);
    if (file !== undefined) found.raise(file, "stated", confidence, path);
  }
  namedPaths(issue, index, found);
  linkedNames(issue, index, backlog, found);
  for (const zone of ZONES) namesAndSymbols(zone, issue, index, backlog, found);
  members(issue, index, backlog, found);
  const spoken = backlog.spoken[place];
  if (spoken !== undefined) {
    namedPhrases(spoken, index, backlog, found);
    housedNames(spoken, index, found);
  }
  for (const { file, evidence, value, term } of findings[place] ?? []) {
    found.raise(file, evidence, value, term);
  }
  const terms = backlog.terms[place];
  if (terms !== undefined) likeWords(terms, boards, found);
  for (const file of index.hottest) found.include(file);
  companions(index, found);
  traits.write(issue, found);
  return found.candidates();
}

/** Evidence of these kinds brings a file's namesakes and tests in as well. */
const STRONG: readonly number[] = [
  AT.stated,
  AT.path,
  AT.fileName,
  AT.nameTitle,
  AT.nameText,
  AT.shortNameTitle,
  AT.phraseTitle,
  AT.symbolTitle,
  AT.member,
  AT.pathTitle,
  AT.definesTitle,
  AT.definesText,
  AT.quotes,
];
const STRONG_MIN = 0.4;

function companions(index: RepositoryIndex, found: Sheet): void {
  for (const { file, row } of found.candidates()) {
    if (!isStrong(row)) continue;
    const namesakes = index.namesakes[file] ?? [];
    if (namesakes.length <= NAMESAKES_MAX) for (const other of namesakes) found.include(other);
    const partners = index.partners.get(file);
    if (partners !== undefined)
      for (const { file: other } of partners.slice(0, 6)) found.include(other);
    const companions = index.history.companions.get(file);
    if (companions !== undefined) for (const { file: other } of companions) found.include(other);
  }
}

function isStrong(row: Float64Array): boolean {
  for (const place of STRONG) if (valueAt(row, place) > STRONG_MIN) return true;
  return false;
}

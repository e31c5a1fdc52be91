import type { RepositoryIndex } from "../index/repository-index.ts";
import { markOf } from "../index/source-text.ts";
import { pieces } from "../index/words.ts";
import { type IssueText, ZONES, type Zone } from "./issue-text.ts";

/** What all issues together tell: words of every issue (templates, the project's own name) say nothing of one. */
export interface Backlog {
  readonly issues: readonly IssueText[];
  /** By the place of the issue: neighbouring words of a zone that together name a file or folder, each once. */
  readonly phrases: readonly Readonly<Record<Zone, readonly Phrase[]>>[];
  /** Files that define a name of an issue in other small or capital letters. */
  symbolsLike(name: string): readonly number[] | undefined;
  /** 0.05 for a word that every issue has, 1 for one of its own. */
  rarityOf(word: string): number;
  /** The same for a name as code has it, given without case and separators. */
  rarityOfName(plain: string): number;
  /** The same for a name of several words, e.g. `customparseformat` for "custom parse format". */
  rarityOfPhrase(phrase: string): number;
}

/** Two to four words in one, and as they are read. */
export interface Phrase {
  readonly phrase: string;
  readonly spoken: string;
}

export function readBacklog(issues: readonly IssueText[], index: RepositoryIndex): Backlog {
  const names = namesOf(index);
  const phrases = issues.map(({ zones }) => ({
    title: phrasesIn(zones.title, names),
    span: phrasesIn(zones.span, names),
    text: phrasesIn(zones.text, names),
    code: phrasesIn(zones.code, names),
  }));
  const count = issues.length;
  const symbols = symbolsInAnyCase(issues, index);
  return {
    issues,
    phrases,
    symbolsLike: (name) => symbols.get(name.toLowerCase()),
    rarityOf: rarities(
      issues.map(({ counts }) => Object.values(counts).flatMap((words) => [...words.keys()])),
      count,
    ),
    rarityOfName: rarities(
      issues.map(({ names: own }) => ZONES.flatMap((zone) => own[zone].map(({ plain }) => plain))),
      count,
    ),
    rarityOfPhrase: rarities(
      phrases.map((own) => ZONES.flatMap((zone) => own[zone].map(({ phrase }) => phrase))),
      count,
    ),
  };
}

/** Of all definitions those that issues name, by their small letters: a table of all of them takes too much room. */
function symbolsInAnyCase(
  issues: readonly IssueText[],
  { bySymbol }: RepositoryIndex,
): ReadonlyMap<string, readonly number[]> {
  const asked = new Set(
    issues.flatMap(({ names }) =>
      ZONES.flatMap((zone) => names[zone].map(({ name }) => name.toLowerCase())),
    ),
  );
  const slots = new Uint8Array(SLOTS);
  for (const name of asked) slots[smallMarkOf(name) % SLOTS] = 1;
  const found = new Map<string, readonly number[]>();
  for (const [symbol, files] of bySymbol) {
    // Most symbols are nobody's: a small table tells so without a copy of each in small letters.
    if (slots[smallMarkOf(symbol) % SLOTS] !== 1) continue;
    const lower = symbol.toLowerCase();
    if (!asked.has(lower)) continue;
    const alike = found.get(lower);
    found.set(lower, alike === undefined ? files : [...new Set([...alike, ...files])]);
  }
  return found;
}

/** A mark that is the same for every way to write a name in small and capital letters. */
function smallMarkOf(name: string): number {
  let mark = 0;
  for (let place = 0; place < name.length; place += 1) {
    // All but one bit of a character: it tells small and capital letters apart.
    mark = (Math.imul(mark, 31) + (name.charCodeAt(place) & ~32)) >>> 0;
  }
  return mark;
}

const RARITY_MIN = 0.05;

/** How rare each key is among the issues, given the keys of each. */
function rarities(
  keysOfIssues: readonly (readonly string[])[],
  issues: number,
): (key: string) => number {
  const having = new Map<string, number>();
  for (const keys of keysOfIssues) {
    for (const key of new Set(keys)) having.set(key, (having.get(key) ?? 0) + 1);
  }
  const rarity = new Map<string, number>();
  for (const [key, count] of having) rarity.set(key, rarityOf((count - 1) / (issues + 5)));
  const none = rarityOf(0);
  return (key) => rarity.get(key) ?? none;
}

const rarityOf = (shareOfOthers: number): number =>
  Math.max(RARITY_MIN, Math.min(1, -Math.log(shareOfOthers + 0.02) / 3.2));

const PHRASE_PIECES_MAX = 4;
const PHRASE_LENGTH_MIN = 6;

function phrasesIn(text: string, names: NameTest): Phrase[] {
  const all = pieces(text);
  const found = new Map<string, string>();
  for (let start = 0; start < all.length; start += 1) {
    let mark = markOf(all[start] ?? "");
    for (let end = start + 2; end <= Math.min(all.length, start + PHRASE_PIECES_MAX); end += 1) {
      mark = markOf(all[end - 1] ?? "", mark);
      if (!names.mayHave(mark)) continue;
      const phrase = all.slice(start, end).join("");
      if (phrase.length < PHRASE_LENGTH_MIN || found.has(phrase) || !names.has(phrase)) continue;
      found.set(phrase, all.slice(start, end).join(" "));
    }
  }
  return [...found].map(([phrase, spoken]) => ({ phrase, spoken }));
}

interface NameTest {
  /** By the mark of a phrase, without making it: false where it is no name for sure. */
  mayHave(mark: number): boolean;
  has(phrase: string): boolean;
}

const SLOTS = 1 << 20;

function namesOf({ byName, foldersByName }: RepositoryIndex): NameTest {
  const slots = new Uint8Array(SLOTS);
  for (const name of byName.keys()) slots[markOf(name) % SLOTS] = 1;
  for (const name of foldersByName.keys()) slots[markOf(name) % SLOTS] = 1;
  return {
    mayHave: (mark) => slots[mark % SLOTS] === 1,
    has: (phrase) => byName.has(phrase) || foldersByName.has(phrase),
  };
}

import type { Posting } from "../index/postings.ts";
import type { RepositoryIndex } from "../index/repository-index.ts";
import { isEmptyWord } from "../index/words.ts";
import { type IssueText, type Name, ZONES, type Zone } from "./issue-text.ts";
import { type SpokenNames, spokenNamesReader } from "./spoken-names.ts";

/** What all issues together tell: words of every issue (templates, the project's own name) say nothing of one. */
export interface Backlog {
  readonly issues: readonly IssueText[];
  /** By the place of the issue. */
  readonly spoken: readonly Readonly<Record<Zone, SpokenNames>>[];
  /** By the place of the issue. */
  readonly terms: readonly Terms[];
  /** What a name of an issue means in the repository. */
  namedBy(name: Name): Named;
  /** How rare a name is as code has it, given without case and separators. */
  rarityOfName(plain: string): number;
  /** The same for a name of several words, e.g. `customparseformat` for "custom parse format". */
  rarityOfPhrase(phrase: string): number;
}

/** A word of the issues, looked up once for all of them. */
export interface Word {
  /** 0.05 for a word that every issue has, 1 for one of its own. */
  readonly rarity: number;
  readonly postings: {
    readonly paths: Posting | undefined;
    readonly definitions: Posting | undefined;
    readonly subjects: Posting | undefined;
  };
}

/** What a name means, looked up once for all issues. */
export interface Named {
  /** False for a name that is too short or too common to mean anything. */
  readonly isTelling: boolean;
  readonly looksLikeCode: boolean;
  readonly rarity: number;
  /** Files of this name. */
  readonly same: readonly number[];
  /** Files of this name with an ending that many share. */
  readonly short: readonly number[];
  /** Files that define it; nothing where none does. */
  readonly exact: readonly number[] | undefined;
  /** Files that define it in other small or capital letters. */
  readonly alike: readonly number[];
}

/** A word with how often it stands there. */
export interface Term {
  readonly word: Word;
  readonly count: number;
}

/** The words of an issue, as its `counts` has them. */
export type Terms = Readonly<Record<keyof IssueText["counts"], readonly Term[]>>;

export function readBacklog(issues: readonly IssueText[], index: RepositoryIndex): Backlog {
  const read = spokenNamesReader(index);
  const spoken = issues.map(({ zones }) => byZone((zone) => read(zones[zone])));
  const count = issues.length;
  const rarityOfName = rarities(
    issues.map(({ names: own }) => ZONES.flatMap((zone) => own[zone].map(({ plain }) => plain))),
    count,
  );
  return {
    issues,
    spoken,
    terms: termsOf(issues, index),
    namedBy: namesIn(issues, index, rarityOfName),
    rarityOfName,
    rarityOfPhrase: rarities(
      spoken.map((own) => ZONES.flatMap((zone) => own[zone].phrases.map(({ phrase }) => phrase))),
      count,
    ),
  };
}

function byZone<Value>(of: (zone: Zone) => Value): Readonly<Record<Zone, Value>> {
  return {
    title: of("title"),
    span: of("span"),
    text: of("text"),
    code: of("code"),
  };
}

function namesIn(
  issues: readonly IssueText[],
  index: RepositoryIndex,
  rarityOfName: (plain: string) => number,
): (name: Name) => Named {
  const symbols = symbolsInAnyCase(issues, index);
  const known = new Map<Name, Named>();
  return (own) => {
    const before = known.get(own);
    if (before !== undefined) return before;
    const { name, plain } = own;
    const named = {
      isTelling: name.length >= NAME_LENGTH_MIN && !isEmptyWord(name),
      looksLikeCode: /[a-z0-9][A-Z]|[_\d-]|^[A-Z]{2}/.test(name),
      rarity: rarityOfName(plain),
      same: index.byName.get(plain) ?? [],
      short: index.byShortName.get(plain) ?? [],
      exact: index.definitions.filesOf(name),
      alike: symbols.get(name.toLowerCase()) ?? [],
    };
    known.set(own, named);
    return named;
  };
}

const NAME_LENGTH_MIN = 3;

function termsOf(issues: readonly IssueText[], index: RepositoryIndex): Terms[] {
  const rarity = rarities(
    issues.map(({ counts }) => Object.values(counts).flatMap((words) => [...words.keys()])),
    issues.length,
  );
  const known = new Map<string, Word>();
  const wordOf = (text: string): Word => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const word = {
      rarity: rarity(text),
      postings: {
        paths: index.pathWords.of.get(text),
        definitions: index.symbolWords.of.get(text),
        subjects: index.history.subjectWords.of.get(text),
      },
    };
    known.set(text, word);
    return word;
  };
  const terms = (counts: ReadonlyMap<string, number>): Term[] =>
    Array.from(counts, ([text, count]) => ({ word: wordOf(text), count }));
  return issues.map(({ counts: { title, text, code, label } }) => ({
    title: terms(title),
    text: terms(text),
    code: terms(code),
    label: terms(label),
  }));
}

/** Of all definitions those that issues name, by their small letters: a table of all of them takes too much room. */
function symbolsInAnyCase(
  issues: readonly IssueText[],
  { definitions }: RepositoryIndex,
): ReadonlyMap<string, readonly number[]> {
  const names = new Set(issues.flatMap(({ names: own }) => ZONES.flatMap((zone) => own[zone])));
  const asked = new Set(Array.from(names, ({ name }) => name.toLowerCase()));
  const slots = new Uint8Array(SLOTS);
  for (const name of asked) slots[smallMarkOf(name) & (SLOTS - 1)] = 1;
  const found = new Map<string, readonly number[]>();
  for (const symbol of definitions.names()) {
    // Most symbols are nobody's: a small table tells so without a copy of each in small letters.
    if (slots[smallMarkOf(symbol) & (SLOTS - 1)] !== 1) continue;
    const lower = symbol.toLowerCase();
    if (!asked.has(lower)) continue;
    const files = definitions.filesOf(symbol) ?? [];
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
    mark = (Math.imul(mark, 31) + (name.charCodeAt(place) & ~32)) | 0;
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

const SLOTS = 1 << 18;

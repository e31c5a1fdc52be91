import type { RepositoryIndex } from "../index/repository-index.ts";
import { normal, pieces } from "../index/words.ts";
import { type IssueText, identifiers, ZONES } from "./issue-text.ts";

/** What all issues together tell: words of every issue (templates, the project's own name) say nothing of one. */
export interface Backlog {
  readonly issues: readonly IssueText[];
  /** 0.05 for a word that every issue has, 1 for one of its own. */
  rarityOf(word: string): number;
  /** The same for a name as code has it. */
  rarityOfName(name: string): number;
  /** The same for a name of several words, e.g. `customparseformat` for "custom parse format". */
  rarityOfPhrase(phrase: string): number;
}

const RARITY_MIN = 0.05;

export function readBacklog(issues: readonly IssueText[], index: RepositoryIndex): Backlog {
  const issuesWith = new Map<string, number>();
  for (const issue of issues) {
    const seen = new Set<string>();
    for (const counts of Object.values(issue.counts)) {
      for (const word of counts.keys()) seen.add(word);
    }
    for (const zone of ZONES) {
      for (const name of identifiers(issue.zones[zone])) seen.add(nameKey(name));
      for (const { phrase } of phrases(issue.zones[zone], index)) seen.add(phraseKey(phrase));
    }
    for (const key of seen) issuesWith.set(key, (issuesWith.get(key) ?? 0) + 1);
  }
  const rarity = (key: string): number => {
    const others = Math.max(0, (issuesWith.get(key) ?? 1) - 1) / (issues.length + 5);
    return Math.max(RARITY_MIN, Math.min(1, -Math.log(others + 0.02) / 3.2));
  };
  return {
    issues,
    rarityOf: rarity,
    rarityOfName: (name) => rarity(nameKey(name)),
    rarityOfPhrase: (phrase) => rarity(phraseKey(phrase)),
  };
}

const nameKey = (name: string): string => `=${normal(name)}`;
const phraseKey = (phrase: string): string => `+${phrase}`;

const PHRASE_PIECES_MAX = 4;
const PHRASE_LENGTH_MIN = 6;

/** Two to four neighbouring words that together name a file or folder; each once, with the words as they are read. */
export function phrases(
  text: string,
  index: RepositoryIndex,
): { readonly phrase: string; readonly spoken: string }[] {
  const all = pieces(text);
  const found = new Map<string, string>();
  all.forEach((first, start) => {
    let phrase = first;
    for (const [length, piece] of all.slice(start + 1, start + PHRASE_PIECES_MAX).entries()) {
      phrase += piece;
      if (phrase.length < PHRASE_LENGTH_MIN || found.has(phrase)) continue;
      if (!index.byName.has(phrase) && !index.foldersByName.has(phrase)) continue;
      found.set(phrase, all.slice(start, start + length + 2).join(" "));
    }
  });
  return [...found].map(([phrase, spoken]) => ({ phrase, spoken }));
}

import type { RepositoryIndex } from "../index/repository-index.ts";
import { FIRST_MARK, markOf } from "../index/source-text.ts";
import { pieces } from "../index/words.ts";

/** Names of the repository that stand in a text as several words; each once. */
export interface SpokenNames {
  /** Neighbouring words that together name a file or folder. */
  readonly phrases: readonly Phrase[];
  /** Names of files beside those of folders. */
  readonly housed: readonly Housed[];
}

/** Two to four words in one, and as they are read. */
export interface Phrase {
  readonly phrase: string;
  readonly spoken: string;
}

/** The name of a file and that of a folder side by side: `bd create`, "the duration plugin". Without case and separators. */
export interface Housed {
  readonly name: string;
  readonly folder: string;
}

const PHRASE_PIECES_MAX = 4;
const PHRASE_LENGTH_MIN = 6;
const HOUSED_PIECES_MAX = 3;
const SLOTS = 1 << 18;

/** Reads texts. A small table of marks tells most words apart from all names before anything is joined or looked up. */
export function spokenNamesReader({
  byName,
  foldersByName,
}: RepositoryIndex): (text: string) => SpokenNames {
  const slots = new Uint8Array(SLOTS);
  for (const name of byName.keys()) slots[markOf(name) & (SLOTS - 1)] = 1;
  for (const name of foldersByName.keys()) slots[markOf(name) & (SLOTS - 1)] = 1;
  return (text) => {
    const all = pieces(text);
    const phrases = new Map<string, string>();
    const housed = new Map<string, Housed>();
    for (let start = 0; start < all.length; start += 1) {
      let mark = FIRST_MARK;
      const last = Math.min(all.length, start + PHRASE_PIECES_MAX);
      for (let end = start + 1; end <= last; end += 1) {
        mark = markOf(all[end - 1] ?? "", mark);
        if (slots[mark & (SLOTS - 1)] !== 1) continue;
        if (end > start + 1) addPhrase(start, end);
        if (end <= start + HOUSED_PIECES_MAX) addHoused(start, end);
      }
    }
    return {
      phrases: Array.from(phrases, ([phrase, spoken]) => ({ phrase, spoken })),
      housed: [...housed.values()],
    };

    function addPhrase(start: number, end: number): void {
      const phrase = all.slice(start, end).join("");
      if (phrase.length < PHRASE_LENGTH_MIN || phrases.has(phrase)) return;
      if (!byName.has(phrase) && !foldersByName.has(phrase)) return;
      phrases.set(phrase, all.slice(start, end).join(" "));
    }

    function addHoused(start: number, end: number): void {
      for (const folder of [all[start - 1], all[end]]) {
        if (folder === undefined || !foldersByName.has(folder)) continue;
        const name = all.slice(start, end).join("");
        if (name !== folder && byName.has(name)) housed.set(`${folder} ${name}`, { name, folder });
      }
    }
  };
}

/** Words that say nothing about a place in a repository. */
const EMPTY = new Set(
  "a add after all also an and any are as at be before bug but by can code com do does error file files fix for from get github had has have here how http https i if in index into io is issue it its lib main me my new no not of on only or org re s set should so src t than that the then there they this to use used user using ve version was we were what when where which will with would www you".split(
    " ",
  ),
);

/** The pieces of a text in small letters: `parseDate2 of HTMLNode` gives parse, date, 2, of, html, node. */
export const pieces = (text: string): string[] =>
  rawPieces(text).map((piece) => piece.toLowerCase());

function rawPieces(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  let before = OTHER;
  let here = characterAt(text, 0);
  for (let place = 0; place < text.length; place += 1) {
    const next = characterAt(text, place + 1);
    if (begins(before, here, next)) {
      if (before !== OTHER) found.push(text.slice(from, place));
      from = place;
    }
    before = here;
    here = next;
  }
  if (before !== OTHER) found.push(text.slice(from));
  return found;
}

/** Numbers, as every character of every name is looked at. */
const OTHER = 0;
const SMALL = 1;
const CAPITAL = 2;
const DIGIT = 3;

function characterAt(text: string, place: number): number {
  const code = text.charCodeAt(place);
  if (code >= 97 && code <= 122) return SMALL;
  if (code >= 65 && code <= 90) return CAPITAL;
  return code >= 48 && code <= 57 ? DIGIT : OTHER;
}

/** A piece ends where letters and digits meet, before a capital letter, and before the last one of several: HTML|Node. */
function begins(before: number, here: number, next: number): boolean {
  if (here === before) return here === CAPITAL && next === SMALL;
  return !(before === CAPITAL && here === SMALL);
}

/** The telling words of a text, each cut to its stem. */
export const words = (text: string): string[] => wordReader()(text);

/** The same for many texts: what becomes of a piece is found once. */
export const wordReader = (): ((text: string) => string[]) => reader(wordOf);

/** The stems of all pieces of many texts, also of those that tell nothing. */
export const stemReader = (): ((text: string) => string[]) => reader(stem);

/** What small pieces become is left out where it is empty. */
function reader(become: (piece: string) => string): (text: string) => string[] {
  const known = new Map<string, string>();
  return (text) => {
    const found: string[] = [];
    for (const piece of rawPieces(text)) {
      let word = known.get(piece);
      if (word === undefined) {
        word = become(piece.toLowerCase());
        known.set(piece, word);
      }
      if (word !== "") found.push(word);
    }
    return found;
  };
}

/** Empty for a piece that tells nothing. */
const wordOf = (piece: string): string =>
  piece.length > 1 && !EMPTY.has(piece) ? stem(piece) : "";

/** `parsing`, `parsed` and `parses` become one word. */
export function stem(word: string): string {
  if (word.length < 5 || !STEM_ENDS.has(word.charCodeAt(word.length - 1))) return word;
  return word.replace(/ies$/, "y").replace(/(?<=[a-z]{3})(?:ing|ed|es|s|e)$/, "");
}

/** The last letters of what is cut off: d, e, g and s. */
const STEM_ENDS: ReadonlySet<number> = new Set([100, 101, 103, 115]);

export const isEmptyWord = (word: string): boolean => EMPTY.has(word.toLowerCase());

/** A name without case and separators: `custom-parse_Format` becomes `customparseformat`. */
export const normal = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

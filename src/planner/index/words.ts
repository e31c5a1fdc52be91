/** Words that say nothing about a place in a repository. */
const EMPTY = new Set(
  "a add after all also an and any are as at be before bug but by can code com do does error file files fix for from get github had has have here how http https i if in index into io is issue it its lib main me my new no not of on only or org re s set should so src t than that the then there they this to use used user using ve version was we were what when where which will with would www you".split(
    " ",
  ),
);

/** The pieces of a text in small letters: `parseDate2 of HTMLNode` gives parse, date, 2, of, html, node. */
export function pieces(text: string): string[] {
  return (
    text
      .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
      .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
      .toLowerCase()
      .match(/[a-z]+|\d+/g) ?? []
  );
}

/** The telling words of a text, each cut to its stem. */
export const words = (text: string): string[] =>
  pieces(text)
    .filter((piece) => piece.length > 1 && !EMPTY.has(piece))
    .map(stem);

/** `parsing`, `parsed` and `parses` become one word. */
export function stem(word: string): string {
  if (word.length < 5) return word;
  return word.replace(/ies$/, "y").replace(/(?<=[a-z]{3})(?:ing|ed|es|s|e)$/, "");
}

export const isEmptyWord = (word: string): boolean => EMPTY.has(word.toLowerCase());

/** A name without case and separators: `custom-parse_Format` becomes `customparseformat`. */
export const normal = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

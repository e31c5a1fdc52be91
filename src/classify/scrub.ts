import type { Screen } from "../agents/screen.ts";

/** What tells about a person or a machine, to be taken out of a screen. */
export interface PrivateWords {
  /** Names of people, accounts, hosts, projects. Shorter than three letters they are left: they stand in any text. */
  readonly names: readonly string[];
  /** Takes known secrets out of a text. */
  readonly redact: (text: string) => string;
}

/**
 * A screen without paths, addresses, secrets and names. What goes is replaced letter by letter, so that boxes and the cursor
 * stay where they are and the screen is read as before.
 */
export function scrubScreen(screen: Screen, words: PrivateWords): Screen {
  const scrub = (text: string): string => scrubLine(text, words);
  return { ...screen, lines: screen.lines.map(scrub), title: scrub(screen.title) };
}

function scrubLine(text: string, { names, redact }: PrivateWords): string {
  let clean = sameLength(text, redact(text));
  for (const secret of PRIVATE) clean = clean.replace(secret, blank);
  const known = names.filter((name) => name.length >= 3).toSorted((a, b) => b.length - a.length);
  for (const name of known) {
    const word = name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    clean = clean.replace(new RegExp(`(?<![\\p{L}\\p{N}])${word}(?![\\p{L}\\p{N}])`, "giu"), blank);
  }
  return clean;
}

/** Addresses with what follows, paths of two parts and more, mail addresses, host:port, and words as only machines make them. */
const PRIVATE: readonly RegExp[] = [
  /(?<=\b[a-z][a-z+]+:\/\/)[^\s"'<>│┃|]+/giu,
  /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*/gu,
  /(?:(?<![\w/])~|(?<![\w/.~])(?=\/))(?:\/[^\s/"'`│┃|:,;()<>]+){2,}\/?/gu,
  /(?<![\w/])~\/[^\s"'`│┃|:,;()<>]+/gu,
  /(?<![\w/])[\w@.-]+(?:\/[\w@.-]+)*(?:\/[\w@.-]+\/|\/[\w@-]+\.[A-Za-z])[\w@./-]*/gu,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /\b[\w.-]+:\d{4,5}\b/g,
  /\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{24,}\b/g,
];

/** Keeps what shapes a line: separators stay, letters and digits go. */
const blank = (text: string): string =>
  text.replace(/[\p{L}\p{N}]/gu, (letter) => "x".repeat(letter.length));

/** A redacted text in the length of the original, where its ends did not change. */
function sameLength(original: string, redacted: string): string {
  if (redacted === original) return original;
  let start = 0;
  while (original[start] === redacted[start]) start += 1;
  let end = 0;
  while (
    end < Math.min(original.length, redacted.length) - start &&
    original.at(-1 - end) === redacted.at(-1 - end)
  )
    end += 1;
  return (
    original.slice(0, start) +
    "x".repeat(original.length - start - end) +
    original.slice(original.length - end)
  );
}

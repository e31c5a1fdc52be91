/** Control characters but tab and line feed, zero-width, bidirectional, variation-tag and other invisible characters. */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/**
 * Text from outside as plain text: line ends become `\n`, invisible characters go.
 * `removed` counts the characters that went, so that it can be told.
 */
export function plainText(text: string): { readonly text: string; readonly removed: number } {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
  const clean = lines.replace(INVISIBLE, "");
  return { text: clean, removed: [...lines].length - [...clean].length };
}

/** The same on one line, at most `charactersMax` long. */
export function plainLine(text: string, charactersMax: number): string {
  const line = plainText(text).text.replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length <= charactersMax
    ? line
    : `${characters.slice(0, charactersMax - 1).join("")}…`;
}

/** `a, b, c and 2 more`: a list for a line that people read. */
export function firstFew(all: readonly string[]): string {
  const more = all.length - FEW;
  return `${all.slice(0, FEW).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

const FEW = 3;

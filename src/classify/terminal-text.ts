// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what is read here
/** Strings for the terminal itself (titles, links, the clipboard): OSC, DCS, SOS, PM, APC, also in their one-byte forms. */
const STRINGS =
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?/g;
/** CSI sequences, with their last letter; those that move the cursor to another row end a line of text. */
const SEQUENCES = /(?:\u001b\[|\u009b)[0-?]*[ -/]*([@-~]?)/g;
const ROW_MOVES = /[ABEFHdf]/;
const OTHER_ESCAPES = /\u001b[ -/]*[0-~]?/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const ERASED = /[^\n\b]\u0008/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above

/**
 * What a terminal wrote, as lines without escape sequences. A line that was drawn anew counts once, as it was last; a
 * program that paints the whole screen leaves the texts in the order of painting.
 */
export function terminalLines(raw: string): string[] {
  const text = raw
    .replace(STRINGS, "")
    .replace(SEQUENCES, (_, final: string) =>
      ROW_MOVES.test(final) ? "\n" : final === "C" ? " " : "",
    )
    .replace(OTHER_ESCAPES, "")
    .replaceAll("\r\n", "\n")
    .replace(ERASED, "");
  const lines: string[] = [];
  for (const drawn of text.split("\n")) {
    const line = lastDrawing(drawn).replace(CONTROLS, "").trimEnd();
    if (line !== lines.at(-1)) lines.push(line);
  }
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

/** After a carriage return the line is written over: the last text stands. */
const lastDrawing = (line: string): string =>
  line
    .split("\r")
    .filter((part) => part.trim() !== "")
    .at(-1) ?? "";

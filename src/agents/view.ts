import type { Screen } from "./screen.ts";

/** A screen made ready for rules: clean lines, and where its text and its cursor are. */
export interface View {
  /** History and screen from top to bottom; no variation selectors, no hard spaces, no trailing blanks. */
  readonly lines: readonly string[];
  /** One past the last line with text. */
  readonly end: number;
  /** The line of the cursor. */
  readonly row: number;
  readonly column: number;
  /** The pane's title, cleaned alike. */
  readonly title: string;
  readonly screen: Screen;
}

export function viewOf(screen: Screen): View {
  const lines = screen.lines.map(clean);
  const end = lines.findLastIndex((line) => line !== "") + 1;
  return {
    lines,
    end,
    row: Math.max(0, lines.length - screen.rows) + screen.cursor.y,
    column: screen.cursor.x,
    title: clean(screen.title).trim(),
    screen,
  };
}

/** The lines of a range that hold text. */
export function textLines(view: View, from: number, to: number): string[] {
  return view.lines.slice(Math.max(0, from), Math.max(0, to)).filter((line) => line.trim() !== "");
}

/** The last `count` lines with text before line `before`. */
export function linesAbove(view: View, before: number, count: number): string[] {
  return textLines(view, 0, before).slice(-count);
}

/** The cursor's line up to the cursor: what stands behind it is left over from something else. */
export function textBeforeCursor(view: View): string {
  return [...(view.lines[view.row] ?? "")].slice(0, view.column).join("").trimEnd();
}

/** Several lines as one, single-spaced, without the frame of a box. */
export function oneLine(lines: readonly string[]): string {
  return lines.map(unframed).join(" ").replace(/\s+/g, " ").trim();
}

/** A line without the sides of the box that it stands in. */
export function unframed(line: string): string {
  return line.replace(/^(\s*)[│┃|](?:\s[│┃])?/u, "$1 ").replace(/\s*[│┃](?:\s[│┃])?\s*$/u, "");
}

/** A line that only draws. */
export function isRule(line: string): boolean {
  return /^[\s─━═╌┄▔▁▄▀█╭╮╰╯┌┐└┘╹╻│┃-]+$/u.test(line) && line.trim().length >= 3;
}

/** A spinner of braille dots before the title's words: the sign of a turn that runs, in several agents. */
export const SPINNER_TITLE = /^[\u2801-\u28ff]\s/u;

function clean(line: string): string {
  return line
    .replace(/[\ufe0e\ufe0f\u200b]/gu, "")
    .replace(/\u00a0/gu, " ")
    .trimEnd();
}

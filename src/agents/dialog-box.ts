import type { DialogOption } from "./agent.ts";
import { isRule, oneLine, textLines, unframed, type View } from "./view.ts";

/** A list of options at the bottom of the screen, not yet understood. */
export interface DialogBox {
  /** Everything above the options that belongs to the dialog, one line each. */
  readonly text: readonly string[];
  readonly options: readonly DialogOption[];
  /** The command that it asks to approve, as it stands between its marks. */
  readonly command?: readonly string[];
  /** The row of hints below, e.g. `enter confirm · esc skip`; empty when there is none. */
  readonly hints: string;
}

/** Rows that say how a dialog is worked. */
export const HINTS =
  /\b(?:enter|return) (?:to )?(?:confirm|select|submit|continue|resume|open|choose|accept)\b|\buse enter to\b|\besc(?:ape)? (?:to )?(?:cancel(?!, \d)|close|back|dismiss|skip|go back|reject|exit)\b|\bpress (?:enter|return) to\b|[↑⇆]\S* (?:to )?(?:navigate|move|select|browse)\b|\btab to amend\b|\bwaiting for (?:user )?confirmation\b/i;

const HINT_ROW = /^(?:ctrl\+\w|[⇆↑↓]|enter|esc) /iu;
const MARK = "❯›>●⏺▸▶◉➤→";
const NUMBERED = new RegExp(`^(\\s*)(?:([${MARK}])\\s*)?\\(?(\\d{1,2})[.)]\\s+(\\S.*)$`, "u");
const MARKED = new RegExp(`^(\\s*)([${MARK}])\\s+(\\S.*)$`, "u");
const UNMARKED = /^\s*[○◯◻☐]\s+/u;
/** Lines between the last option and the end of the screen: descriptions, notes, hints, a box's bottom. */
const TRAIL_MAX = 20;
const TEXT_MAX = 30;

/**
 * The dialog at the bottom of the screen, if there is one: options of which one is marked, with nothing below them but
 * descriptions and hints. Options named in the middle of a transcript are none.
 */
export function dialogAtBottom(view: View): DialogBox | undefined {
  const hintsAt = hintRow(view);
  const hints = hintsAt === undefined ? "" : oneLine(textLines(view, hintsAt, view.end));
  const found = numberedOptions(view) ?? markedOptions(view, hintsAt) ?? sideBySide(view, hintsAt);
  if (found) {
    const command = commandAbove(view, found.from);
    return {
      text: textAbove(view, found.from),
      options: found.options,
      hints,
      ...(command ? { command } : {}),
    };
  }
  if (hintsAt === undefined || !/\bpress (?:enter|return)\b/i.test(hints)) return undefined;
  const options = [{ label: "Continue", highlighted: true, keys: ["Enter"] }];
  return { text: textAbove(view, hintsAt), options, hints };
}

interface Found {
  readonly from: number;
  readonly options: DialogOption[];
}

/** The first of the last rows that says how a dialog is worked. */
function hintRow(view: View): number | undefined {
  let seen = 0;
  let row: number | undefined;
  for (let index = view.end - 1; index >= 0 && seen < 4; index -= 1) {
    const line = view.lines[index] ?? "";
    if (line.trim() === "" || isRule(line)) continue;
    seen += 1;
    if (HINTS.test(line)) row = index;
  }
  return row;
}

/** `❯ 1. Yes` / `  2. No`: counted without a gap from 1, one marked. */
function numberedOptions(view: View): Found | undefined {
  const options: DialogOption[] = [];
  let expected: number | undefined;
  let from = view.end;
  for (let index = view.end - 1; index >= Math.max(0, view.end - TEXT_MAX); index -= 1) {
    const match = NUMBERED.exec(unframed(view.lines[index] ?? ""));
    const number = Number(match?.[3]);
    if (!match || (expected !== undefined && number !== expected)) continue;
    if (expected === undefined && textLines(view, index + 1, view.end).length > TRAIL_MAX) break;
    options.unshift(optionOf(match[4] ?? "", match[2] !== undefined));
    from = index;
    expected = number - 1;
    if (expected === 0) break;
  }
  const whole = expected === 0 && options.length > 1;
  return whole && options.some((option) => option.highlighted) ? { from, options } : undefined;
}

/** `❯ No, exit` / `  Yes, I trust this folder`: neighbours of the marked line, above a row of hints. */
function markedOptions(view: View, hintsAt: number | undefined): Found | undefined {
  for (let index = view.end - 1; index >= Math.max(0, view.end - TRAIL_MAX); index -= 1) {
    const match = MARKED.exec(unframed(view.lines[index] ?? ""));
    if (!match) continue;
    const mark = (match[1] ?? "").length;
    // Without a row of hints only a box, or the cursor on the mark, makes a list of it.
    const open = /^\s*[│┃]/u.test(view.lines[index] ?? "") || view.row === index;
    if (hintsAt === undefined && !open) return undefined;
    const isSibling = (line: string): boolean =>
      line.trim() !== "" &&
      !isRule(line) &&
      !HINTS.test(line) &&
      (indentOf(line) >= mark + 2 || UNMARKED.test(line));
    let from = index;
    while (isSibling(unframed(view.lines[from - 1] ?? ""))) from -= 1;
    let to = index + 1;
    while (to < view.end && isSibling(unframed(view.lines[to] ?? ""))) to += 1;
    const options = view.lines
      .slice(from, to)
      .map((line, at) =>
        optionOf(unframed(line).replace(MARKED, "$3").replace(UNMARKED, ""), from + at === index),
      );
    return options.length > 1 ? { from, options } : undefined;
  }
  return undefined;
}

/** `Allow once   Allow always   Reject      ⇆ select  enter confirm`: which is marked, only colour tells. */
function sideBySide(view: View, hintsAt: number | undefined): Found | undefined {
  if (hintsAt === undefined) return undefined;
  const bare = unframed(view.lines[hintsAt] ?? "");
  // A narrow terminal has the hints in a row of their own.
  const above = view.lines.slice(0, hintsAt).findLastIndex((row) => unframed(row).trim() !== "");
  const apart = HINT_ROW.test(bare.trim()) && /^\s*┃/u.test(view.lines[above] ?? "");
  const from = apart ? above : hintsAt;
  const line = apart ? `${unframed(view.lines[from] ?? "")}  ${bare.trim()}` : bare;
  const labels = line.trim().split(/\s{2,}/);
  const options = labels.filter((label) => !/\b(?:ctrl|enter|esc|tab)\b|[⇆↑↓]/i.test(label));
  if (options.length < 2 || options.length === labels.length) return undefined;
  return { from, options: options.map((label) => optionOf(label, false)) };
}

/** The dialog's own text: up to its box's top, a rule, or the transcript. */
function textAbove(view: View, from: number): string[] {
  const text: string[] = [];
  const side = /^\s*[┃]/u;
  const sided = side.test(view.lines[from] ?? "");
  for (let index = from - 1; index >= Math.max(0, from - TEXT_MAX); index -= 1) {
    const line = view.lines[index] ?? "";
    if (sided && !side.test(line)) break;
    if (/^\s{0,2}[╭┌]|^\s{0,2}[─━▔]{16,}\s*$/u.test(line)) break;
    if (/^(?:[•◦■✔✦✕ℹ●◆❯›⎿]|> |\S+[$#%] )|^\s{1,2}(?:[✦◆✕✗ℹ●❯›∴⎿] |> )/u.test(line)) break;
    const inside = unframed(line).trim();
    if (/\p{L}{2}/u.test(inside)) text.unshift(inside);
  }
  return text;
}

/**
 * The rows of the one command above the options: in a box of its own, behind a `$` up to an empty row, or between two dashed
 * rules. Where there is more than one such place a command may hold the signs of another, so it is none.
 */
function commandAbove(view: View, from: number): readonly string[] | undefined {
  const region = view.lines.slice(Math.max(0, from - TEXT_MAX), from);
  const begin = region.findLastIndex((line) => /^(?:[•◦■✔✦✕ℹ●◆❯›⎿]|> )/u.test(line)) + 1;
  const rows = region.slice(begin).map((line) => unframed(line).trim());
  if (rows.some((row) => SHELL_QUESTION.test(row))) return boxedCommand(rows);
  if (rows.some((row) => NAMED_QUESTION.test(row))) return headedCommand(rows);
  if (rows.filter((row) => /\b(?:bash|shell|following) command\b/i.test(row)).length !== 1) {
    return undefined;
  }
  const dashes = rows.flatMap((row, index) => (/^╌{10,}$/u.test(row) ? [index] : []));
  if (dashes.length > 0) {
    const [first, second] = dashes;
    return second !== undefined && dashes.length === 2
      ? rows.slice((first ?? 0) + 1, second)
      : undefined;
  }
  const dollars = rows.flatMap((row, index) => (/^\$ \S/.test(row) ? [index] : []));
  const [at] = dollars;
  if (at === undefined || dollars.length !== 1) return undefined;
  const end = rows.indexOf("", at);
  const command = rows.slice(at, end < 0 ? rows.length : end);
  // Nothing but the options follows the command.
  const rest = end < 0 ? [] : rows.slice(end).filter((row) => row !== "");
  return rest.length > 0 ? undefined : command.map((row) => row.replace(/^\$ /, ""));
}

const SHELL_QUESTION = /^Allow execution of \[Shell\]\?$/i;

/** Below the dialog's own top and its heading the command's box, then the question and nothing else. */
function boxedCommand(rows: readonly string[]): readonly string[] | undefined {
  const [outer, top, ...tops] = rows.flatMap((row, index) =>
    /^╭─{10,}╮$/u.test(row) ? [index] : [],
  );
  const [bottom, ...bottoms] = rows.flatMap((row, index) =>
    /^╰─{10,}╯$/u.test(row) ? [index] : [],
  );
  if (outer === undefined || top === undefined || bottom === undefined) return undefined;
  const [question, ...more] = rows.slice(bottom + 1).filter((row) => row !== "");
  const alone = tops.length === 0 && bottoms.length === 0 && more.length === 0;
  return alone && SHELL_QUESTION.test(question ?? "") ? rows.slice(top + 1, bottom) : undefined;
}

const NAMED_QUESTION = /^Allow execution of: '.+'\?$/i;

/** A heading that begins with the command, the command, and the question: empty rows between them, and nothing else. */
function headedCommand(rows: readonly string[]): readonly string[] | undefined {
  const from = rows.findIndex((row) => /^\?\s+Shell \S/.test(row));
  const [heading, command, question, ...more] = paragraphs(from < 0 ? [] : rows.slice(from));
  if (!heading || !command || more.length > 0) return undefined;
  const alone = question?.length === 1 && NAMED_QUESTION.test(question[0] ?? "");
  const bare = (words: readonly string[]): string => words.join("").replace(/\s/g, "");
  const named = bare(heading).startsWith(`?Shell${bare(command).slice(0, 20)}`);
  return alone && named ? command : undefined;
}

function paragraphs(rows: readonly string[]): readonly (readonly string[])[] {
  const found: string[][] = [[]];
  for (const row of rows) {
    if (row === "") found.push([]);
    else found.at(-1)?.push(row);
  }
  return found.filter((one) => one.length > 0);
}

/** Only keys that the label itself names are keys: a number is a position. */
function optionOf(text: string, highlighted: boolean): DialogOption {
  const hint = /^(.*\S)\s+\((\S|esc)\)$/iu.exec(text);
  const label = (hint?.[1] ?? text).replace(/^\s*✔\s+|\s+✔\s*$/gu, "").trim();
  const key = hint?.[2];
  if (key === undefined) return { label, highlighted };
  return { label, highlighted, keys: [key.length === 1 ? key : "Escape"] };
}

const indentOf = (line: string): number => line.length - line.trimStart().length;

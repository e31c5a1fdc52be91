import type { Composer } from "./tui.ts";
import { textBeforeCursor, textLines, unframed, type View } from "./view.ts";

/** Footer rows that may stand below a composer: status, hints, a list of commands. */
const FOOTER_MAX = 16;
const DRAFT_ROWS_MAX = 30;

/**
 * A composer that is a row with a prompt sign and, in a long draft, indented rows below it; the cursor stands in it.
 * Rows with a number after the sign are a dialog's options.
 */
export function openComposer(view: View, sign: RegExp): Composer | undefined {
  const from = rowUpwards(
    view,
    (line) => sign.test(line),
    (line) => /^\s{2,3}\S/.test(line),
  );
  if (from === undefined || /^\S\s+\d+[.)]\s/.test(view.lines[from] ?? "")) return undefined;
  return composerOf(view, from, view.row + 1, from);
}

interface Frame {
  readonly top: RegExp;
  readonly bottom: RegExp;
  readonly sign: RegExp;
}

/**
 * A composer between two rules or half-block rows. The cursor stands in it; but a program that draws its own cursor hides the
 * terminal's, and one that redraws may leave it elsewhere, but behind no words: then the last such frame is the composer.
 */
export function framedComposer(view: View, frame: Frame): Composer | undefined {
  const found = framedAtCursor(view, frame);
  const last = lastFramed(view, frame);
  // A frame further up is a prompt that was sent.
  if (found && (last === undefined || last.from <= found.from)) return found;
  const hidden = !view.screen.cursor.visible || textBeforeCursor(view) === "";
  return last && (hidden || view.row < last.to) ? last : undefined;
}

function framedAtCursor(view: View, frame: Frame): Composer | undefined {
  const top = rowUpwards(
    view,
    (line) => frame.top.test(line),
    () => true,
  );
  if (top === undefined || top === view.row || !frame.sign.test(view.lines[top + 1] ?? ""))
    return undefined;
  const below = view.lines.slice(view.row, view.row + DRAFT_ROWS_MAX);
  const bottom = below.findIndex((line) => frame.bottom.test(line));
  if (bottom < 0) return undefined;
  return composerOf(view, top, view.row + bottom + 1, top + 1);
}

/** The words that stand in an empty composer look like a draft where the cursor does not tell. */
const PLACEHOLDER = /^\S\s+(?:Try "|Type your message\b|Ask \w+ )/u;

function lastFramed(view: View, { top, bottom, sign }: Frame): Composer | undefined {
  const last = view.lines.slice(0, view.end).findLastIndex((line) => bottom.test(line));
  for (let from = last - 1; from >= Math.max(0, last - DRAFT_ROWS_MAX); from -= 1) {
    if (!top.test(view.lines[from] ?? "")) continue;
    const row = unframed(view.lines[from + 1] ?? "").trim();
    const below = textLines(view, last + 1, view.end);
    const fits = sign.test(view.lines[from + 1] ?? "") && !/^\S\s+\d+[.)]\s/.test(row);
    if (!fits || below.length > FOOTER_MAX) return undefined;
    const draft = (/^\S\s+\S/u.test(row) && !PLACEHOLDER.test(row)) || last > from + 2;
    return { from, to: last + 1, draft };
  }
  return undefined;
}

/** A row above or at the cursor, as long as the rows between belong to the composer. */
function rowUpwards(
  view: View,
  wanted: (line: string) => boolean,
  between: (line: string) => boolean,
): number | undefined {
  for (let row = view.row; row >= Math.max(0, view.row - DRAFT_ROWS_MAX); row -= 1) {
    const line = view.lines[row] ?? "";
    if (wanted(line)) return row;
    if (!between(line)) return undefined;
  }
  return undefined;
}

/** With nothing below it but a footer. Placeholders are no draft: the cursor stands before them. */
function composerOf(view: View, from: number, to: number, signRow: number): Composer | undefined {
  if (textLines(view, to, view.end).length > FOOTER_MAX) return undefined;
  const home = /^\W+/.exec(view.lines[signRow] ?? "")?.[0].length ?? 0;
  const column = /^(\s*\S\s*)/.exec(view.lines[signRow] ?? "")?.[1]?.length ?? home;
  return { from, to, draft: view.row > signRow || view.column > Math.max(column, 2) };
}

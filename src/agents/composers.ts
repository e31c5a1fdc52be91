import type { Composer } from "./tui.ts";
import { textLines, type View } from "./view.ts";

/** Footer rows that may stand below a composer: status, hints, a list of commands. */
const FOOTER_MAX = 12;
const DRAFT_ROWS_MAX = 30;

/**
 * A composer that is a row with a prompt sign and, in a long draft, indented rows below it; the cursor stands in it.
 * Rows with a number after the sign are a dialog's options.
 */
export function openComposer(view: View, sign: RegExp): Composer | undefined {
  const from = rowUpwards(
    view,
    (line) => sign.test(line),
    (line) => /^\s{2}\S/.test(line),
  );
  if (from === undefined || /^\S\s+\d+[.)]\s/.test(view.lines[from] ?? "")) return undefined;
  return composerOf(view, from, view.row + 1, from);
}

/** A composer between two rules or half-block rows; the cursor stands in it. */
export function framedComposer(
  view: View,
  frame: { readonly top: RegExp; readonly bottom: RegExp; readonly sign: RegExp },
): Composer | undefined {
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

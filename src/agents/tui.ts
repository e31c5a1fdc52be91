import { unreachable } from "../manifest/errors.ts";
import type { Dialog, ScreenReading } from "./agent.ts";
import { type DialogBox, dialogAtBottom } from "./dialog-box.ts";
import { recogniseDialog } from "./dialogs.ts";
import { failureReading } from "./failure.ts";
import { announcesWork, closingQuestion } from "./last-words.ts";
import { readProgram } from "./program.ts";
import type { Screen } from "./screen.ts";
import {
  isRule,
  linesAbove,
  oneLine,
  SPINNER_TITLE,
  textLines,
  unframed,
  type View,
  viewOf,
} from "./view.ts";

/** Where the agent's composer is: one past its last line is where the footer begins. */
export interface Composer {
  readonly from: number;
  readonly to: number;
  /** Text that was typed and not sent. */
  readonly draft: boolean;
}

/** How the last turn ended, read from the part of the transcript below the last prompt. */
export type Ending =
  /** No prompt was ever sent. */
  | { readonly kind: "fresh" }
  /** The agent's own last words. */
  | { readonly kind: "said"; readonly lines: readonly string[] }
  | { readonly kind: "failed"; readonly text: string }
  /** Interrupted, declined, compacted, or nothing came back. */
  | { readonly kind: "broken-off"; readonly why: string };

/** What differs between full-screen agents: where things are, never which words the model may say. */
export interface Layout {
  readonly agent: string;
  composer(view: View): Composer | undefined;
  /** The row, near the composer, that says that a turn runs. */
  readonly busy: RegExp;
  /** The footer, on one line, of an agent that tells only there that a turn runs: without any footer nothing is known. */
  readonly busyFooter?: RegExp;
  /** Titles, where the agent sets any. */
  readonly busyTitle?: RegExp;
  readonly attentionTitle?: RegExp;
  /** The row that closes every turn, where there is one: a recent word without it may be part of a turn that runs. */
  readonly closing?: RegExp;
  /** Whether a busy row, or a busy title, is never missing while a turn runs: then none of them is proof. */
  readonly tellsWork?: (view: View, footer: readonly string[]) => boolean;
  ending(view: View, composer: Composer): Ending;
}

/** A turn that runs, but only because the agent tries again. */
const RETRYING =
  /\bretrying(?: in \d|\.{3}|…)|\breconnecting\b.*\d\/\d|\bwaiting for network\b|\bcontinuing (?:automatically at \d|shortly\b)/i;
/** Rows above the composer in which the sign of work may stand. */
const BUSY_ROWS = 5;
/** Every agent that works writes at least this often, but for a silent command. */
const FRESH_SECONDS = 2;

/**
 * Reads the screen of an agent with a composer, in this order: another program in front, the composer with what stands
 * around it, a dialog in the composer's place, the title, plain output. What the model wrote decides nothing but
 * whether it asks something.
 */
export function readAgent(screen: Screen, layout: Layout): ScreenReading {
  const view = viewOf(screen);
  const found = layout.composer(view);
  const composer = found && (hasCursor(view, found) || isInFront(view, layout)) ? found : undefined;
  // A shell, a pager, a question of git: the agent is not in front, whatever is left of it on the screen or in the title.
  const program = readProgram(view, composer !== undefined);
  if (program) return program;
  if (composer)
    return readBelow(view, composer, layout.agent) ?? readComposer(view, composer, layout);
  // A dialog hides the composer. It stands before the title, which may be stale or say "working" behind a dialog.
  const dialog = readDialog(view, isInFront(view, layout) ? layout.agent : "program");
  if (dialog) return dialog;
  if (layout.attentionTitle?.test(view.title)) {
    return { kind: "waiting-approval", confidence: 0.7, why: `the title says "${view.title}"` };
  }
  if (isBusyTitle(view, layout)) return working(0.8, `the title says "${view.title}"`);
  const row = busyRow(view, view.end, layout);
  if (row !== undefined) return busyReading(row);
  return readOverlay(view) ?? readPlain(view);
}

const hasCursor = ({ row }: View, { from, to }: Composer): boolean => row >= from && row < to;

/** A composer without the cursor may be left over: the program in front must be one that an agent can be. */
function isInFront({ screen }: View, { agent }: Layout): boolean {
  const { currentCommand } = screen;
  return (
    /^(?:node|bun|(?:da)?sh|np[mx]|\d[\d.]*)$/.test(currentCommand) ||
    currentCommand.startsWith(agent)
  );
}

/** A dialog that opened below a composer that does not have the cursor any more. */
function readBelow(view: View, composer: Composer, agent: string): ScreenReading | undefined {
  if (hasCursor(view, composer)) return undefined;
  return readDialog(
    { ...view, lines: view.lines.map((line, row) => (row < composer.to ? "" : line)) },
    agent,
  );
}

/** A dialog at the bottom of the screen, known or not. One of another program than an agent is a person's. */
export function readDialog(view: View, agent: string): ScreenReading | undefined {
  const box = dialogAtBottom(view);
  if (!box) return undefined;
  const title = titleOf(box);
  const text = oneLine([...box.text, box.hints]);
  const { id, kind, needsPerson } = recogniseDialog(agent, { title, text, options: box.options });
  const dialog: Dialog = {
    id: agent === "program" ? "program/dialog" : id,
    title,
    body: box.text.join("\n"),
    options: box.options,
    ...(box.command ? { command: box.command } : {}),
  };
  return {
    kind,
    confidence: id.endsWith("/unknown") ? 0.7 : 0.95,
    why: `a dialog is open: ${dialog.title}`,
    dialog,
    ...(needsPerson ? { needsPerson } : {}),
  };
}

/** A page of the agent's own, e.g. its help, in the composer's place: its last row says how to leave it. */
export function readOverlay(view: View): ScreenReading | undefined {
  const last = (view.lines[view.end - 1] ?? "").trim();
  if (!/\besc(?:ape)? (?:to )?(?:cancel|close|exit|go back|dismiss)$/i.test(last)) return undefined;
  return {
    kind: "waiting-input",
    confidence: 0.7,
    why: `a page is open: ${last.slice(0, 100)}`,
    needsPerson: true,
  };
}

/** A program that prints lines, or nothing yet: it runs, as far as one can see. */
export function readPlain(view: View): ScreenReading {
  const last = view.lines[view.end - 1] ?? "";
  if (view.end === 0) return working(0.5, "nothing on the screen yet");
  if (RETRYING.test(last)) return busyReading(last.trim());
  const { alternateOn, cursor } = view.screen;
  const atEnd = view.row >= view.end - 1 && (cursor.visible || !alternateOn);
  if (atEnd && !isRule(last)) return working(0.6, "a program runs and prints lines");
  return { kind: "unknown", confidence: 0, why: "nothing known on the screen" };
}

export const working = (confidence: number, why: string): ScreenReading => ({
  kind: "working",
  confidence,
  why,
  turn: "running",
});

function readComposer(view: View, composer: Composer, layout: Layout): ScreenReading {
  const draft = composer.draft ? { draft: true } : {};
  const row = busyRow(view, composer.from, layout) ?? footerRow(view, composer, layout);
  if (row !== undefined) return { ...busyReading(row), ...draft };
  if (isBusyTitle(view, layout))
    return { ...working(0.9, `the title says "${view.title}"`), ...draft };
  if (layout.busyFooter && textLines(view, composer.to, view.end).length === 0) {
    return { kind: "unknown", confidence: 0, why: "the footer is not drawn" };
  }
  const ending = layout.ending(view, composer);
  if (composer.draft && ending.kind === "failed") {
    return {
      ...endingReading({ kind: "broken-off", why: "words stand unsent in the composer" }),
      draft: true,
    };
  }
  if (ending.kind === "said" && maySpeakStill(view, composer, layout)) {
    return { ...working(0.5, "it wrote a moment ago and the turn is not closed"), ...draft };
  }
  return { ...endingReading(ending), ...draft };
}

function maySpeakStill(view: View, composer: Composer, layout: Layout): boolean {
  const { closing, tellsWork } = layout;
  const { silentSeconds } = view.screen;
  if (tellsWork?.(view, textLines(view, composer.to, view.end))) return false;
  if (closing === undefined || silentSeconds === null || silentSeconds > FRESH_SECONDS)
    return false;
  return !linesAbove(view, composer.from, 2).some((line) => closing.test(line));
}

function endingReading(ending: Ending): ScreenReading {
  switch (ending.kind) {
    case "fresh":
      return {
        kind: "idle-fresh",
        confidence: 0.9,
        why: "the composer waits; nothing was sent yet",
      };
    case "failed":
      return failureReading(ending.text, "ended", 0.9);
    case "broken-off":
      return { kind: "idle-done", confidence: 0.85, why: ending.why, turn: "broken-off" };
    case "said":
      return saidReading(ending.lines);
    default:
      return unreachable(ending);
  }
}

/** The end of a turn with the agent's last words: a question, an announcement without the work, or the end. */
export function saidReading(lines: readonly string[]): ScreenReading {
  const question = closingQuestion(lines);
  if (question !== undefined) {
    return {
      kind: "waiting-input",
      confidence: 0.8,
      why: "the turn ended with a question",
      turn: "ended",
      question,
    };
  }
  return announcesWork(lines)
    ? {
        kind: "idle-done",
        confidence: 0.8,
        why: "the turn ended with an announcement",
        turn: "broken-off",
      }
    : {
        kind: "idle-done",
        confidence: 0.85,
        why: "the turn ended; the composer waits",
        turn: "ended",
      };
}

export function busyReading(row: string): ScreenReading {
  return RETRYING.test(row)
    ? failureReading(row, "running", 0.9)
    : working(0.95, row.slice(0, 120));
}

/** The row that matches, with the rows right below that belong to it, e.g. the reason of a retry. */
function busyRow(view: View, before: number, layout: Layout): string | undefined {
  const rows = linesAbove(view, before, BUSY_ROWS);
  // A narrow terminal breaks it in two.
  const at = rows.findLastIndex(
    (row, index) =>
      layout.busy.test(row) || layout.busy.test(oneLine(rows.slice(index, index + 2))),
  );
  return at < 0 ? undefined : `${retryNotice(rows.slice(0, at))} ${oneLine(rows.slice(at))}`.trim();
}

/** A failed request that is tried again, when that is the last thing told above the sign of work. */
function retryNotice(rows: readonly string[]): string {
  const last = rows.length - 1;
  if (!/^\s*(?:[●⎿]\s.*)?\bRetrying(?: in \d.*|\.{3}|…)$/u.test(unframed(rows[last] ?? "")))
    return "";
  return oneLine(rows.slice(rows.findLastIndex((row) => /^\s*[●⎿]\s/u.test(row))));
}

function footerRow(view: View, { from, to }: Composer, layout: Layout): string | undefined {
  // Indented, as a footer is: what looks like a spinner's row in it is a hint that was cut off.
  const footer = ` ${oneLine(textLines(view, to, view.end))}`;
  if (!layout.busy.test(footer) && !layout.busyFooter?.test(footer)) return undefined;
  return `${retryNotice(linesAbove(view, from, BUSY_ROWS))}${footer}`.trim();
}

function isBusyTitle(view: View, layout: Layout): boolean {
  return SPINNER_TITLE.test(view.title) || (layout.busyTitle?.test(view.title) ?? false);
}

/** The question of a dialog: its last line that asks, else its first line. */
function titleOf(box: DialogBox): string {
  const asked =
    box.text.findLast((line) => /\?(?:\s|$)/.test(line)) ??
    box.text.findLast((line) => line.endsWith(":"));
  return (asked ?? box.text[0] ?? box.hints).slice(0, 200);
}

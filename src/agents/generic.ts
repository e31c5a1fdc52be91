import type { ScreenReading } from "./agent.ts";
import { framedComposer } from "./composers.ts";
import { readAnyProgram, readProgram } from "./program.ts";
import type { Screen } from "./screen.ts";
import { busyReading, readDialog, readOverlay, readPlain, working } from "./tui.ts";
import { linesAbove, SPINNER_TITLE, type View, viewOf } from "./view.ts";

/** The hint how to stop a turn, with a clock or a spinner, or a spinner of dots before words: no agent shows them at rest. */
const BUSY =
  /\besc(?:ape)?(?: esc)? (?:again )?(?:to )?(?:interrupt|cancel|stop)\b.*\d+s\b|\d+s\b.*\besc(?:ape)?(?: esc)? (?:to )?(?:interrupt|cancel|stop)\b|\besc(?: esc)? (?:to )?interrupt\b|^\s*[\u2801-\u28ff] \p{L}/iu;

/**
 * Reads the screen of a program that nobody described: shells, questions, dialogs, pagers, signs of work. It may say
 * `unknown`; it never says that an agent ended its turn, and asks a person where something waits.
 */
export function readGeneric(screen: Screen): ScreenReading {
  const view = viewOf(screen);
  const program = readProgram(view, false);
  // Which command ended before a shell's prompt, the screen does not tell: nothing may be typed there.
  if (program) return program.kind === "exited-ok" ? { ...program, needsPerson: true } : program;
  const question = readAnyProgram(view);
  if (question) return question;
  const dialog = readDialog(view, "program");
  if (dialog) return dialog;
  const busy = linesAbove(view, view.end, 10).findLast((line) => BUSY.test(line));
  if (busy !== undefined) return busyReading(busy.trim());
  if (SPINNER_TITLE.test(view.title)) return working(0.8, `the title says "${view.title}"`);
  return readOverlay(view) ?? readStillComposer(view) ?? readPlain(view);
}

/** An agent that works writes more often than this, but for a long silent command: that it waits may end a whole run. */
const STILL_SECONDS = 60;

/** A place for words, framed, with the cursor in it, while nothing moves: something waits, or works without a sign. */
function readStillComposer(view: View): ScreenReading | undefined {
  const { silentSeconds } = view.screen;
  const framed = FRAMES.some(({ top, bottom }) => framedComposer(view, { top, bottom, sign: /^/ }));
  if (!framed || silentSeconds === null || silentSeconds < STILL_SECONDS) return undefined;
  return {
    kind: "waiting-input",
    confidence: 0.6,
    why: "a place for words stands still, and whose it is nobody described",
    needsPerson: true,
  };
}

const FRAMES = [
  { top: /^─{10,}$/u, bottom: /^─{10,}$/u },
  { top: /^╭─{10,}╮$/u, bottom: /^╰─{10,}╯$/u },
];

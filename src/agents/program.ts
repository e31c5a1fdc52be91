import type { Dialog, DialogOption, ScreenReading } from "./agent.ts";
import { SECRET_QUESTION } from "./dialogs.ts";
import { readShellPrompt, shellPromptAtCursor } from "./shell.ts";
import { oneLine, textBeforeCursor, type View } from "./view.ts";

const SHELL = /^-?(?:ba|z|fi|k|tc|c|da|a)?sh$/;
/** A shell's name stands in front also when it only waits for a program that it started, e.g. our wrapper's `sh`. */
const WAITING_SHELL = /^(?:da)?sh$/;
const EDITOR = /^(?:vi|vim|nvim|view|nano|pico|emacs|emacsclient|hx|helix|micro|ed|kak)$/;
const PAGER = /^(?:less|more|most|man|bat|batcat|delta|pg)$/;
/** Programs that are never an agent and that ask by a line of text. */
const ASKER =
  /^(?:git|ssh|scp|sftp|sudo|su|doas|passwd|gpg|gpg2|pinentry.*|apt|apt-get|dpkg|npm|npx|pnpm|yarn|pip|pip3|gh|make|cargo)$/;
const REPL = /^(?:python[\d.]*|ipython|node|deno|bun|irb|ruby|psql|mysql|sqlite3|lua|php|gdb|pdb)$/;

/**
 * Reads what is in front of an agent, or in its place: a shell, an editor, a pager, a program that asks. Undefined when
 * the foreground program is none of these, or shows none of their signs.
 * `composerSeen`: an agent's composer is on the screen.
 */
export function readProgram(view: View, composerSeen: boolean): ScreenReading | undefined {
  const command = view.screen.currentCommand;
  if (composerSeen && WAITING_SHELL.test(command)) return undefined;
  const bottom = view.lines[view.end - 1] ?? "";
  const isShell = SHELL.test(command);
  const foreign = isShell || EDITOR.test(command) || PAGER.test(command) || ASKER.test(command);
  if (EDITOR.test(command) || (foreign && isEditorRow(bottom))) {
    return {
      kind: "editor",
      confidence: 0.95,
      why: `an editor is open: ${bottom.trim().slice(0, 80)}`,
    };
  }
  if (PAGER.test(command) || (foreign && isPagerRow(view, bottom))) return pager(bottom);
  if (foreign) {
    const question = readQuestion(view);
    if (question) return question;
  }
  const prompt = isShell ? shellPromptAtCursor(view) : undefined;
  // Some composers and some shells share the bare sign `❯`: a whole composer is believed first.
  if (prompt === undefined || (composerSeen && !/\S[$#%]$/.test(prompt))) return undefined;
  return readShellPrompt(view, prompt);
}

/** A program that is not known to be an agent: its questions, its prompt, or that it runs. */
export function readAnyProgram(view: View): ScreenReading | undefined {
  const question = readQuestion(view);
  if (question) return question;
  const repl = REPL.test(view.screen.currentCommand) && !view.screen.alternateOn;
  if (
    repl &&
    /^(?:>>>|\.\.\.|>|In \[\d+\]:|[\w@-]+[=*]?[#>]|\((?:gdb|Pdb)\))$/.test(
      textBeforeCursor(view).trim(),
    )
  ) {
    return asked(view, textBeforeCursor(view).trim(), [], 0.8);
  }
  return undefined;
}

/** A question on the cursor's line, with nothing behind it but a yes or no that was typed and not sent. */
function readQuestion(view: View): ScreenReading | undefined {
  const line = unanswered(textBeforeCursor(view).trim());
  if (line === "" || view.row < view.end - 1) return undefined;
  if (SECRET_QUESTION.test(line) && /[:?]$/.test(line)) {
    return { ...asked(view, line, [], 0.9), needsPerson: true };
  }
  // `[nyae]?`: letters in a row are read as they are pressed.
  const letters = /\[([a-z]{2,6})\]\s*\?$/i.exec(line)?.[1];
  if (letters !== undefined) return asked(view, line, [...letters].map(keyOption), 0.9);
  if (/\bpress (?:any key|enter|return)\b(?!.*\besc\b)/i.test(line)) {
    return asked(view, line, [{ label: "Enter", highlighted: true, keys: ["Enter"] }], 0.85);
  }
  const typed = /[[(](?:y|n|yes|no)\b[^()]*[\])]\s*[:?]?$/i.test(line);
  if (typed || /^#\?$|\?$|[\w)"']:$/.test(line)) return asked(view, line, [], typed ? 0.9 : 0.75);
  return undefined;
}

/** The question without such a draft: whoever typed it may have died before Enter. */
const unanswered = (line: string): string =>
  line.replace(/([[(](?:y|n|yes|no)\b[^()]*[\])](?:\s*[:?])?)\s*(?:y|n|yes|no)$/i, "$1");

const keyOption = (key: string): DialogOption => ({ label: key, highlighted: false, keys: [key] });

function asked(
  view: View,
  line: string,
  options: readonly DialogOption[],
  confidence: number,
): ScreenReading {
  const dialog: Dialog = {
    id: "program/question",
    title: line.slice(0, 200),
    body: oneLine(view.lines.slice(Math.max(0, view.row - 4), view.row + 1)),
    options,
  };
  return { kind: "waiting-input", confidence, why: `a program asks: ${dialog.title}`, dialog };
}

function isEditorRow(row: string): boolean {
  return /^-- (?:INSERT|REPLACE|VISUAL)|^".*" (?:\[\w+\] )?\d+L, \d+[BC]|\^X Exit|\^G (?:Get )?Help/.test(
    row,
  );
}

function isPagerRow(view: View, row: string): boolean {
  if (view.row < view.end - 1) return false;
  return /^(?::|\(END\)|--More--.*|lines \d+-\d+.*|.*\(END\)|.*\bpress h for help or q to quit\b.*)$/.test(
    row.trim(),
  );
}

function pager(row: string): ScreenReading {
  return { kind: "pager", confidence: 0.95, why: `a pager is open: ${row.trim().slice(0, 80)}` };
}

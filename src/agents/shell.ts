import type { ScreenReading } from "./agent.ts";
import { HINTS } from "./dialog-box.ts";
import { SECRET_QUESTION } from "./dialogs.ts";
import { failureKind, failureReading } from "./failure.ts";
import { closingQuestion } from "./last-words.ts";
import { textBeforeCursor, type View } from "./view.ts";

/** How the usual shells end or begin their prompts. */
const PROMPT_END = /(?:\$|(?<!#)#|(?<!\d)%|[❯➜λ»]|(?<![=>.-])>)$/u;
const PROMPT_START = /^(?:➜|❯|λ|\$|%|#)(?:\s|$)/u;

/** The shell prompt that the cursor stands behind, if it does. */
export function shellPromptAtCursor(view: View): string | undefined {
  const text = textBeforeCursor(view);
  if (text === "" || /^>+$/.test(text)) return undefined;
  // What a killed full-screen program left may stand before the prompt on its line.
  return PROMPT_END.test(text) || PROMPT_START.test(text) ? text.trim() : undefined;
}

/** A shell waits for a command: how the command before it ended, as far as its output tells. */
export function readShellPrompt(view: View, prompt: string): ScreenReading {
  if (isLeftover(view))
    return killed("the screen of a killed program is left around the shell's prompt");
  const output = lastOutput(view, prompt);
  const reading = readOutput(output.lines);
  if (output.command === undefined && reading.kind === "exited-ok" && reading.turn === "ended") {
    return { kind: "shell-prompt", confidence: 0.8, why: "a shell waits for a command" };
  }
  // Full-screen programs take all that they showed with them: whether something was said, nobody can tell.
  const silent = reading.kind === "exited-ok" && output.lines.every((line) => line.trim() === "");
  return silent ? { ...reading, turn: "broken-off" } : reading;
}

/**
 * An interactive program that was left: it says how to go on, or its composer or its dialog stays behind. With the sign of a turn
 * that ran, it was ended in the middle of it.
 */
function leftReading(text: readonly string[]): ScreenReading | undefined {
  const says = text.findLastIndex((line) => LEFT.test(line));
  const composer = /^─{10,}.*\n[❯>!*] ?.*\n─{10,}/mu.test(text.slice(-8).join("\n"));
  if (says < 0 && !composer && !HINTS.test(text.at(-1) ?? "")) return undefined;
  const shown = says < 0 ? text : text.slice(0, says);
  return shown.some((line) => /\besc to (?:interrupt|cancel)\b|\besc interrupt\b/.test(line))
    ? killed("the agent was ended in the middle of a turn")
    : {
        kind: "exited-ok",
        confidence: 0.85,
        why: "the agent was left and can be resumed",
        turn: "broken-off",
      };
}

/** How a program ended that printed these lines last. Exit codes are better; this is for when there is none. */
export function readOutput(lines: readonly string[]): ScreenReading {
  const text = lines.filter((line) => line.trim() !== "").slice(-LINES);
  const last = text.at(-1)?.trim() ?? "";
  if (
    /^(?:Killed|Terminated|Aborted|Hangup|Segmentation fault)\b|: (?:killed|segmentation fault|terminated|aborted)\b/i.test(
      last,
    )
  ) {
    return killed(`killed: ${last}`);
  }
  const left = leftReading(text);
  if (left) return left;
  if (/\^C|^\[\d+\]\S?\s+Stopped\b|: suspended\b/.test(last))
    return { kind: "shell-prompt", confidence: 0.7, why: "interrupted or suspended by a key" };
  if (SECRET_QUESTION.test(last)) {
    return {
      kind: "exited-error",
      confidence: 0.7,
      why: `given up at a question: ${last}`,
      turn: "ended",
    };
  }
  const failed = failureIn(text);
  if (failed !== undefined) {
    const kind = failureKind(failed);
    if (kind !== undefined) return failureReading(failed, "ended", 0.85);
    return {
      kind: "exited-error",
      confidence: 0.8,
      why: `ended with an error: ${failed.slice(0, 200)}`,
      turn: "ended",
    };
  }
  const words = text.filter((line) => !/^(?:tokens used|[\d,.]+)$/.test(line.trim()));
  const question = closingQuestion(words);
  return {
    kind: "exited-ok",
    confidence: 0.6,
    why: question === undefined ? "ended without an error message" : "ended with a question",
    turn: "ended",
    ...(question === undefined ? {} : { question }),
  };
}

/** Lines of output that are looked at. */
const LINES = 40;

/** What agents print when they are left. */
const LEFT =
  /^\W+\bResume\s+copilot --resume=\S|^\W*(?:to (?:continue|resume|reconnect)\b.*(?:run|:)|resume this session\b|continue\s+\w+ -s \S|.*\b(?:--resume|resume) [0-9a-f]{8}-[0-9a-f-]{20,})/i;

/**
 * The error that a program ended with. Only where programs put it: at the start of one of the last lines, in the words of
 * shells, package managers, git, language runtimes and agents. A bare "error:" proves nothing: tests print it too.
 */
function failureIn(lines: readonly string[]): string | undefined {
  const tail = lines.slice(-14).map((line) => line.trim());
  const at = tail.findIndex((line) => FAILURE.some((rule) => rule.test(line)));
  return at < 0 ? undefined : tail.slice(at).join(" ");
}

const FAILURE: readonly RegExp[] = [
  /^(?:[\w.-]+: )+(?:command not found|permission denied|no such file or directory|cannot .+)|^(?:[\w.-]+: )?command not found\b/i,
  /^npm (?:error|ERR!)/,
  /^(?:fatal|panic|FATAL ERROR): /,
  /^error: (?:unexpected argument|unrecognized|unknown (?:option|argument|command)|invalid value|could not |failed to push|pathspec|src refspec|your local changes)/i,
  /^error\[\w+\]: |^E: |^curl: \(\d+\)|^make(?:\[\d+\])?: \*\*\* /,
  /^ERROR: /,
  /^(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)(?: \[\w+\])?: /,
  /^Error: \{?$/,
  /^Traceback \(most recent call last\)/,
  /^(?:API Error|\[API Error)\b/i,
  /^An unexpected (?:critical )?error\b/i,
  /^(?:code|status): [45]\d\d,?$/,
  /^(?:Aborting commit|Could not apply|CONFLICT \(|W: Operation was interrupted)\b/,
  /^(?:Not logged in|Authentication failed|Invalid auth method|Prompt is too long|Credit balance|Execution error)\b/i,
  /^Not inside a trusted directory\b|\bcannot be used with root\b|^Unable to connect\b|^Missing environment variable\b/,
  /\bPermission denied \((?:publickey|password|keyboard)/,
  /^\^?C?turn interrupted\b/,
];

function killed(why: string): ScreenReading {
  return { kind: "exited-error", confidence: 0.85, why, turn: "broken-off" };
}

/** Text behind or below the cursor: a full-screen program could not clean up after itself. */
function isLeftover(view: View): boolean {
  const line = view.lines[view.row] ?? "";
  return view.row < view.end - 1 || [...line].slice(view.column).join("").trim() !== "";
}

/** Commands that only look around: whoever gives them begins and ends nothing. */
const LOOKS =
  /^(?:(?:clear|reset|cd|ls|ll|pwd|head|tail|wc|less|more)\b|git (?:--no-pager )?(?:status|log|show|diff|branch)\b)/;

/** The lines between the last command line and the prompt; no command when it only looked around. */
function lastOutput(
  view: View,
  prompt: string,
): { readonly command: string | undefined; readonly lines: readonly string[] } {
  const above = view.lines.slice(0, view.row);
  // A row that was given up began nothing.
  const typed = above.findLastIndex((line) => line.startsWith(prompt) && !/\^C$/.test(line));
  const command = typed < 0 ? undefined : (above[typed] ?? "").slice(prompt.length).trim();
  const parts = (command ?? "").split(/[;&|]+/).map((part) => part.trim());
  const looked = parts.every((part) => part === "" || LOOKS.test(part));
  return { command: looked ? undefined : command, lines: above.slice(typed + 1) };
}

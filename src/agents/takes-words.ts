import { unreachable } from "../manifest/errors.ts";
import type { ScreenReading } from "./agent.ts";

/** Whether a person's own words may be typed: also as the answer to a program that asks by a line of text, unless for a secret. */
export function takesAnswer(reading: ScreenReading): boolean {
  const { dialog, needsPerson } = reading;
  return dialog ? dialog.options.length === 0 && !needsPerson : takesWords(reading);
}

/** Whether words may be typed at what is on the screen: at an agent's composer, never at a dialog, a shell or an editor. */
export function takesWords(reading: ScreenReading): boolean {
  if (reading.dialog || reading.needsPerson) return false;
  switch (reading.kind) {
    case "working":
    case "idle-fresh":
    case "idle-done":
    case "stalled":
      return true;
    case "waiting-input":
    case "error-transient":
    case "rate-limited":
    case "context-full":
      return reading.turn !== undefined;
    case "waiting-approval":
    case "onboarding":
    case "shell-prompt":
    case "exited-ok":
    case "exited-error":
    case "auth-error":
    case "dead":
    case "editor":
    case "pager":
    case "unknown":
      return false;
    default:
      return unreachable(reading.kind);
  }
}

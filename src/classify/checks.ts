import { plainText } from "../manifest/plain-text.ts";
import type { ChecksFact } from "./evidence.ts";
import { terminalLines } from "./terminal-text.ts";

/** Where one check of a commit stands; see `ChecksFact`. */
export type CheckState = Exclude<ChecksFact["state"], "none">;

/** What the checks of one commit come down to. */
export function stateOfChecks(states: readonly CheckState[]): ChecksFact["state"] {
  if (states.length === 0) return "none";
  // While one runs or waits, nothing is settled yet.
  const weightiest = (["running", "held", "failed"] as const).find((each) => states.includes(each));
  return weightiest ?? "passed";
}

/** The names of those that have not ended, each once. */
export const awaitedOf = (
  checks: readonly { readonly name: string; readonly state: CheckState }[],
): readonly string[] => [
  ...new Set(
    checks.filter(({ state }) => state === "running" || state === "held").map(({ name }) => name),
  ),
];

/** The last lines of what a check printed or said, as plain text: at most 60, each of at most 300 characters. */
export function lastLines(printed: string): readonly string[] {
  return terminalLines(printed).slice(-LINES_MAX).map(cut);
}

const LINES_MAX = 60;
const CHARACTERS_MAX = 300;

function cut(line: string): string {
  const characters = [...plainText(line).text];
  return characters.length <= CHARACTERS_MAX
    ? characters.join("")
    : `${characters.slice(0, CHARACTERS_MAX - 1).join("")}…`;
}

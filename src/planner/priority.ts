import { plainLine } from "../manifest/plain-text.ts";
import type { Priority } from "../manifest/task.ts";
import type { Issue } from "./issue.ts";

/** The priority that labels give, and the label that gave it; null when none does. */
export interface LabelledPriority {
  readonly priority: Priority;
  readonly label: string;
}

/** A priority, and what gave it: `the label “P1”`. */
export interface StatedPriority {
  readonly priority: Priority;
  readonly why: string;
}

/** The priority of an issue: its own field before its labels; null when neither gives one. */
export function statedPriority(issue: Issue): StatedPriority | null {
  const ofField = issue.priority === null ? undefined : readLabel(`priority ${issue.priority}`);
  if (ofField !== undefined) {
    return { priority: ofField, why: `its priority “${quoted(issue.priority ?? "")}”` };
  }
  const labelled = priorityOf(issue.labels);
  return labelled === null
    ? null
    : { priority: labelled.priority, why: `the label “${quoted(labelled.label)}”` };
}

const quoted = (text: string): string => plainLine(text, 100);

/** Priorities from the most urgent to the least. */
export const PRIORITIES: readonly Priority[] = ["critical", "high", "medium", "low"];

/**
 * Reads labels in their common spellings: `critical`, `High Priority`, `priority: low`, `prio/high`, `P0` to `P4`,
 * `severity:1`, `release blocker` and so on. Numbers count from 0, the most urgent. The most urgent label wins.
 */
export function priorityOf(labels: readonly string[]): LabelledPriority | null {
  const found = labels.flatMap((label) => {
    const priority = readLabel(label);
    return priority === undefined ? [] : [{ priority, label }];
  });
  const rank = ({ priority }: LabelledPriority) => PRIORITIES.indexOf(priority);
  return found.toSorted((a, b) => rank(a) - rank(b))[0] ?? null;
}

/** Words that say that a label is about urgency. */
const TOPIC = new Set(
  "priority prio pri p severity sev importance important urgency impact level".split(" "),
);
/** Words that may stand beside a level without changing it. */
const COMPANY = new Set("bug issue release ship is s".split(" "));
/** Words that say a level by themselves. */
const LEVELS = new Map<string, Priority>([
  ...each("critical crit blocker urgent showstopper emergency asap", "critical"),
  ...each("high important", "high"),
  ...each("medium", "medium"),
  ...each("low", "low"),
]);
/** Words and numbers that say a level only beside a topic: `minor` alone may be a version. */
const LEVELS_OF_TOPIC = new Map<string, Priority>([
  ...LEVELS,
  ...each("0 highest immediate", "critical"),
  ...each("1 major", "high"),
  ...each("2 med moderate normal default mid", "medium"),
  ...each("3 4 5 minor trivial lowest", "low"),
]);

function readLabel(label: string): Priority | undefined {
  const words = label
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/\b(p|prio|priority|sev|severity|s)(\d)\b/g, "$1 $2")
    .match(/[a-z0-9]+/g);
  if (words === null) return undefined;
  const beside = words.some((word) => TOPIC.has(word));
  const levels = beside || /^s\d/i.test(label) ? LEVELS_OF_TOPIC : LEVELS;
  const telling = words.filter((word) => levels.has(word));
  const strange = words.filter(
    (word) => !levels.has(word) && !TOPIC.has(word) && !COMPANY.has(word),
  );
  const word = telling.find((each) => !/^\d/.test(each)) ?? telling[0];
  return strange.length === 0 && word !== undefined ? levels.get(word) : undefined;
}

function each(words: string, priority: Priority): [string, Priority][] {
  return words.split(" ").map((word) => [word, priority]);
}

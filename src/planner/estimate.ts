import type { FinishedTask } from "../manifest/finished-task.ts";
import { plainLine } from "../manifest/plain-text.ts";
import type { Issue } from "./issue.ts";

/** How long an issue takes beside an ordinary one (1), and what says so. */
export interface Estimate {
  readonly value: number;
  /** A phrase for people, e.g. `the label “size/L”`. */
  readonly why: string;
}

/** As many finished tasks tell something. */
const ENOUGH = 3;
const LABEL_LENGTH_MAX = 100;

/**
 * What an issue's own estimate, a label (`size/L`, `effort: high`, `points: 5`, `estimate: 3h`) or finished tasks with
 * the same label say; null: nothing does, so it counts as ordinary. Half a day, three points and size M are ordinary.
 */
export function estimateOf(issue: Issue, finished: readonly FinishedTask[]): Estimate | null {
  if (issue.estimate !== null) {
    const value = readEstimate(`estimate ${issue.estimate}`);
    if (value !== undefined) return { value, why: `its estimate “${issue.estimate}”` };
  }
  for (const label of issue.labels) {
    const value = readEstimate(label);
    if (value !== undefined) {
      return { value, why: `the label “${plainLine(label, LABEL_LENGTH_MAX)}”` };
    }
  }
  return likeFinished(issue, finished);
}

/** Minutes that an ordinary task took in this repository, or null when too few are known. */
export function minutesPerTask(finished: readonly FinishedTask[]): number | null {
  const measured = timed(finished).map(({ durationMs, estimate }) => durationMs / (estimate ?? 1));
  return measured.length < ENOUGH ? null : median(measured) / 60_000;
}

const TOPIC = /(?:^|[^a-z])(?:size|effort|estimate|points?|story points?|sp|t ?shirt)(?:[^a-z]|$)/;
const SIZES: readonly (readonly [RegExp, number])[] = [
  [/^(?:xs|x small|extra small|tiny|trivial)$/, 0.25],
  [/^(?:s|small|low|easy)$/, 0.5],
  [/^(?:m|medium|moderate|normal)$/, 1],
  [/^(?:l|large|high|big|hard)$/, 2],
  [/^(?:xl|x large|extra large|huge)$/, 4],
  [/^(?:xxl|xx large)$/, 8],
];
/** Of each unit as many are one ordinary task. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^m(?:in(?:ute)?s?)?$/, 240],
  [/^h(?:(?:ou)?rs?)?$/, 4],
  [/^d(?:ays?)?$/, 0.5],
  [/^w(?:eeks?)?$/, 0.1],
  [/^(?:(?:story )?points?|pts?|sp)?$/, 3],
];

/** The estimate that a label's words give; undefined when it is about something else. */
function readEstimate(label: string): number | undefined {
  const words = label
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, " ")
    .trim();
  if (!TOPIC.test(words)) return undefined;
  const rest = words.replace(TOPIC, " ").trim();
  const size = SIZES.find(([pattern]) => pattern.test(rest));
  if (size !== undefined) return size[1];
  const [, amount, unit = ""] = /^(\d{1,4}(?:\.\d{1,2})?) ?([a-z ]*)$/.exec(rest) ?? [];
  const perTask = UNITS.find(([pattern]) => pattern.test(unit))?.[1];
  const value = perTask === undefined ? Number.NaN : Number(amount) / perTask;
  return value > 0 ? bounded(value, 0.05, 20) : undefined;
}

/** Tasks that share the rarest label which enough finished ones have took so much of the usual time. */
function likeFinished(issue: Issue, finished: readonly FinishedTask[]): Estimate | null {
  const measured = timed(finished);
  const groups = issue.labels
    .map((label) => ({ label, alike: measured.filter(({ labels }) => labels.includes(label)) }))
    .filter(({ alike }) => alike.length >= ENOUGH && alike.length < measured.length)
    .toSorted((a, b) => a.alike.length - b.alike.length);
  const [rarest] = groups;
  if (rarest === undefined) return null;
  const usual = median(measured.map(({ durationMs }) => durationMs));
  const value = median(rarest.alike.map(({ durationMs }) => durationMs)) / usual;
  const why = `${rarest.alike.length} finished tasks with the label “${plainLine(rarest.label, LABEL_LENGTH_MAX)}”`;
  return usual > 0 ? { value: Math.round(bounded(value, 0.25, 4) * 100) / 100, why } : null;
}

const timed = (finished: readonly FinishedTask[]) =>
  finished.flatMap(({ durationMs, ...rest }) =>
    durationMs === null ? [] : [{ ...rest, durationMs }],
  );

const bounded = (value: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, value));

/** The middle one; of an even number the mean of the two in the middle; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

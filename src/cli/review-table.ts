import type { PlanReview, ReviewedTask } from "../app/review.ts";
import { plainLine } from "../manifest/plain-text.ts";

const ROWS_MAX = 50;
const FILES_MAX = 5;

/** For each delivered task its files and its time beside what was foreseen, the newest last; then the sums. */
export function reviewTable(review: PlanReview): string {
  if (review.tasks.length === 0) {
    return "no task of this repository was delivered yet: a run records each one";
  }
  const shown = review.tasks.slice(-ROWS_MAX);
  const older = review.tasks.length - shown.length;
  return [
    ...(older > 0 ? [`${older} older tasks are left out; --json has them`] : []),
    ...shown.flatMap(taskLines),
    sums(review),
  ].join("\n");
}

function taskLines(task: ReviewedTask): string[] {
  const { issue, hit, missed, idle } = task;
  const name = `${task.task}${issue === null ? "" : ` #${issue}`}  ${plainLine(task.title, 80)}`;
  return [
    `${name}: ${timeWords(task)}`,
    ...fileLine("foreseen and changed", hit),
    ...fileLine("changed, not foreseen", missed),
    ...fileLine("foreseen, not changed", idle),
  ];
}

function timeWords({ minutes, estimatedMinutes, estimate }: ReviewedTask): string {
  const expected =
    estimatedMinutes === null
      ? `estimated as ${rounded(estimate)} of an ordinary task`
      : `estimated ${rounded(estimatedMinutes)} min`;
  return minutes === null
    ? `${expected}, time unknown`
    : `${expected}, took ${rounded(minutes)} min`;
}

function fileLine(what: string, files: readonly string[]): string[] {
  if (files.length === 0) return [];
  const more = files.length > FILES_MAX ? ` and ${files.length - FILES_MAX} more` : "";
  return [`    ${what}: ${files.slice(0, FILES_MAX).join(", ")}${more}`];
}

function sums({ tasks, recall, precision, timeRatio, minutesPerTask }: PlanReview): string {
  return [
    `${tasks.length} delivered`,
    ...(recall === null ? [] : [`${percent(recall)} of the changed files were foreseen`]),
    ...(precision === null ? [] : [`${percent(precision)} of the foreseen ones were changed`]),
    ...(minutesPerTask === null ? [] : [`an ordinary task takes ${rounded(minutesPerTask)} min`]),
    ...(timeRatio === null ? [] : [`the middle one took ${rounded(timeRatio)} times its estimate`]),
  ].join("; ");
}

const percent = (part: number): string => `${Math.round(100 * part)} %`;
const rounded = (value: number): string => String(Math.round(value * 10) / 10);

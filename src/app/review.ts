import { filePath } from "../manifest/files.ts";
import type { FinishedTask } from "../manifest/finished-task.ts";
import { median, minutesPerTask } from "../planner/estimate.ts";

/** What was foreseen of delivered tasks beside what came of them. */
export interface PlanReview {
  /** Oldest delivery first. */
  readonly tasks: readonly ReviewedTask[];
  /** Of all files that were changed the part that was foreseen; null: none was changed. */
  readonly recall: number | null;
  /** Of all files and folders that were foreseen the part that was changed; null: none was foreseen. */
  readonly precision: number | null;
  /** The middle of actual time by estimated time, where the usual task is 1; null: too few are timed. */
  readonly timeRatio: number | null;
  /** Of an ordinary task; null: too few are timed. */
  readonly minutesPerTask: number | null;
}

export interface ReviewedTask {
  readonly task: string;
  readonly issue: number | null;
  readonly title: string;
  readonly finishedAt: string;
  /** Files and folders that were foreseen and changed. */
  readonly hit: readonly string[];
  /** Changed, and not foreseen. */
  readonly missed: readonly string[];
  /** Foreseen, and not changed. */
  readonly idle: readonly string[];
  /** Beside an ordinary task. */
  readonly estimate: number;
  readonly minutes: number | null;
  /** Minutes that the estimate comes to at the usual pace; null: too few tasks are timed. */
  readonly estimatedMinutes: number | null;
}

/** Compares predicted with actual files, and estimates with durations. A folder is hit by any file in it. */
export function reviewPlan(finished: readonly FinishedTask[]): PlanReview {
  const pace = minutesPerTask(finished);
  const tasks = finished.map((one) => reviewed(one, pace));
  const count = (of: (task: ReviewedTask) => readonly string[]) =>
    tasks.reduce((sum, task) => sum + of(task).length, 0);
  const changed = finished.reduce((sum, { files }) => sum + files.length, 0);
  const foreseen = count(({ hit }) => hit) + count(({ idle }) => idle);
  const ratios = tasks.flatMap(({ minutes, estimatedMinutes }) =>
    minutes === null || !estimatedMinutes ? [] : [minutes / estimatedMinutes],
  );
  return {
    tasks,
    recall: changed === 0 ? null : 1 - count(({ missed }) => missed) / changed,
    precision: foreseen === 0 ? null : count(({ hit }) => hit) / foreseen,
    timeRatio: ratios.length === 0 ? null : median(ratios),
    minutesPerTask: pace,
  };
}

function reviewed(finished: FinishedTask, pace: number | null): ReviewedTask {
  const { task, issue, title, finishedAt, files, durationMs } = finished;
  const foreseen = [...new Set(finished.foreseen.flatMap(cleanPath))];
  const isIn = (file: string, path: string) =>
    path === "" || file === path || file.startsWith(`${path}/`);
  const hit = foreseen.filter((path) => files.some((file) => isIn(file, path)));
  const estimate = finished.estimate ?? 1;
  return {
    task,
    issue,
    title,
    finishedAt,
    hit,
    missed: files.filter((file) => !foreseen.some((path) => isIn(file, path))),
    idle: foreseen.filter((path) => !hit.includes(path)),
    estimate,
    minutes: durationMs === null ? null : durationMs / 60_000,
    estimatedMinutes: pace === null ? null : pace * estimate,
  };
}

function cleanPath(file: string): string[] {
  const outcome = filePath(file);
  return outcome.kind === "inside" ? [outcome.path] : [];
}

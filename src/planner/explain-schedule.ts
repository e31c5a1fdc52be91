import { chainLengths, criticalPath, workLeft } from "../graph/chains.ts";
import { makespan } from "../graph/schedule.ts";
import { taskGraph } from "../graph/task-graph.ts";
import type { Manifest } from "../manifest/manifest.ts";

/** How long a manifest takes; an ordinary task takes 1. */
export interface ScheduleEstimate {
  /** The longest chain of tasks that are left. */
  readonly criticalPath: readonly string[];
  readonly criticalLength: number;
  /** Ascending by places; the number that the run will have is among them. */
  readonly makespans: readonly { readonly places: number; readonly length: number }[];
  readonly places: number;
  /** Of an ordinary task, as finished ones took; null when too few are known. */
  readonly minutesPerTask: number | null;
}

const PLACES = [1, 2, 4, 8, 16];
const CHAIN_SHOWN_MAX = 20;

/** Estimates how long a manifest takes with some numbers of sessions at the same time. */
export function estimateSchedule(
  manifest: Manifest,
  places: number,
  minutesPerTask: number | null,
): ScheduleEstimate {
  const graph = taskGraph(manifest);
  const asked = [...new Set([...PLACES, places])].toSorted((a, b) => a - b);
  return {
    criticalPath: criticalPath(graph, workLeft),
    criticalLength: Math.max(0, ...chainLengths(graph, workLeft).values()),
    makespans: asked.map((each) => ({ places: each, length: makespan(manifest, graph, each) })),
    places,
    minutesPerTask,
  };
}

/** The estimate for the terminal; no lines when nothing is left to be done. */
export function explainSchedule(estimate: ScheduleEstimate): string[] {
  if (estimate.criticalPath.length === 0) return [];
  const { criticalPath: chain, minutesPerTask, makespans, places } = estimate;
  const shown = chain.slice(0, CHAIN_SHOWN_MAX).join(" → ");
  const more = chain.length > CHAIN_SHOWN_MAX ? ` → ${chain.length - CHAIN_SHOWN_MAX} more` : "";
  const pace =
    minutesPerTask === null
      ? "in ordinary tasks; minutes are known once three tasks of this repository are delivered"
      : `an ordinary task took ${timeOf(minutesPerTask)} so far`;
  const rows = [
    [
      "at the same time",
      ...makespans.map((one) => `${one.places}${one.places === places ? "*" : ""}`),
    ],
    ["tasks' time", ...makespans.map(({ length }) => rounded(length))],
    ...(minutesPerTask === null
      ? []
      : [["duration", ...makespans.map(({ length }) => timeOf(length * minutesPerTask))]]),
  ];
  return [
    `Critical path: ${shown}${more} (${rounded(estimate.criticalLength)})`,
    `Estimated duration (${pace}; * as this manifest runs)`,
    ...table(rows),
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map(
    (row) =>
      `  ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ")}`,
  );
}

const rounded = (length: number): string => String(Math.round(length * 10) / 10);

/** E.g. `25 min`, `3.5 h`. */
function timeOf(minutes: number): string {
  return minutes < 90 ? `${Math.max(1, Math.round(minutes))} min` : `${rounded(minutes / 60)} h`;
}

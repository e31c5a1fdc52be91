import type { CollisionFact, TaskEvidence, UntriedFact } from "../classify/evidence.ts";
import type { Verdict } from "../classify/verdict.ts";
import type { TaskGraph } from "../graph/task-graph.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import type { Action } from "./action.ts";

/** Everything that a decision may look at. */
export interface BeatView {
  readonly manifest: Manifest;
  readonly graph: TaskGraph;
  readonly evidence: ReadonlyMap<TaskId, TaskEvidence>;
  readonly verdicts: ReadonlyMap<TaskId, Verdict>;
  /** Unmerged work that does not merge with each other. */
  readonly collisions: readonly CollisionFact[];
  /** Unmerged work of which git does not say whether it merges with each other. */
  readonly untried: readonly UntriedFact[];
  /** The resolved base branch. */
  readonly base: string;
  /** Sessions at the same time. */
  readonly maxParallel: number;
  readonly nowMs: number;
  /** For so long this process has watched without a jump of the clock; Infinity for a single pass, which cannot tell. */
  readonly watchedMs: number;
  /** Retire merged tasks although others are not merged yet. */
  readonly cleanup: boolean;
  /** Sessions of tasks that the manifest does not have hold a place each. */
  readonly strays: readonly string[];
  /** Actions that were begun before and have not ended: nothing else is decided about their tasks. */
  readonly underWay: ReadonlyMap<TaskId, Action>;
  /** Tasks whose agents are at work and that were not looked at in this beat: nothing is decided about them. */
  readonly unseen: ReadonlySet<TaskId>;
}

/** A task with its place in the manifest. */
export interface PlacedTask {
  readonly task: Task;
  readonly phaseIndex: number;
}

/** Tasks by id, in the order of the manifest. */
export function placedTasks(manifest: Manifest): ReadonlyMap<TaskId, PlacedTask> {
  const placed = new Map<TaskId, PlacedTask>();
  manifest.phases.forEach((phase, phaseIndex) => {
    for (const task of phase.tasks) {
      placed.set(task.id, { task, phaseIndex });
    }
  });
  return placed;
}

import type { TaskId } from "../manifest/task.ts";
import { gateWaits } from "./gate.ts";
import { type BeatView, type PlacedTask, placedTasks } from "./view.ts";

/** A view with what follows from it for every task, worked out once. */
export interface Survey extends BeatView {
  readonly placed: ReadonlyMap<TaskId, PlacedTask>;
  /** For each phase what keeps it from beginning. */
  readonly gates: ReturnType<typeof gateWaits>;
  /** What merged tasks touched. */
  readonly mergedFiles: ReadonlySet<string>;
  /** Nothing is left to be done or merged. */
  readonly allMerged: boolean;
}

export function survey(view: BeatView): Survey {
  const placed = placedTasks(view.manifest);
  return {
    ...view,
    placed,
    gates: gateWaits(view.manifest),
    mergedFiles: new Set(
      [...placed.values()].flatMap(({ task }) =>
        task.status === "merged" ? (task.state?.touched ?? []) : [],
      ),
    ),
    allMerged: [...placed.values()].every(({ task }) =>
      ["merged", "cancelled", "archived"].includes(task.status),
    ),
  };
}

import type { TaskId } from "../manifest/task.ts";

/**
 * `to` waits for `from`. `why` is a phrase for people. A `probable` edge comes of predicted files alone and holds `to` only
 * while `from` is at work: what has not begun may be overtaken. An `unforeseen` one comes of files alone that `from` has
 * touched though neither a person nor the planner said so.
 */
export interface TaskEdge {
  readonly from: TaskId;
  readonly to: TaskId;
  readonly kind: "dependency" | "overlap";
  readonly why: string;
  readonly probable?: true;
  readonly unforeseen?: true;
}

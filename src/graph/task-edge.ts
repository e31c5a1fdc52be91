import type { TaskId } from "../manifest/task.ts";

/** `to` waits for `from`. `why` is a phrase for people; a `probable` edge comes of predicted files alone. */
export interface TaskEdge {
  readonly from: TaskId;
  readonly to: TaskId;
  readonly kind: "dependency" | "overlap";
  readonly why: string;
  readonly probable?: true;
}

import type { TaskId } from "../manifest/task.ts";

/** `to` waits for `from`. `why` is a phrase for people. */
export interface TaskEdge {
  readonly from: TaskId;
  readonly to: TaskId;
  readonly kind: "dependency" | "overlap";
  readonly why: string;
}

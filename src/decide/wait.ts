import type { TaskId } from "../manifest/task.ts";

/** What one unfinished task waits for. */
export interface TaskWait {
  readonly taskId: TaskId;
  readonly reason: string;
  /** Tasks that must move first. */
  readonly on: readonly TaskId[];
  /** Nothing moves it until a person acts, on this task or on one that it waits for. */
  readonly needsPerson: boolean;
}

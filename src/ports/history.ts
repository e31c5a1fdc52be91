import type { FinishedTask } from "../manifest/finished-task.ts";

/** What became of the tasks of one repository, over all plans and runs; it outlives their clean-up. */
export interface History {
  /** The delivered tasks, each once, oldest delivery first. */
  finished(): Promise<readonly FinishedTask[]>;
  /** Adds a delivery; recording one again replaces it. A failure is told and holds nothing back. */
  record(finished: FinishedTask): Promise<RecordOutcome>;
}

export type RecordOutcome =
  | { readonly kind: "recorded" }
  | { readonly kind: "failed"; readonly reason: string };

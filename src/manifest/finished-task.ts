import { z } from "zod";

/** A task that was delivered: what was foreseen of it, and what came of it. */
export const FinishedTask = z.object({
  project: z.string(),
  task: z.string(),
  issue: z.int().positive().nullable(),
  title: z.string(),
  labels: z.array(z.string()),
  /** As the manifest said; null: ordinary. */
  estimate: z.number().positive().nullable(),
  /** The files and folders that the manifest named or predicted. */
  foreseen: z.array(z.string()),
  /** The files that its commits changed. */
  files: z.array(z.string()),
  /** From its first start to its delivery; null when it was not started by a run. */
  durationMs: z.number().nonnegative().nullable(),
  /** ISO 8601. */
  finishedAt: z.iso.datetime({ offset: true }),
});
export type FinishedTask = z.infer<typeof FinishedTask>;

/** Each task once, as it was delivered last: work comes back, and a crash may have recorded a delivery twice. */
export function latestOfEach(finished: readonly FinishedTask[]): readonly FinishedTask[] {
  const keyOf = ({ project, task, issue }: FinishedTask) => JSON.stringify([project, task, issue]);
  return [...new Map(finished.map((one) => [keyOf(one), one])).values()];
}

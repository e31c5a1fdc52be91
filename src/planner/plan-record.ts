import { z } from "zod";
import { isJsonObject, type JsonObject } from "../manifest/json.ts";

/** What a plan keeps for the next one of the same manifest. */
export const PlanRecord = z.object({
  version: z.literal(1),
  /** Where the issues came from and which were asked for. */
  source: z.object({
    /** Absolute path of a file or folder; null: GitHub. */
    issues: z.string().nullable(),
    labels: z.array(z.string()),
    milestone: z.string().nullable(),
    limit: z.int().positive().nullable(),
    phaseBy: z.enum(["priority", "milestone"]),
    allowVague: z.boolean(),
    split: z.boolean(),
  }),
  /** By task: its phase, and the task as it was written. */
  tasks: z.record(
    z.string(),
    z.object({ phase: z.string(), task: z.custom<JsonObject>(isJsonObject) }),
  ),
});
export type PlanRecord = z.infer<typeof PlanRecord>;
export type PlanSource = PlanRecord["source"];

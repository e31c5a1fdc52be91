import type { PlanRecord } from "../planner/plan-record.ts";

/** What the last plan wrote into one manifest, and from which issues. */
export interface PlanRecords {
  /** Null: no plan wrote it, or its record is gone. Throws CoppiceError `plan-record-invalid`. */
  read(): Promise<PlanRecord | null>;
  write(record: PlanRecord): Promise<void>;
}

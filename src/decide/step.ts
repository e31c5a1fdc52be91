import type { TaskPatch } from "../manifest/merge.ts";
import type { Action } from "./action.ts";
import type { TaskWait } from "./wait.ts";

/** What one beat decides about one task. */
export interface Step {
  readonly actions?: readonly Action[];
  readonly set?: TaskPatch["set"];
  readonly state?: NonNullable<TaskPatch["state"]>;
  /** Present while the task is unfinished: what it waits for. */
  readonly wait?: Omit<TaskWait, "taskId">;
  /** When the decision would change by time alone; Unix milliseconds. */
  readonly wakeAtMs?: number;
}

/** A wait that ends by itself. */
export const waitsFor = (reason: string): NonNullable<Step["wait"]> => ({
  reason,
  on: [],
  needsPerson: false,
});

/** A wait that only a person ends. */
export const waitsForPerson = (reason: string): NonNullable<Step["wait"]> => ({
  reason,
  on: [],
  needsPerson: true,
});

/** Puts two steps together; the later one's fields win. */
export function joined(first: Step, second: Step): Step {
  const wake = [first.wakeAtMs, second.wakeAtMs].filter((at) => at !== undefined);
  const wait = second.wait ?? first.wait;
  return {
    actions: [...(first.actions ?? []), ...(second.actions ?? [])],
    set: { ...first.set, ...second.set },
    state: { ...first.state, ...second.state },
    ...(wait ? { wait } : {}),
    ...(wake.length > 0 ? { wakeAtMs: Math.min(...wake) } : {}),
  };
}

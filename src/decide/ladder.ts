import { sameJson } from "../manifest/json.ts";
import { plainLine } from "../manifest/plain-text.ts";
import type { Policy } from "../manifest/policy.ts";
import type { Task, TaskState } from "../manifest/task.ts";

/** Launches of a task that count against the policy: those since it last left `pending`. */
export function launchesUsed(task: Task): number {
  return Math.max(0, (task.attempts ?? 0) - (task.state?.attemptsBefore ?? 0));
}

/** The agent for the next launch: each agent of the list has `attemptsMax` launches. Undefined: none is left. */
export function agentForLaunch(
  agents: readonly string[],
  used: number,
  policy: Policy,
): string | undefined {
  return agents[Math.floor(used / policy.attemptsMax)];
}

const TRIED_MAX = 20;
const TRIED_CHARACTERS_MAX = 200;

/** What was tried with one thing more, in words for the next attempt and for people. */
export function triedWith(task: Task, what: string): string[] {
  return [...(task.state?.tried ?? []), plainLine(what, TRIED_CHARACTERS_MAX)].slice(-TRIED_MAX);
}

/** What a decision notes of an action because it will be done. When it was decided stays, so that it is not decided at once again. */
const COUNTED = ["answers", "nudges", "resumes", "merges", "baseConflict", "tried"] as const;

/** Takes back what was counted for an action that was not done after all; undefined: nothing was. */
export function uncounted(
  before: Task,
  decided: Task,
): Partial<Pick<TaskState, (typeof COUNTED)[number]>> | undefined {
  const counted = COUNTED.filter(
    (field) => !sameJson(before.state?.[field] ?? null, decided.state?.[field] ?? null),
  );
  if (counted.length === 0) return undefined;
  return Object.fromEntries(counted.map((field) => [field, before.state?.[field]]));
}

/** Milliseconds to wait after the `failures`-th failure in a row: doubling from the policy's first back-off. */
export function backoffMs(failures: number, policy: Policy): number {
  const doubled = policy.backoffSeconds * 2 ** Math.max(0, failures - 1);
  return 1000 * Math.min(doubled, policy.backoffMaxSeconds);
}

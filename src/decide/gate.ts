import type { Manifest, Phase } from "../manifest/manifest.ts";
import { passesGate } from "../manifest/status.ts";
import type { Task } from "../manifest/task.ts";
import type { TaskWait } from "./wait.ts";

/** Tasks that a reason names; the rest is counted. */
const NAMED_MAX = 5;

/** For each phase what keeps it from beginning: the first phase before it that does not let it. */
export function gateWaits(manifest: Manifest): readonly (Omit<TaskWait, "taskId"> | undefined)[] {
  let held: Omit<TaskWait, "taskId"> | undefined;
  return manifest.phases.map((phase) => {
    const before = held;
    held ??= gateOf(phase);
    return before;
  });
}

function gateOf(phase: Phase): Omit<TaskWait, "taskId"> | undefined {
  const holding = phase.tasks.filter((task) => holdsGate(phase, task));
  if (holding.length === 0) return undefined;
  const named = holding.slice(0, NAMED_MAX).map((task) => `${task.id} (${task.status})`);
  const rest = holding.length > NAMED_MAX ? ` and ${holding.length - NAMED_MAX} more` : "";
  const merge = phase.gate === "merged" ? " to be merged" : "";
  return {
    reason: `waits for ${named.join(", ")}${rest} of phase "${phase.name}"${merge}`,
    on: holding.map((task) => task.id),
    needsPerson: holding.every((task) => task.status === "pr_open" || task.status === "complete"),
  };
}

/** Drafts are not part of the run until they are approved, so they hold no gate. */
function holdsGate(phase: Phase, task: Task): boolean {
  if (task.status === "draft" || task.status === "planned") return false;
  if (phase.gate === "merged") {
    return !["merged", "cancelled", "archived"].includes(task.status);
  }
  return !passesGate(task.status);
}

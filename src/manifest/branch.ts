import type { Manifest } from "./manifest.ts";
import type { Task } from "./task.ts";

/** The branch of a task: its own, else `<branchPrefix>issue-<n>`, else `<branchPrefix><id>`. */
export function branchOf(manifest: Manifest, task: Task): string {
  if (task.branch !== undefined) return task.branch;
  return manifest.branchPrefix + (task.issue === null ? task.id : `issue-${task.issue}`);
}

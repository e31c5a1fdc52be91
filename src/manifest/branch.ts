import type { Manifest } from "./manifest.ts";
import type { Task } from "./task.ts";

/** The branch of a task: its own, else `<branchPrefix>issue-<n>` with the part of the issue that it is, else `<branchPrefix><id>`. */
export function branchOf(manifest: Manifest, task: Task): string {
  if (task.branch !== undefined) return task.branch;
  if (task.issue === null) return manifest.branchPrefix + task.id;
  const part = task.part === undefined ? "" : `-part-${task.part}`;
  return `${manifest.branchPrefix}issue-${task.issue}${part}`;
}

import type { Manifest } from "./manifest.ts";
import type { ManifestPatch, TaskPatch } from "./merge.ts";
import { mayChange, TaskStatus } from "./status.ts";
import type { Task, TaskId } from "./task.ts";

/** What a run notes and a person cannot decide. */
const NOTED = [
  "worktree",
  "tmuxSession",
  "startedAt",
  "lastProgress",
  "completedAt",
  "prNumber",
  "prUrl",
] as const;

type NotedField = (typeof NOTED)[number];

/** The machine-owned fields as a run last saw or wrote them. */
export type MachineFields = ReadonlyMap<TaskId, Pick<Task, "status" | NotedField>>;

/** A change of a machine-owned field by hand that cannot be followed. */
export interface RefusedEdit {
  readonly taskId: TaskId;
  readonly field: "status" | NotedField;
  readonly reason: string;
  /** Puts back what the run had written. */
  readonly undo: TaskPatch;
}

export const machineFields = (manifest: Manifest): MachineFields =>
  new Map(manifest.phases.flatMap(({ tasks }) => tasks.map((task) => [task.id, task] as const)));

/** The fields after a run's own changes. */
export function afterPatches(
  fields: MachineFields,
  patches: readonly ManifestPatch[],
): MachineFields {
  const after = new Map(fields);
  for (const patch of patches) {
    const before = patch.kind === "task" ? after.get(patch.taskId) : undefined;
    if (patch.kind === "task" && before)
      after.set(patch.taskId, { ...before, ...patch.set } as Task);
  }
  return after;
}

/**
 * The changes by hand since `last` that are no request: a status that a person may not set, or another value where the
 * run notes what it did. Clearing such notes along with a new status is a person's way to begin afresh, and fine.
 */
export function refusedEdits(last: MachineFields, found: Manifest): readonly RefusedEdit[] {
  return found.phases
    .flatMap(({ tasks }) => tasks)
    .flatMap((task) => {
      const before = last.get(task.id);
      return before === undefined ? [] : refusedOf(before, task);
    });
}

function refusedOf(before: Pick<Task, "status" | NotedField>, task: Task): readonly RefusedEdit[] {
  const refused = (field: RefusedEdit["field"], reason: string): RefusedEdit => ({
    taskId: task.id,
    field,
    reason,
    undo: { kind: "task", taskId: task.id, set: { [field]: before[field] } },
  });
  const legal = mayChange("person", before.status, task.status);
  const afresh = legal && before.status !== task.status;
  const notes = NOTED.filter((field) => (task[field] ?? null) !== (before[field] ?? null))
    .filter((field) => !(afresh && (task[field] ?? null) === null))
    .map((field) => refused(field, "the run notes here what it did; it is no setting"));
  return legal ? notes : [refused("status", statusReason(before.status, task.status)), ...notes];
}

function statusReason(from: TaskStatus, to: TaskStatus): string {
  const open = TaskStatus.options.filter((one) => one !== from && mayChange("person", from, one));
  return `from ${from} a person cannot set ${to}; ${open.join(", ")} can be set`;
}

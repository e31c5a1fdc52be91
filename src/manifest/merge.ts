import type { Manifest } from "./manifest.ts";
import type { Task, TaskId, TaskState } from "./task.ts";

/** Fields that a beat wants to set. `undefined` removes a field; `state` is merged key by key. */
export interface TaskPatch {
  readonly kind: "task";
  readonly taskId: TaskId;
  readonly set: Partial<{ [Key in keyof Omit<Task, "id" | "state">]: Task[Key] | undefined }>;
  readonly state?: Partial<{ [Key in keyof TaskState]: TaskState[Key] | undefined }>;
}

/** A change of a machine-owned field of the manifest itself. */
export interface RootPatch {
  readonly kind: "root";
  readonly set: Partial<Pick<Manifest, "pausedAgents" | "workdir" | "socket" | "created" | "base">>;
}

export type ManifestPatch = TaskPatch | RootPatch;

/** A field that a person changed while the beat wanted to: the person's value stayed. */
export interface KeptEdit {
  readonly taskId: TaskId | null;
  readonly field: string;
  readonly theirs: unknown;
  readonly ours: unknown;
}

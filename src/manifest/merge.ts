import { isJsonObject, type Json, type JsonObject, member, sameJson } from "./json.ts";
import type { Manifest } from "./manifest.ts";
import { Task, type TaskId, type TaskState } from "./task.ts";

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

/**
 * Puts patches that were made from `base` onto `disk`, field by field: a field is set only where the file still says what
 * `base` said, else the person's value stays and is reported. Works on the raw JSON of two manifests
 * that were read without an error, so everything that no patch names stays as the person wrote it. Tasks are found by
 * id, wherever they stand; of two patches that set one field the later wins.
 */
export function applyPatches(
  base: JsonObject,
  disk: JsonObject,
  patches: readonly ManifestPatch[],
): { readonly raw: JsonObject; readonly kept: readonly KeptEdit[] } {
  const kept: KeptEdit[] = [];
  const before = rawTasks(base);
  const present = rawTasks(disk);
  const changed = new Map<string, JsonObject>();
  let root = disk;
  for (const patch of patches) {
    if (patch.kind === "root") {
      root = mergeFields({ base, disk, onto: root, set: patch.set, keep: keeping(kept, null) });
      continue;
    }
    const { taskId } = patch;
    const task = present.get(taskId);
    if (task === undefined) {
      kept.push({ taskId, field: "task", theirs: undefined, ours: patch.set });
      continue;
    }
    const onto = changed.get(taskId) ?? task;
    changed.set(taskId, mergeTask({ base: before.get(taskId), disk: task, onto }, patch, kept));
  }
  return { raw: replaceTasks(root, changed), kept };
}

/** What the fields of a task mean when they are absent. */
const TASK_DEFAULTS: Readonly<Record<string, unknown>> = Task.parse({ id: "none" });

/** One object in three versions: when the patch was made, on disk, and with the earlier patches of this call. */
interface Versions {
  readonly base: JsonObject | undefined;
  readonly disk: JsonObject | undefined;
  readonly onto: JsonObject;
}

function mergeTask(versions: Versions, patch: TaskPatch, kept: KeptEdit[]): JsonObject {
  const task = mergeFields({
    ...versions,
    set: patch.set,
    defaults: TASK_DEFAULTS,
    keep: keeping(kept, patch.taskId),
  });
  if (patch.state === undefined) return task;
  const onto = objectIn(versions.onto, "state");
  const state = mergeFields({
    base: objectIn(versions.base, "state"),
    disk: objectIn(versions.disk, "state"),
    onto: onto ?? {},
    set: patch.state,
    keep: keeping(kept, patch.taskId, "state."),
  });
  return onto === undefined && Object.keys(state).length === 0 ? task : { ...task, state };
}

type Keep = (field: string, theirs: unknown, ours: unknown) => void;

const keeping =
  (kept: KeptEdit[], taskId: TaskId | null, prefix = ""): Keep =>
  (field, theirs, ours) => {
    kept.push({ taskId, field: prefix + field, theirs, ours });
  };

function mergeFields(
  merge: Versions & {
    readonly set: Readonly<Record<string, unknown>>;
    readonly defaults?: Readonly<Record<string, unknown>>;
    readonly keep: Keep;
  },
): JsonObject {
  const meaning = (object: JsonObject | undefined, key: string): unknown =>
    member(object, key) ?? merge.defaults?.[key] ?? undefined;
  const fields = new Map(Object.entries(merge.onto));
  for (const [key, ours] of Object.entries(merge.set)) {
    const theirs = member(merge.disk, key);
    const edited = !sameJson(meaning(merge.base, key), meaning(merge.disk, key));
    if (edited) {
      if (!sameJson(theirs, ours)) merge.keep(key, theirs, ours);
    } else if (ours === undefined) {
      fields.delete(key);
    } else {
      fields.set(key, ours as Json);
    }
  }
  return Object.fromEntries(fields);
}

/** The tasks of a raw manifest by id; what has not the shape of one is passed over. */
export function rawTasks(raw: JsonObject): ReadonlyMap<string, JsonObject> {
  const tasks = new Map<string, JsonObject>();
  for (const phase of listIn(raw, "phases")) {
    for (const task of isJsonObject(phase) ? listIn(phase, "tasks") : []) {
      const id = isJsonObject(task) ? member(task, "id") : undefined;
      if (isJsonObject(task) && typeof id === "string") tasks.set(id, task);
    }
  }
  return tasks;
}

function replaceTasks(raw: JsonObject, changed: ReadonlyMap<string, JsonObject>): JsonObject {
  const phases = listIn(raw, "phases").map((phase) => {
    if (!isJsonObject(phase)) return phase;
    const tasks = listIn(phase, "tasks").map((task) => {
      const id = isJsonObject(task) ? member(task, "id") : undefined;
      return (typeof id === "string" ? changed.get(id) : undefined) ?? task;
    });
    return { ...phase, tasks };
  });
  return { ...raw, phases };
}

function listIn(object: JsonObject, key: string): readonly Json[] {
  const value = member(object, key);
  return Array.isArray(value) ? value : [];
}

function objectIn(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = member(object, key);
  return isJsonObject(value) ? value : undefined;
}

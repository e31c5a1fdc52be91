import { mayChange, TaskStatus } from "../../src/manifest/status.ts";

/** What a person does to the manifest by hand. `task` counts from 0 and wraps around. */
export type Edit =
  | {
      readonly kind: "set";
      readonly task: number;
      readonly field: "priority";
      readonly value: string;
    }
  | {
      readonly kind: "set";
      readonly task: number;
      readonly field: "files";
      readonly value: readonly string[];
    }
  | {
      readonly kind: "set";
      readonly task: number;
      readonly field: "dependsOn";
      readonly value: readonly string[];
    }
  | {
      readonly kind: "status";
      readonly task: number;
      readonly to: "cancelled" | "pending" | "complete";
    }
  | { readonly kind: "delete"; readonly task: number }
  | { readonly kind: "add"; readonly id: string; readonly files: readonly string[] }
  /** Leaves the file in a state that does not parse, or mends it. */
  | { readonly kind: "break" }
  | { readonly kind: "mend" };

/** A field as a person left it; nobody else may change it. */
export interface EditedField {
  readonly taskId: string;
  readonly field: string;
  readonly value: unknown;
}

/** What an edit left behind: the new text, and what must stay as it is. */
export interface Edited {
  readonly text: string;
  readonly field?: EditedField;
  readonly deleted?: string;
  /** The task whose status the person set, and to what. */
  readonly status?: { readonly taskId: string; readonly to: TaskStatus };
}

interface RawTask {
  id: string;
  status?: string;
  dependsOn?: unknown;
  [field: string]: unknown;
}
interface RawManifest {
  phases: { tasks: RawTask[] }[];
}

const BROKEN = "\n<<<<<<< HEAD\n";

/** Applies an edit as an editor would; null when there is nothing that a person could sensibly change. */
export function applyEdit(text: string, edit: Edit): Edited | null {
  const mended = text.endsWith(BROKEN) ? text.slice(0, -BROKEN.length) : null;
  if (edit.kind === "break") return mended === null ? { text: text + BROKEN } : null;
  if (edit.kind === "mend") return mended === null ? null : { text: mended };
  if (mended !== null) return null;
  const raw = JSON.parse(text) as RawManifest;
  const tasks = raw.phases.flatMap((phase) => phase.tasks);
  const print = (): string => `${JSON.stringify(raw, null, 2)}\n`;
  if (edit.kind === "add") {
    if (tasks.some((task) => task.id === edit.id)) return null;
    raw.phases.at(-1)?.tasks.push({ id: edit.id, files: edit.files });
    return { text: print() };
  }
  const task = tasks[edit.task % Math.max(1, tasks.length)];
  if (task === undefined) return null;
  if (edit.kind === "set") {
    const value = edit.field === "dependsOn" ? dependencies(tasks, task, edit.value) : edit.value;
    task[edit.field] = value;
    return { text: print(), field: { taskId: task.id, field: edit.field, value } };
  }
  if (edit.kind === "status") {
    const from = TaskStatus.parse(task.status ?? "pending");
    if (from === edit.to || !mayChange("person", from, edit.to)) return null;
    task.status = edit.to;
    return { text: print(), status: { taskId: task.id, to: edit.to } };
  }
  for (const phase of raw.phases) phase.tasks = phase.tasks.filter((one) => one !== task);
  for (const one of tasks) {
    if (Array.isArray(one.dependsOn)) one.dependsOn = one.dependsOn.filter((id) => id !== task.id);
  }
  return { text: print(), deleted: task.id };
}

/** A task may depend on the tasks above it only: a person knows better than to write a cycle. */
function dependencies(tasks: readonly RawTask[], task: RawTask, ids: readonly string[]): string[] {
  const above = tasks.slice(0, tasks.indexOf(task)).map((one) => one.id);
  return ids.filter((id) => above.includes(id));
}

import { explainWaits } from "../decide/explain.ts";
import type { EditOutcome } from "../manifest/edits.ts";
import { CoppiceError } from "../manifest/errors.ts";
import { formatManifest } from "../manifest/format.ts";
import type { JsonObject } from "../manifest/json.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Problem } from "../manifest/problem.ts";
import { mayChange } from "../manifest/status.ts";
import type { Task } from "../manifest/task.ts";
import type { ManifestSnapshot, ManifestStore } from "../ports/manifest-store.ts";
import { readManifest } from "./read-manifest.ts";
import { readOrThrow } from "./run.ts";

/** What an edit changes for the tasks, one line each. */
export interface EditResult {
  readonly effects: readonly string[];
  readonly warnings: readonly Problem[];
}

/**
 * Makes one change of the manifest as a person would, and says what it means. It is checked as a whole before it is
 * written, and what a run wrote meanwhile stays. With `dryRun` nothing is written.
 */
export async function edit(
  store: ManifestStore,
  change: (raw: JsonObject) => EditOutcome,
  options: { readonly dryRun: boolean },
): Promise<EditResult> {
  const base = await readOrThrow({ ports: { store } });
  const outcome = change(rawOf(base));
  if (outcome.kind === "refused") throw refusedEdit(outcome.why);
  return await applyText(store, base, formatManifest(outcome.raw), options);
}

/** The same for a whole edited text, as an editor leaves it. */
export async function applyText(
  store: ManifestStore,
  base: ManifestSnapshot,
  text: string,
  options: { readonly dryRun: boolean },
): Promise<EditResult> {
  const edited = readManifest(text, store.path);
  if (edited.kind === "invalid") throw invalidEdit(edited.problems);
  for (const [before, after] of statusChanges(base.manifest, edited.manifest)) {
    if (!mayChange("person", before.status, after.status)) {
      throw refusedEdit(`${after.id} is ${before.status} and cannot become ${after.status}`);
    }
  }
  const effects = effectsOf(base.manifest, edited.manifest);
  if (options.dryRun) return { effects, warnings: edited.warnings };
  const written = await store.edit(base, text);
  if (written.kind === "invalid") throw invalidEdit(written.problems);
  return { effects, warnings: written.snapshot.warnings };
}

const tasksOf = (manifest: Manifest): readonly Task[] =>
  manifest.phases.flatMap((phase) => phase.tasks);

function statusChanges(before: Manifest, after: Manifest): readonly (readonly [Task, Task])[] {
  const old = new Map(tasksOf(before).map((task) => [task.id, task]));
  return tasksOf(after).flatMap((task) => {
    const was = old.get(task.id);
    return was === undefined || was.status === task.status ? [] : [[was, task] as const];
  });
}

function effectsOf(before: Manifest, after: Manifest): readonly string[] {
  // Only what the manifest itself orders is compared, so the time does not matter.
  const [waited, waits] = [explainWaits(before, 0), explainWaits(after, 0)];
  const old = new Set(tasksOf(before).map((task) => task.id));
  const now = new Set(tasksOf(after).map((task) => task.id));
  return [
    ...tasksOf(before)
      .filter((task) => !now.has(task.id))
      .map((task) => `${task.id} goes; its session is ended, its branch and worktree stay`),
    ...tasksOf(after)
      .filter((task) => !old.has(task.id))
      .map((task) => `${task.id} is new: ${waits.get(task.id) ?? task.status}`),
    ...statusChanges(before, after).map(
      ([was, task]) => `${task.id} ${was.status} → ${task.status}`,
    ),
    ...tasksOf(after)
      .filter((task) => old.has(task.id) && waits.get(task.id) !== waited.get(task.id))
      .map((task) => `${task.id} waits for ${waits.get(task.id) ?? "nothing"}`),
  ];
}

/** The JSON of a reading as the person wrote it, without defaults. */
export function rawOf(base: ManifestSnapshot): JsonObject {
  const read = readManifest(base.text, base.path);
  if (read.kind === "parsed") return read.raw;
  throw invalidEdit(read.problems);
}

const refusedEdit = (why: string): CoppiceError =>
  new CoppiceError({
    code: "edit-refused",
    kind: "input",
    message: `nothing was changed: ${why}`,
    hint: "coppice status lists the tasks and coppice graph the phases.",
  });

function invalidEdit(problems: readonly Problem[]): CoppiceError {
  const lines = problems.map((one) => `  ${one.field}: ${one.message}. ${one.remedy}`);
  return new CoppiceError({
    code: "edit-invalid",
    kind: "input",
    message: `nothing was changed, for the manifest would be wrong:\n${lines.join("\n")}`,
    hint: "Give the command again with that mended.",
  });
}

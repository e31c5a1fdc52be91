import { stableOrder } from "../graph/order.ts";
import {
  addPhase,
  addTask,
  type EditOutcome,
  moveTask,
  removeTask,
  setDependencies,
  setField,
} from "../manifest/edits.ts";
import { CoppiceError } from "../manifest/errors.ts";
import { isJsonObject, type Json, type JsonObject, member, sameJson } from "../manifest/json.ts";
import { Manifest } from "../manifest/manifest.ts";
import { applyPatches, type KeptEdit } from "../manifest/merge.ts";
import { isWaiting } from "../manifest/status.ts";
import { type Task, TaskId } from "../manifest/task.ts";
import type { Plan, PresentTask } from "./plan.ts";

/** What a plan wrote of one task. */
export interface WrittenTask {
  /** The name of its phase. */
  readonly phase: string;
  readonly task: JsonObject;
}

/** What the last plan wrote, by task: what differs from it in the manifest is a person's. */
export type WrittenPlan = Readonly<Record<string, WrittenTask>>;

/** One thing that an update of a manifest does, or leaves as a person wants it. */
export type PlanChange =
  | {
      readonly kind: "joins";
      readonly task: string;
      readonly title: string;
      readonly phase: string;
    }
  | { readonly kind: "leaves"; readonly task: string; readonly why: string }
  /** Its issue would leave, but its work has begun. */
  | { readonly kind: "stays"; readonly task: string; readonly why: string }
  /** A person took it out of the manifest. */
  | { readonly kind: "stays-out"; readonly task: string; readonly title: string }
  | { readonly kind: "moves"; readonly task: string; readonly phase: string; readonly why: string }
  | { readonly kind: "changes"; readonly task: string; readonly fields: readonly string[] }
  | {
      readonly kind: "waits";
      readonly task: string;
      readonly dependsOn: string;
      readonly why: string;
    }
  | { readonly kind: "waits-no-more"; readonly task: string; readonly dependsOn: string }
  /** A person changed these fields, so what the issue says now is left out. */
  | { readonly kind: "kept"; readonly task: string; readonly fields: readonly string[] };

export interface PlanUpdate {
  readonly raw: JsonObject;
  readonly changes: readonly PlanChange[];
  readonly written: WrittenPlan;
}

/** What a manifest holds of each issue, for the plan that is to update it. */
export function presentTasks(manifest: Manifest): ReadonlyMap<number, PresentTask> {
  const present = new Map<number, PresentTask>();
  for (const task of manifest.phases.flatMap((phase) => phase.tasks)) {
    if (task.issue === null) continue;
    const { ids = [], isSettled = false } = present.get(task.issue) ?? {};
    present.set(task.issue, {
      ids: [...ids, task.id],
      isSettled: isSettled || task.part !== undefined || isSettledTask(task),
    });
  }
  return present;
}

/** What a new plan wrote. */
export function writtenPlan(made: Plan): WrittenPlan {
  return Object.fromEntries(
    listIn(made.manifest, "phases").flatMap((phase) =>
      listIn(phase, "tasks").map((task) => [
        textIn(task, "id"),
        { phase: textIn(phase, "name"), task },
      ]),
    ),
  );
}

/**
 * Puts a new plan onto a manifest as three-way merge with what the last plan wrote: issues that are new join, those of
 * `gone` (with the reason) leave, and what an issue says now comes through where no person changed it. Tasks that have
 * begun, and those that a person took back, stay as they are.
 */
export function updatePlan(
  current: JsonObject,
  made: Plan,
  last: WrittenPlan,
  gone: ReadonlyMap<number, string>,
): PlanUpdate {
  const manifest = Manifest.parse(current);
  const next = writtenPlan(made);
  const draft = new Draft(current);
  const tasks = manifest.phases.flatMap((phase) => phase.tasks);
  const stays = new Set<string>(tasks.map(({ id }) => id));
  for (const task of tasks) {
    const why = task.issue === null ? undefined : gone.get(task.issue);
    if (why === undefined) continue;
    if (!isSettledTask(task)) {
      draft.edit(removeTask(draft.raw, task.id), { kind: "leaves", task: task.id, why });
      stays.delete(task.id);
    } else if (["running", "stuck", "error"].includes(task.status)) {
      draft.changes.push({ kind: "stays", task: task.id, why: `${why}, but it is ${task.status}` });
    }
  }
  const phases = listIn(made.manifest, "phases").map((phase) => textIn(phase, "name"));
  for (const [id, { phase, task }] of Object.entries(next)) {
    if (stays.has(id)) continue;
    const title = textIn(task, "title");
    if (last[id] !== undefined) draft.changes.push({ kind: "stays-out", task: id, title });
    else
      draft.join(
        phase,
        phases,
        { ...task, dependsOn: [] },
        { kind: "joins", task: id, title, phase },
      );
  }
  const whyOf = new Map(made.edges.map((edge) => [`${edge.task} ${edge.dependsOn}`, edge.why]));
  for (const [id, written] of Object.entries(next)) {
    const before = tasks.find((task) => task.id === id);
    if (before === undefined ? last[id] !== undefined : isSettledTask(before)) continue;
    if (before !== undefined) {
      mergeFields(draft, id, written.task, last[id]?.task);
      mergePhase(draft, id, written.phase, last[id]?.phase, phases);
    }
    mergeEdges(draft, id, written.task, last[id]?.task, whyOf);
  }
  settlePhases(draft);
  const now = new Set(draft.tasks().map((task) => textIn(task, "id")));
  const kept = Object.entries(last).filter(([id]) => now.has(id) || next[id] !== undefined);
  return {
    raw: draft.raw,
    changes: draft.changes,
    written: { ...Object.fromEntries(kept), ...withEdgesAmong(next, now) },
  };
}

/** An edge to a task that has left was not written: it comes when that task comes back. */
function withEdgesAmong(written: WrittenPlan, there: ReadonlySet<string>): WrittenPlan {
  return Object.fromEntries(
    Object.entries(written).map(([id, { phase, task }]) => {
      const dependsOn = stringsIn(task, "dependsOn").filter((on) => there.has(on));
      return [id, { phase, task: { ...task, dependsOn } }];
    }),
  );
}

/** Its work has begun, or a person took it back. */
const isSettledTask = (task: Task): boolean =>
  (task.attempts ?? 0) > 0 ||
  task.startedAt !== null ||
  !(isWaiting(task.status) || task.status === "draft" || task.status === "planned");

/** A manifest while it is changed, and the list of what was done. */
class Draft {
  raw: JsonObject;
  readonly changes: PlanChange[] = [];

  constructor(raw: JsonObject) {
    this.raw = raw;
  }

  edit(outcome: EditOutcome, change?: PlanChange): void {
    if (outcome.kind === "refused") throw refusedUpdate(outcome.why);
    this.raw = outcome.raw;
    if (change !== undefined) this.changes.push(change);
  }

  join(phase: string, order: readonly string[], task: JsonObject, change: PlanChange): void {
    this.edit(addPhase(this.raw, phase, order));
    this.edit(addTask(this.raw, phase, task), change);
  }

  move(task: string, phase: string, order: readonly string[], why: string): void {
    this.edit(addPhase(this.raw, phase, order));
    const place = { phase, before: undefined };
    this.edit(moveTask(this.raw, task, place), { kind: "moves", task, phase, why });
  }

  tasks(): readonly JsonObject[] {
    return listIn(this.raw, "phases").flatMap((phase) => listIn(phase, "tasks"));
  }

  task(id: string): JsonObject | undefined {
    return this.tasks().find((task) => member(task, "id") === id);
  }

  phaseOf(id: string): string | undefined {
    const phase = listIn(this.raw, "phases").find((one) =>
      listIn(one, "tasks").some((task) => member(task, "id") === id),
    );
    return phase === undefined ? undefined : textIn(phase, "name");
  }
}

/** Fields that are merged as sets, or that only a run or a person sets. */
const OWN_WAY: readonly string[] = ["id", "issue", "part", "files", "dependsOn", "status"];

/** What the issue says now, field by field, where the manifest still holds what the last plan wrote. */
function mergeFields(
  draft: Draft,
  id: string,
  now: JsonObject,
  last: JsonObject | undefined,
): void {
  const keys = new Set([...Object.keys(now), ...Object.keys(last ?? {})]);
  const names = [...keys].filter((key) => !OWN_WAY.includes(key) && !key.startsWith("x-"));
  const set = Object.fromEntries(names.map((key) => [key, member(now, key)]));
  const base = { phases: [{ tasks: last === undefined ? [] : [last] }] };
  const before = draft.task(id);
  const patch = { kind: "task" as const, taskId: TaskId.parse(id), set };
  const { raw, kept } = applyPatches(base, draft.raw, [patch]);
  draft.raw = raw;
  const isNews = ({ field }: KeptEdit) =>
    field !== "reasons" && !sameJson(member(now, field), member(last, field));
  const news = kept.filter(isNews).map(({ field }) => field);
  if (news.length > 0) draft.changes.push({ kind: "kept", task: id, fields: news });
  const files = threeWay(before, last, now, "files");
  if (files !== undefined) draft.edit(setField(draft.raw, id, "files", files));
  if (member(before, "status") === "draft" && member(last, "status") === "draft") {
    draft.edit(setField(draft.raw, id, "status", member(now, "status") ?? "pending"));
  }
  const after = draft.task(id);
  const changed = [...names, "files", "status"].filter(
    (key) => key !== "reasons" && !sameJson(member(before, key), member(after, key)),
  );
  if (changed.length > 0) draft.changes.push({ kind: "changes", task: id, fields: changed });
}

function mergePhase(
  draft: Draft,
  id: string,
  now: string,
  last: string | undefined,
  order: readonly string[],
): void {
  if (last === undefined || last === now || draft.phaseOf(id) !== last) return;
  draft.move(id, now, order, "its issue says so");
}

function mergeEdges(
  draft: Draft,
  id: string,
  now: JsonObject,
  last: JsonObject | undefined,
  whyOf: ReadonlyMap<string, string>,
): void {
  const before = stringsIn(draft.task(id), "dependsOn");
  const [wanted, written] = [stringsIn(now, "dependsOn"), stringsIn(last, "dependsOn")];
  const there = new Set(draft.tasks().map((task) => textIn(task, "id")));
  const add = wanted.filter((on) => !written.includes(on) && !before.includes(on) && there.has(on));
  const remove = written.filter((on) => !wanted.includes(on) && before.includes(on));
  if (add.length + remove.length === 0) return;
  draft.edit(setDependencies(draft.raw, id, { add, remove }));
  for (const dependsOn of add) {
    const why = whyOf.get(`${id} ${dependsOn}`) ?? "its task list";
    draft.changes.push({ kind: "waits", task: id, dependsOn, why });
  }
  for (const dependsOn of remove) {
    draft.changes.push({ kind: "waits-no-more", task: id, dependsOn });
  }
}

/** No task may stand before what it waits for: whoever does goes to the phase of that. */
function settlePhases(draft: Draft): void {
  const phases = listIn(draft.raw, "phases").map((phase) => textIn(phase, "name"));
  const place = new Map(
    listIn(draft.raw, "phases").flatMap((phase, index) =>
      listIn(phase, "tasks").map((task) => [textIn(task, "id"), index] as const),
    ),
  );
  const tasks = draft.tasks();
  const byId = new Map(tasks.map((task) => [textIn(task, "id"), task]));
  const waitsFor = (id: string) => stringsIn(byId.get(id), "dependsOn");
  const ordered = stableOrder([...byId.keys()], waitsFor);
  // A cycle is told when the manifest is checked.
  if (ordered.kind === "cyclic") return;
  for (const id of ordered.order) {
    const last = waitsFor(id).toSorted((a, b) => (place.get(b) ?? 0) - (place.get(a) ?? 0))[0];
    const needed = last === undefined ? 0 : (place.get(last) ?? 0);
    if (needed <= (place.get(id) ?? 0)) continue;
    place.set(id, needed);
    draft.move(id, phases[needed] ?? "", [], `it waits for ${last}`);
  }
}

/** A list of texts with what a plan adds to and takes from its own earlier one; undefined: nothing. */
function threeWay(
  current: JsonObject | undefined,
  last: JsonObject | undefined,
  now: JsonObject,
  key: string,
): readonly string[] | undefined {
  const [there, wanted, written] = [current, now, last].map((one) => stringsIn(one, key));
  if (there === undefined || wanted === undefined || written === undefined) return undefined;
  if (last === undefined) return undefined;
  const kept = there.filter((one) => wanted.includes(one) || !written.includes(one));
  const added = wanted.filter((one) => !written.includes(one) && !there.includes(one));
  const merged = [...kept, ...added];
  return sameJson(merged, there) ? undefined : merged;
}

function listIn(object: JsonObject, key: string): readonly JsonObject[] {
  const value = member(object, key);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function stringsIn(object: JsonObject | undefined, key: string): readonly string[] {
  const value = member(object, key);
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

function textIn(object: JsonObject, key: string): string {
  const value: Json | undefined = member(object, key);
  return typeof value === "string" ? value : "";
}

const refusedUpdate = (why: string): CoppiceError =>
  new CoppiceError({
    code: "update-refused",
    kind: "bug",
    message: `the plan does not fit the manifest: ${why}`,
    hint: "Please report this with the manifest and the issues.",
  });

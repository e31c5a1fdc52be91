import { stableOrder } from "../graph/order.ts";
import { addPhase, addTask, type EditOutcome, moveTask, removeTask } from "../manifest/edits.ts";
import { CoppiceError } from "../manifest/errors.ts";
import { isJsonObject, type Json, type JsonObject, member, sameJson } from "../manifest/json.ts";
import { Manifest } from "../manifest/manifest.ts";
import { applyPatches, rawTasks } from "../manifest/merge.ts";
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
  const byId = new Map<string, Task>(tasks.map((task) => [task.id, task]));
  const stays = new Set(byId.keys());
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
  const isOpen = (id: string): boolean => {
    const before = byId.get(id);
    return before === undefined ? last[id] === undefined : !isSettledTask(before);
  };
  mergeTasks(draft, {
    next: Object.fromEntries(Object.entries(next).filter(([id]) => isOpen(id))),
    last,
    isJoined: (id) => !byId.has(id),
    phases,
    whyOf: new Map(made.edges.map((edge) => [`${edge.task} ${edge.dependsOn}`, edge.why])),
  });
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

  byId(): ReadonlyMap<string, JsonObject> {
    return rawTasks(this.raw);
  }

  phaseOf(id: string): string | undefined {
    const phase = listIn(this.raw, "phases").find((one) =>
      listIn(one, "tasks").some((task) => member(task, "id") === id),
    );
    return phase === undefined ? undefined : textIn(phase, "name");
  }
}

/** What tasks that have not begun are merged from. */
interface Merge {
  readonly next: WrittenPlan;
  readonly last: WrittenPlan;
  readonly isJoined: (id: string) => boolean;
  /** The plan's own, in order. */
  readonly phases: readonly string[];
  /** Why a task waits for another, by `task other`. */
  readonly whyOf: ReadonlyMap<string, string>;
}

/** What the issues say now, field by field, where the manifest still holds what the last plan wrote. */
function mergeTasks(draft: Draft, merge: Merge): void {
  const { next, last, isJoined, phases, whyOf } = merge;
  const before = draft.byId();
  const wanted = Object.entries(next).flatMap(([id, { task }]) => {
    const current = before.get(id);
    if (current === undefined) return [];
    const written = isJoined(id) ? current : last[id]?.task;
    return [{ id, ...wantedOf(current, written, task, before) }];
  });
  const { raw, kept } = applyPatches(
    { phases: [{ tasks: wanted.map(({ base }) => base) }] },
    draft.raw,
    wanted.map(({ id, set }) => ({ kind: "task", taskId: TaskId.parse(id), set })),
  );
  draft.raw = raw;
  const after = draft.byId();
  const isNews = (id: string, field: string) =>
    field !== "reasons" && !sameJson(member(next[id]?.task, field), member(last[id]?.task, field));
  const keptOf = new Map<string, string[]>();
  for (const { taskId, field } of kept) {
    const id = taskId ?? "";
    if (isNews(id, field)) keptOf.set(id, [...(keptOf.get(id) ?? []), field]);
  }
  for (const { id, set } of wanted) {
    const news = keptOf.get(id) ?? [];
    if (news.length > 0) draft.changes.push({ kind: "kept", task: id, fields: news });
    const fields = Object.keys(set).filter(
      (key) => !UNTOLD.includes(key) && isTold(key, before.get(id), after.get(id)),
    );
    if (fields.length > 0) draft.changes.push({ kind: "changes", task: id, fields });
    const [phase, written] = [next[id]?.phase ?? "", last[id]?.phase ?? ""];
    if (written !== "" && written !== phase && draft.phaseOf(id) === written) {
      draft.move(id, phase, phases, "its issue says so");
    }
    tellEdges(draft, id, before.get(id), after.get(id), whyOf);
  }
}

function tellEdges(
  { changes }: Draft,
  task: string,
  before: JsonObject | undefined,
  after: JsonObject | undefined,
  whyOf: Merge["whyOf"],
): void {
  const [was, on] = [stringsIn(before, "dependsOn"), stringsIn(after, "dependsOn")];
  for (const dependsOn of on.filter((one) => !was.includes(one))) {
    const why = whyOf.get(`${task} ${dependsOn}`) ?? "its task list";
    changes.push({ kind: "waits", task, dependsOn, why });
  }
  for (const dependsOn of was.filter((one) => !on.includes(one))) {
    changes.push({ kind: "waits-no-more", task, dependsOn });
  }
}

/** Changes that are told by themselves, or by what made them. */
const UNTOLD: readonly string[] = ["reasons", "dependsOn"];
/** Of a prediction only other files are news: its chances move with every plan. */
function isTold(key: string, before: JsonObject | undefined, after: JsonObject | undefined) {
  const [was, now] = [member(before, key), member(after, key)];
  if (key !== "predicted" || !Array.isArray(was) || !Array.isArray(now)) return !sameJson(was, now);
  const paths = (files: readonly Json[]) =>
    files.map((file) => (isJsonObject(file) ? textIn(file, "path") : "")).toSorted();
  return !sameJson(paths(was), paths(now));
}

/** Fields that are merged entry by entry, or that only a run or a person sets. */
const OWN_WAY: readonly string[] = ["id", "issue", "part", "files", "dependsOn", "status"];

/** The fields that a plan wants of a task, and the task from which a difference is a person's. */
function wantedOf(
  current: JsonObject,
  written: JsonObject | undefined,
  now: JsonObject,
  there: ReadonlyMap<string, JsonObject>,
): { readonly base: JsonObject; readonly set: Readonly<Record<string, Json | undefined>> } {
  const keys = [...new Set([...Object.keys(now), ...Object.keys(written ?? {})])];
  const plain = keys.filter((key) => !OWN_WAY.includes(key) && !key.startsWith("x-"));
  const files = mergedEntries(current, written ?? now, now, "files");
  const dependsOn = mergedEntries(current, written, now, "dependsOn").filter((on) => there.has(on));
  const wasDraft = [current, written].every((one) => member(one, "status") === "draft");
  const own = {
    ...(sameJson(files, stringsIn(current, "files")) ? {} : { files }),
    ...(sameJson(dependsOn, stringsIn(current, "dependsOn")) ? {} : { dependsOn }),
    ...(wasDraft ? { status: member(now, "status") } : {}),
  };
  const asNow = Object.keys(own).map((key) => [key, member(current, key)] as const);
  const given = asNow.flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  const bare = Object.entries(written ?? {}).filter(([key]) => !Object.hasOwn(own, key));
  return {
    base: { ...Object.fromEntries([...bare, ...given]), id: member(current, "id") ?? "" },
    set: { ...Object.fromEntries(plain.map((key) => [key, member(now, key)])), ...own },
  };
}

/** A list of texts with what a plan adds to and takes from its own earlier one. */
function mergedEntries(
  current: JsonObject,
  written: JsonObject | undefined,
  now: JsonObject,
  key: string,
): readonly string[] {
  const [there, before, wanted] = [current, written, now].map((one) => stringsIn(one, key));
  const kept = (there ?? []).filter((one) => wanted?.includes(one) || !before?.includes(one));
  const added = (wanted ?? []).filter((one) => !before?.includes(one) && !kept.includes(one));
  return [...kept, ...added];
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

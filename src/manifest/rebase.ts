import { isJsonObject, type Json, type JsonObject, member, sameJson } from "./json.ts";
import { rawTasks } from "./merge.ts";

/**
 * Puts what a person changed between `base` and `edited` onto `disk`, where a run may have written meanwhile: each field
 * that the person touched gets the person's value, all others stay as they are on disk. Works on the raw JSON of
 * manifests that were read without an error. Phases are told apart by name and tasks by id, wherever they stand; what was
 * added on disk meanwhile stays.
 */
export function rebaseEdit(base: JsonObject, edited: JsonObject, disk: JsonObject): JsonObject {
  const tasks = { base: rawTasks(base), edited: rawTasks(edited), disk: rawTasks(disk) };
  const items: Readonly<Record<string, NamedItems>> = {
    phases: { name: "name", base: named(base), edited: named(edited), disk: named(disk) },
    tasks: { name: "id", ...tasks },
  };
  return mergeObject({ base, edited, disk }, items);
}

/** The items of a list by name, in three versions. */
interface NamedItems {
  readonly name: string;
  readonly base: ReadonlyMap<string, JsonObject>;
  readonly edited: ReadonlyMap<string, JsonObject>;
  readonly disk: ReadonlyMap<string, JsonObject>;
}

interface Versions {
  readonly base: JsonObject;
  readonly edited: JsonObject;
  readonly disk: JsonObject;
}

type Lists = Readonly<Record<string, NamedItems>>;

function mergeObject({ base, edited, disk }: Versions, lists: Lists): JsonObject {
  const merged: [string, Json][] = [];
  for (const key of new Set([...Object.keys(disk), ...Object.keys(edited)])) {
    const [before, wanted, now] = [base, edited, disk].map((one) => member(one, key));
    const value = mergeValue(key, before, wanted, now, lists);
    if (value !== undefined) merged.push([key, value]);
  }
  return Object.fromEntries(merged);
}

function mergeValue(
  key: string,
  base: Json | undefined,
  edited: Json | undefined,
  disk: Json | undefined,
  lists: Lists,
): Json | undefined {
  if (sameJson(base, edited)) return disk;
  const items = lists[key];
  if (items !== undefined && Array.isArray(edited)) {
    return mergeList(edited, Array.isArray(disk) ? disk : [], items, lists);
  }
  return isJsonObject(base) && isJsonObject(edited) && isJsonObject(disk)
    ? mergeObject({ base, edited, disk }, lists)
    : edited;
}

/** The person's items in the person's order, each with what the run wrote, then those that were added meanwhile. */
function mergeList(
  edited: readonly Json[],
  disk: readonly Json[],
  items: NamedItems,
  lists: Lists,
): readonly Json[] {
  const kept = edited.map((item) => {
    const name = nameOf(item, items);
    const before = items.base.get(name);
    const now = items.disk.get(name);
    if (!isJsonObject(item) || before === undefined || now === undefined) return item;
    return mergeObject({ base: before, edited: item, disk: now }, lists);
  });
  const added = disk.filter((item) => {
    const name = nameOf(item, items);
    return !items.base.has(name) && !items.edited.has(name);
  });
  return [...kept, ...added];
}

function nameOf(item: Json, items: NamedItems): string {
  const name = isJsonObject(item) ? member(item, items.name) : undefined;
  return typeof name === "string" ? name : "";
}

function named(raw: JsonObject): ReadonlyMap<string, JsonObject> {
  const phases = member(raw, "phases");
  const found = new Map<string, JsonObject>();
  for (const phase of Array.isArray(phases) ? phases : []) {
    const name = isJsonObject(phase) ? member(phase, "name") : undefined;
    if (isJsonObject(phase) && typeof name === "string") found.set(name, phase);
  }
  return found;
}

import { isJsonObject, type Json, type JsonObject, member } from "./json.ts";

/** A change that a person asks for by a command, on the raw JSON of a manifest; `refused` says why it cannot be made. */
export type EditOutcome =
  | { readonly kind: "edited"; readonly raw: JsonObject }
  | { readonly kind: "refused"; readonly why: string };

/** Sets a field of the manifest, or of a task; `undefined` removes it. `field` may lead inside: `policy.attemptsMax`. */
export function setField(
  raw: JsonObject,
  taskId: string | undefined,
  field: string,
  value: Json | undefined,
): EditOutcome {
  const path = field.split(".");
  if (taskId === undefined) return { kind: "edited", raw: withMember(raw, path, value) };
  return editTask(raw, taskId, (task) => withMember(task, path, value));
}

/** Makes a task wait for others, or no longer. */
export function setDependencies(
  raw: JsonObject,
  taskId: string,
  change: { readonly add: readonly string[]; readonly remove: readonly string[] },
): EditOutcome {
  return editTask(raw, taskId, (task) => {
    const before = listIn(task, "dependsOn");
    const after = [...new Set([...before, ...change.add])].filter(
      (id) => typeof id !== "string" || !change.remove.includes(id),
    );
    return { ...task, dependsOn: after };
  });
}

/** Adds a task at the end of a phase; the phase is made when there is none of that name. */
export function addTask(raw: JsonObject, phaseName: string, task: JsonObject): EditOutcome {
  const phases = listIn(raw, "phases");
  const isThere = phases.some((phase) => nameOf(phase) === phaseName);
  const grown = isThere ? phases : [...phases, { name: phaseName, tasks: [] }];
  return {
    kind: "edited",
    raw: {
      ...raw,
      phases: grown.map((phase) =>
        isJsonObject(phase) && nameOf(phase) === phaseName
          ? { ...phase, tasks: [...listIn(phase, "tasks"), task] }
          : phase,
      ),
    },
  };
}

/**
 * Makes sure that there is a phase of that name: a new one goes before the first that comes later in `order`, else to
 * the end.
 */
export function addPhase(raw: JsonObject, name: string, order: readonly string[]): EditOutcome {
  const phases = listIn(raw, "phases");
  if (phases.some((phase) => nameOf(phase) === name)) return { kind: "edited", raw };
  const later = order.slice(order.indexOf(name) + 1);
  const before = phases.findIndex((phase) => later.some((other) => other === nameOf(phase)));
  const at = before < 0 ? phases.length : before;
  return { kind: "edited", raw: { ...raw, phases: phases.toSpliced(at, 0, { name, tasks: [] }) } };
}

/** Takes a task out, and out of what others wait for. */
export function removeTask(raw: JsonObject, taskId: string): EditOutcome {
  const phases = listIn(raw, "phases").map((phase) => {
    if (!isJsonObject(phase)) return phase;
    const tasks = tasksIn(phase)
      .filter((task) => idOf(task) !== taskId)
      .map((task) =>
        listIn(task, "dependsOn").includes(taskId)
          ? { ...task, dependsOn: listIn(task, "dependsOn").filter((id) => id !== taskId) }
          : task,
      );
    return { ...phase, tasks };
  });
  return { kind: "edited", raw: { ...raw, phases } };
}

/** Moves a task to another phase, at its end or before another of its tasks. */
export function moveTask(
  raw: JsonObject,
  taskId: string,
  place: { readonly phase: string; readonly before: string | undefined },
): EditOutcome {
  const phases = listIn(raw, "phases").filter(isJsonObject);
  const task = phases.flatMap(tasksIn).find((one) => idOf(one) === taskId);
  const target = phases.find((phase) => nameOf(phase) === place.phase);
  if (task === undefined) return { kind: "refused", why: `there is no task ${taskId}` };
  if (target === undefined) return { kind: "refused", why: `there is no phase "${place.phase}"` };
  const others = tasksIn(target).filter((one) => one !== task);
  const index =
    place.before === undefined
      ? others.length
      : others.findIndex((one) => idOf(one) === place.before);
  if (index < 0) {
    return { kind: "refused", why: `there is no task ${place.before} in "${place.phase}"` };
  }
  return {
    kind: "edited",
    raw: {
      ...raw,
      phases: phases.map((phase) => ({
        ...phase,
        tasks:
          phase === target
            ? others.toSpliced(index, 0, task)
            : tasksIn(phase).filter((one) => one !== task),
      })),
    },
  };
}

function editTask(
  raw: JsonObject,
  taskId: string,
  edit: (task: JsonObject) => JsonObject,
): EditOutcome {
  let found = false;
  const phases = listIn(raw, "phases").map((phase) => {
    if (!isJsonObject(phase)) return phase;
    const tasks = listIn(phase, "tasks").map((task) => {
      if (!isJsonObject(task) || idOf(task) !== taskId) return task;
      found = true;
      return edit(task);
    });
    return { ...phase, tasks };
  });
  return found
    ? { kind: "edited", raw: { ...raw, phases } }
    : { kind: "refused", why: `there is no task ${taskId}` };
}

function withMember(
  object: JsonObject,
  [key = "", ...rest]: readonly string[],
  value: Json | undefined,
): JsonObject {
  const { [key]: old, ...others } = object;
  const wanted = rest.length === 0 ? value : withMember(isJsonObject(old) ? old : {}, rest, value);
  if (wanted === undefined) return others;
  return Object.hasOwn(object, key)
    ? Object.fromEntries(Object.entries(object).map(([k, v]) => [k, k === key ? wanted : v]))
    : { ...object, [key]: wanted };
}

const tasksIn = (phase: JsonObject): readonly JsonObject[] =>
  listIn(phase, "tasks").filter(isJsonObject);
const idOf = (task: JsonObject): Json | undefined => member(task, "id");
const nameOf = (phase: Json): Json | undefined =>
  isJsonObject(phase) ? member(phase, "name") : undefined;

function listIn(object: JsonObject, key: string): readonly Json[] {
  const value = member(object, key);
  return Array.isArray(value) ? value : [];
}

import type { Manifest } from "../manifest/manifest.ts";
import { inTextOrder, isError, type ParseOutcome, parseManifest } from "../manifest/parse.ts";
import type { JsonPath } from "../manifest/place.ts";
import type { Mistake } from "../manifest/source.ts";
import { didYouMean } from "../manifest/suggest.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { stableOrder } from "./order.ts";
import { standing } from "./overlap.ts";
import { type TaskGraph, taskGraph } from "./task-graph.ts";

/**
 * Reads a manifest and checks that its tasks can be ordered. The outcome holds every mistake with place and remedy;
 * warnings name tasks of one phase that overlap without a dependency. `file` names the manifest in problems.
 */
export function readManifest(text: string, file: string): ParseOutcome {
  const parsed = parseManifest(text, file);
  if (parsed.kind === "invalid") return parsed;
  const tasks = placedTasks(parsed.manifest);
  const mistakes = [...dependencyMistakes(tasks), ...cycleMistakes(tasks)];
  const found = mistakes.map(parsed.place);
  if (found.some(isError)) {
    return { kind: "invalid", problems: inTextOrder([...parsed.warnings, ...found]) };
  }
  const overlaps = overlapWarnings(tasks, taskGraph(parsed.manifest)).map(parsed.place);
  return { ...parsed, warnings: inTextOrder([...parsed.warnings, ...found, ...overlaps]) };
}

interface PlacedTask {
  readonly task: Task;
  readonly phaseIndex: number;
  readonly phaseName: string;
  readonly path: JsonPath;
}

type PlacedTasks = ReadonlyMap<TaskId, PlacedTask>;

function placedTasks(manifest: Manifest): PlacedTasks {
  const placed = new Map<TaskId, PlacedTask>();
  manifest.phases.forEach((phase, phaseIndex) => {
    phase.tasks.forEach((task, taskIndex) => {
      const path = ["phases", phaseIndex, "tasks", taskIndex];
      placed.set(task.id, { task, phaseIndex, phaseName: phase.name, path });
    });
  });
  return placed;
}

function dependencyMistakes(tasks: PlacedTasks): Mistake[] {
  const ids = [...tasks.keys()];
  return [...tasks.values()].flatMap(({ task, phaseIndex, path }) =>
    task.dependsOn.flatMap((id, index): Mistake[] => {
      const at = [...path, "dependsOn", index];
      const other = tasks.get(id);
      if (other === undefined) {
        const others = ids.filter((one) => one !== task.id);
        const message = `${task.id} depends on ${id}, and there is no such task`;
        const remedy = `${didYouMean(id, others)}Name an existing task, or remove the entry.`;
        return [{ severity: "error", code: "unknown-dependency", path: at, message, remedy }];
      }
      if (id === task.id) {
        const message = `${id} depends on itself`;
        const remedy = "Remove the entry.";
        return [{ severity: "error", code: "self-dependency", path: at, message, remedy }];
      }
      if (other.phaseIndex > phaseIndex) {
        const message = `${task.id} depends on ${id} of the later phase ${JSON.stringify(other.phaseName)}`;
        const remedy = `Move ${task.id} to that phase or a later one, or ${id} to this one.`;
        return [{ severity: "error", code: "later-phase", path: at, message, remedy }];
      }
      return [];
    }),
  );
}

function cycleMistakes(tasks: PlacedTasks): Mistake[] {
  const outcome = stableOrder([...tasks.keys()], (id) =>
    (tasks.get(id)?.task.dependsOn ?? []).filter((other) => other !== id),
  );
  if (outcome.kind === "ordered") return [];
  return outcome.cycles.flatMap((cycle): Mistake[] => {
    const [first, second] = cycle;
    const start = first === undefined ? undefined : tasks.get(first);
    if (start === undefined || first === undefined || second === undefined) return [];
    const at = [...start.path, "dependsOn", start.task.dependsOn.indexOf(second)];
    const message = `each of these depends on the next: ${[...cycle, first].join(" → ")}`;
    const remedy = `Remove one of these dependencies, e.g. ${second} from the dependsOn of ${first}.`;
    return [{ severity: "error", code: "cycle", path: at, message, remedy }];
  });
}

/** True when dependencies alone, however many, put `task` after `other`. */
function dependsOn(task: PlacedTask, other: PlacedTask, tasks: PlacedTasks): boolean {
  const seen = new Set<TaskId>();
  const open = [...task.task.dependsOn];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === other.task.id) return true;
    if (!seen.has(id)) open.push(...(tasks.get(id)?.task.dependsOn ?? []));
    seen.add(id);
  }
  return false;
}

function overlapWarnings(tasks: PlacedTasks, graph: TaskGraph): Mistake[] {
  return graph.edges.flatMap((edge): Mistake[] => {
    const [from, to] = [tasks.get(edge.from), tasks.get(edge.to)];
    if (edge.kind !== "overlap" || edge.probable || from === undefined || to === undefined)
      return [];
    const begun = standing(from.task.status) < standing("pending");
    if (from.phaseIndex !== to.phaseIndex || begun || dependsOn(to, from, tasks)) return [];
    return [
      {
        severity: "warning",
        code: "overlap",
        path: [...to.path, "files"],
        message: `${edge.from} and ${edge.to} ${edge.why}: ${edge.to} will wait for ${edge.from}`,
        remedy: `Add ${edge.from} to the dependsOn of ${edge.to} to say so, or "overlap": "parallel" to let them run together.`,
      },
    ];
  });
}

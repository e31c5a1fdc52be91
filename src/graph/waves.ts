import type { Manifest } from "../manifest/manifest.ts";
import type { TaskId } from "../manifest/task.ts";
import { predecessors, successors, type TaskGraph, taskGraph } from "./task-graph.ts";

/** The tasks of one phase in groups that may start together, each group after the one before; in manifest order. */
export function waves(
  manifest: Manifest,
  phaseIndex: number,
  graph: TaskGraph = taskGraph(manifest),
): TaskId[][] {
  const ids = (manifest.phases[phaseIndex]?.tasks ?? []).map((task) => task.id);
  const members = new Set(ids);
  const waveOf = new Map<TaskId, number>();
  for (const id of graph.order) {
    let wave = 0;
    for (const { from } of predecessors(graph, id)) {
      wave = Math.max(wave, (waveOf.get(from) ?? 0) + (members.has(from) ? 1 : 0));
    }
    waveOf.set(id, wave);
  }
  const groups: TaskId[][] = [];
  for (const id of ids) {
    const wave = waveOf.get(id) ?? 0;
    groups[wave] ??= [];
    groups[wave]?.push(id);
  }
  return groups;
}

/** The longest chain of tasks that must follow one another: no number of sessions makes the run shorter. */
export function criticalPath(graph: TaskGraph): TaskId[] {
  const rest = new Map<TaskId, { readonly length: number; readonly next: TaskId | undefined }>();
  for (const id of graph.order.toReversed()) {
    let best: { length: number; next: TaskId | undefined } = { length: 1, next: undefined };
    for (const { to } of successors(graph, id)) {
      const length = (rest.get(to)?.length ?? 0) + 1;
      if (length > best.length) best = { length, next: to };
    }
    rest.set(id, best);
  }
  let start: TaskId | undefined;
  for (const id of graph.order) {
    if ((rest.get(id)?.length ?? 0) > (start === undefined ? 0 : (rest.get(start)?.length ?? 0))) {
      start = id;
    }
  }
  const path: TaskId[] = [];
  for (let id = start; id !== undefined; id = rest.get(id)?.next) path.push(id);
  return path;
}

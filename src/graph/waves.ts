import type { Manifest } from "../manifest/manifest.ts";
import type { TaskId } from "../manifest/task.ts";
import { predecessors, type TaskGraph, taskGraph } from "./task-graph.ts";

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

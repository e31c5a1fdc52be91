import { Graph } from "graphlib";
import { CoppiceError } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { stableOrder } from "./order.ts";
import { overlapEdges, standing } from "./overlap.ts";
import type { TaskEdge } from "./task-edge.ts";

/** The tasks of a manifest with everything that orders them; without a cycle. */
export interface TaskGraph {
  /** Every task after all that it waits for. */
  readonly order: readonly TaskId[];
  /** One per pair of tasks: a dependency hides an overlap. */
  readonly edges: readonly TaskEdge[];
  readonly graph: Graph<unknown, Task, TaskEdge>;
}

/**
 * The graph of a manifest that `readManifest` accepted. Overlap edges are computed here from `files` and never stored;
 * they follow one topological order of the dependencies, so they cannot close a cycle. In that order work that has
 * begun stands before work that has not, and then the manifest decides.
 */
export function taskGraph(manifest: Manifest): TaskGraph {
  const tasks = manifest.phases.flatMap((phase) => phase.tasks);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const ordered = stableOrder(
    tasks.toSorted((a, b) => standing(a.status) - standing(b.status)),
    (task) => task.dependsOn.flatMap((id) => byId.get(id) ?? []),
  );
  if (ordered.kind === "cyclic") {
    throw new CoppiceError({
      code: "cyclic-manifest",
      kind: "bug",
      message: "a graph was asked of a manifest whose tasks wait for each other",
      hint: "Please report this with the manifest; coppice validate shows the cycle.",
    });
  }
  const graph = new Graph<unknown, Task, TaskEdge>({ directed: true });
  for (const task of ordered.order) graph.setNode(nodeOf(task.id), task);
  for (const edge of [...dependencyEdges(tasks, byId), ...overlapEdges(manifest, ordered.order)]) {
    if (!graph.hasEdge(nodeOf(edge.from), nodeOf(edge.to))) {
      graph.setEdge(nodeOf(edge.from), nodeOf(edge.to), edge);
    }
  }
  return {
    order: ordered.order.map((task) => task.id),
    edges: graph.edges().map((edge) => graph.edge(edge)),
    graph,
  };
}

/** A task of the graph; an id of another manifest is a mistake of ours. */
export function taskIn(graph: TaskGraph, id: TaskId): Task {
  return graph.graph.node(nodeOf(id));
}

/** The edges that lead into a task: what it directly waits for, and why. */
export function predecessors(graph: TaskGraph, id: TaskId): readonly TaskEdge[] {
  return (graph.graph.inEdges(nodeOf(id)) ?? []).map((edge) => graph.graph.edge(edge));
}

/** The edges that lead out of a task: what directly waits for it, and why. */
export function successors(graph: TaskGraph, id: TaskId): readonly TaskEdge[] {
  return (graph.graph.outEdges(nodeOf(id)) ?? []).map((edge) => graph.graph.edge(edge));
}

function dependencyEdges(tasks: readonly Task[], byId: ReadonlyMap<TaskId, Task>): TaskEdge[] {
  return tasks.flatMap((task) =>
    task.dependsOn
      .filter((from) => byId.has(from))
      .map((from) => ({
        from,
        to: task.id,
        kind: "dependency" as const,
        why: `${task.id} depends on ${from}`,
      })),
  );
}

/** graphlib keeps nodes in plain objects, where a task named `constructor` would meet the prototype's. */
const nodeOf = (id: TaskId): string => `task ${id}`;

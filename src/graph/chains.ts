import type { Task, TaskId } from "../manifest/task.ts";
import { standing } from "./overlap.ts";
import { successors, type TaskGraph, taskIn } from "./task-graph.ts";

/** How long a task takes, in any unit; the same for the same task. */
export type Cost = (task: Task) => number;

/** What is left to be done of a task, where an ordinary one is 1: nothing of one that is delivered or does not take part. */
export function workLeft(task: Task): number {
  const stands = standing(task.status);
  return stands === standing("running") || stands === standing("pending")
    ? (task.estimate ?? 1)
    : 0;
}

/** For each task the length of the longest chain that begins with it, itself included. */
export function chainLengths(graph: TaskGraph, cost: Cost): ReadonlyMap<TaskId, number> {
  return new Map([...chains(graph, cost)].map(([id, { length }]) => [id, length]));
}

/** The longest chain of tasks that must follow one another: no number of sessions makes the run shorter. */
export function criticalPath(graph: TaskGraph, cost: Cost = () => 1): TaskId[] {
  const links = chains(graph, cost);
  let start: TaskId | undefined;
  let longest = 0;
  for (const id of graph.order) {
    const length = links.get(id)?.length ?? 0;
    if (length > longest) [start, longest] = [id, length];
  }
  const path: TaskId[] = [];
  for (let id = start; id !== undefined; id = links.get(id)?.next) path.push(id);
  return path;
}

interface Link {
  readonly length: number;
  /** The first task of the longest chain behind; none when nothing is left there. */
  readonly next: TaskId | undefined;
}

function chains(graph: TaskGraph, cost: Cost): ReadonlyMap<TaskId, Link> {
  const links = new Map<TaskId, Link>();
  for (const id of graph.order.toReversed()) {
    let behind: Link = { length: 0, next: undefined };
    for (const { to } of successors(graph, id)) {
      const { length = 0 } = links.get(to) ?? {};
      if (length > behind.length) behind = { length, next: to };
    }
    links.set(id, { length: cost(taskIn(graph, id)) + behind.length, next: behind.next });
  }
  return links;
}

import type { Manifest } from "../manifest/manifest.ts";
import type { Priority, Task, TaskId } from "../manifest/task.ts";
import { chainLengths, workLeft } from "./chains.ts";
import { createHeap } from "./heap.ts";
import { standing } from "./overlap.ts";
import { successors, type TaskGraph } from "./task-graph.ts";

/**
 * All tasks in the order in which they get a free place once they may start: by phase, then what has the most work
 * behind it, then what is urgent, then the lower issue number, then as they stand in the manifest.
 */
export function startOrder(manifest: Manifest, graph: TaskGraph): TaskId[] {
  const chains = chainLengths(graph, workLeft);
  return manifest.phases.flatMap((phase) =>
    phase.tasks
      .toSorted(
        (left, right) =>
          (chains.get(right.id) ?? 0) - (chains.get(left.id) ?? 0) ||
          urgency(left) - urgency(right) ||
          numberOf(left) - numberOf(right),
      )
      .map((task) => task.id),
  );
}

/**
 * How long everything that is left takes with so many places, where an ordinary task takes 1: every task takes as long
 * as is estimated, each starts in its order as soon as a place is free, and none fails or waits for a person.
 */
export function makespan(manifest: Manifest, graph: TaskGraph, places: number): number {
  const open = openTasks(manifest, graph);
  const phases = manifest.phases.map(
    (phase) => phase.tasks.filter(({ id }) => open.has(id)).length,
  );
  const ready = createHeap<OpenTask>((a, b) => a.rank - b.rank);
  const running = createHeap<RunningTask>((a, b) => a.endsAt - b.endsAt);
  const held: OpenTask[] = [];
  let current = phases.findIndex((left) => left > 0);
  const free = (task: OpenTask) => {
    if (task.waitsFor > 0) return;
    if (task.phase > current) held.push(task);
    else ready.push(task);
  };
  for (const task of open.values()) {
    if (task.isRunning) running.push({ task, endsAt: task.work });
    else free(task);
  }
  let now = 0;
  for (;;) {
    while (running.size < places) {
      const task = ready.take();
      if (task === undefined) break;
      running.push({ task, endsAt: now + task.work });
    }
    const ended = running.take();
    if (ended === undefined) return now;
    now = ended.endsAt;
    const { task } = ended;
    phases[task.phase] = (phases[task.phase] ?? 0) - 1;
    const before = current;
    while (current < phases.length && phases[current] === 0) current += 1;
    for (const { to } of successors(graph, task.id)) {
      const follower = open.get(to);
      if (follower === undefined || follower.isRunning) continue;
      follower.waitsFor -= 1;
      free(follower);
    }
    if (current > before) for (const waiting of held.splice(0)) free(waiting);
  }
}

interface OpenTask {
  readonly id: TaskId;
  readonly work: number;
  readonly phase: number;
  /** Its place in the order of starts. */
  readonly rank: number;
  readonly isRunning: boolean;
  /** Open tasks that it directly waits for. */
  waitsFor: number;
}

interface RunningTask {
  readonly task: OpenTask;
  readonly endsAt: number;
}

function openTasks(manifest: Manifest, graph: TaskGraph): ReadonlyMap<TaskId, OpenTask> {
  const rankOf = new Map(startOrder(manifest, graph).map((id, rank) => [id, rank]));
  const open = new Map<TaskId, OpenTask>();
  manifest.phases.forEach((phase, index) => {
    for (const task of phase.tasks) {
      const work = workLeft(task);
      if (work === 0) continue;
      const isRunning = standing(task.status) === standing("running");
      const rank = rankOf.get(task.id) ?? 0;
      open.set(task.id, { id: task.id, work, phase: index, rank, isRunning, waitsFor: 0 });
    }
  });
  for (const { from, to } of graph.edges) {
    const follower = open.get(to);
    if (follower !== undefined && open.has(from)) follower.waitsFor += 1;
  }
  return open;
}

const URGENCY: readonly Priority[] = ["critical", "high", "medium", "low"];

const urgency = (task: Task): number => URGENCY.indexOf(task.priority ?? "medium");
const numberOf = (task: Task): number => task.issue ?? Number.MAX_SAFE_INTEGER;

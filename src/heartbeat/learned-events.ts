import type { TaskEdge } from "../graph/task-edge.ts";
import { taskGraph } from "../graph/task-graph.ts";
import { sameJson } from "../manifest/json.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isActive, isWaiting } from "../manifest/status.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import type { CoppiceEvent } from "../ports/journal.ts";

/** Tasks that wait for a running one, or do so no longer, because of what that one's work shows since `before`. */
export function learnedEvents(before: Manifest, after: Manifest): readonly CoppiceEvent[] {
  const noted = new Map(tasksOf(before).map((task) => [task.id, task.state]));
  const unlearned = new Map<TaskId, Task>();
  for (const task of tasksOf(after)) {
    const { touched, commits } = noted.get(task.id) ?? {};
    const old = { ...task, state: { ...task.state, touched, commits } };
    if (isActive(task.status) && !sameJson(old.state, task.state)) unlearned.set(task.id, old);
  }
  if (unlearned.size === 0) return [];
  const phases = after.phases.map((phase) => ({
    ...phase,
    tasks: phase.tasks.map((task) => unlearned.get(task.id) ?? task),
  }));
  const was = heldByRunning({ ...after, phases });
  const is = heldByRunning(after);
  return [...told(is, was, "held"), ...told(was, is, "released")];
}

/** The overlaps of waiting tasks with running ones, by both ids. */
function heldByRunning(manifest: Manifest): ReadonlyMap<string, TaskEdge> {
  const statuses = new Map(tasksOf(manifest).map(({ id, status }) => [id, status]));
  const edges = taskGraph(manifest).edges.filter(({ kind, from, to }) => {
    const [earlier, later] = [statuses.get(from), statuses.get(to)];
    return kind === "overlap" && earlier && isActive(earlier) && later && isWaiting(later);
  });
  return new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge]));
}

const told = (
  some: ReadonlyMap<string, TaskEdge>,
  others: ReadonlyMap<string, TaskEdge>,
  change: "held" | "released",
): readonly CoppiceEvent[] =>
  [...some].flatMap(([pair, { from, to, why }]) =>
    others.has(pair) ? [] : [{ kind: "order-learned", taskId: to, on: from, change, why } as const],
  );

const tasksOf = (manifest: Manifest): readonly Task[] =>
  manifest.phases.flatMap((phase) => phase.tasks);

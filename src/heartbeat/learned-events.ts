import type { TaskEdge } from "../graph/task-edge.ts";
import { taskGraph } from "../graph/task-graph.ts";
import { sameJson } from "../manifest/json.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isActive, isWaiting } from "../manifest/status.ts";
import type { Task } from "../manifest/task.ts";
import type { CoppiceEvent } from "../ports/journal.ts";

/** Tasks that wait for a running one, or do so no longer, because of what that one's work shows since `before`. */
export function learnedEvents(before: Manifest, after: Manifest): readonly CoppiceEvent[] {
  const noted = new Map(tasksOf(before).map((task) => [task.id, task]));
  const unlearned = withTasks(after, (task) => {
    const { touched, commits } = noted.get(task.id)?.state ?? {};
    return { ...task, state: { ...task.state, touched, commits } };
  });
  if (sameJson(unlearned, after)) return [];
  const [old, young] = [unlearned, after].map(heldByRunning) as [Edges, Edges];
  return [...told(young, old, "held"), ...told(old, young, "released")];
}

type Edges = ReadonlyMap<string, TaskEdge>;

function heldByRunning(manifest: Manifest): Edges {
  const byId = new Map(tasksOf(manifest).map((task) => [task.id, task]));
  const edges = taskGraph(manifest).edges.filter(({ kind, from, to }) => {
    const [earlier, later] = [byId.get(from), byId.get(to)];
    return (
      kind === "overlap" && earlier && later && isActive(earlier.status) && isWaiting(later.status)
    );
  });
  return new Map(edges.map((edge) => [`${edge.from} ${edge.to}`, edge]));
}

const told = (some: Edges, others: Edges, change: "held" | "released"): readonly CoppiceEvent[] =>
  [...some].flatMap(([pair, { from, to, why }]) =>
    others.has(pair) ? [] : [{ kind: "order-learned", taskId: to, on: from, change, why } as const],
  );

const withTasks = (manifest: Manifest, change: (task: Task) => Task): Manifest => ({
  ...manifest,
  phases: manifest.phases.map((phase) => ({ ...phase, tasks: phase.tasks.map(change) })),
});

const tasksOf = (manifest: Manifest): readonly Task[] =>
  manifest.phases.flatMap((phase) => phase.tasks);

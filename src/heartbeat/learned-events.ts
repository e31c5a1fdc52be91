import { overlapEdges } from "../graph/overlap.ts";
import { sameJson } from "../manifest/json.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isActive, isWaiting } from "../manifest/status.ts";
import type { Task } from "../manifest/task.ts";
import type { CoppiceEvent } from "../ports/journal.ts";

/** Tasks that wait for a running one, or do so no longer, because of what that one's work shows since `before`. */
export function learnedEvents(before: Manifest, after: Manifest): readonly CoppiceEvent[] {
  const noted = new Map(tasksOf(before).map((task) => [task.id, task.state]));
  const tasks = tasksOf(after);
  return tasks.flatMap((task) => {
    const { touched, commits } = noted.get(task.id) ?? {};
    const old = { ...task, state: { ...task.state, touched, commits } };
    if (!isActive(task.status) || sameJson(old, task)) return [];
    return tasks.flatMap((waiting) =>
      isWaiting(waiting.status) && !waiting.dependsOn.includes(task.id)
        ? changeOf(after, waiting, old, task)
        : [],
    );
  });
}

/** What it makes of a waiting task that a running one is `young` now, no longer `old`. */
function changeOf(
  manifest: Manifest,
  waiting: Task,
  old: Task,
  young: Task,
): readonly CoppiceEvent[] {
  const [was, is] = [old, young].map((task) => overlapEdges(manifest, [task, waiting])[0]);
  const edge = was === undefined ? is : was;
  if (edge === undefined || (was !== undefined && is !== undefined)) return [];
  const change = is === undefined ? "released" : "held";
  return [{ kind: "order-learned", taskId: waiting.id, on: young.id, change, why: edge.why }];
}

const tasksOf = (manifest: Manifest): readonly Task[] =>
  manifest.phases.flatMap((phase) => phase.tasks);

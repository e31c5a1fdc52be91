import { overlapEdges, standing } from "../graph/overlap.ts";
import type { TaskEdge } from "../graph/task-edge.ts";
import { predecessors } from "../graph/task-graph.ts";
import { settingsOf } from "../manifest/settings.ts";
import { isDelivered, passesGate } from "../manifest/status.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { fromIso } from "../manifest/time.ts";
import { pausedUntil } from "./pause.ts";
import type { Survey } from "./survey.ts";
import type { BeatView, PlacedTask } from "./view.ts";
import type { TaskWait } from "./wait.ts";

/** Whether a waiting task may start. */
export type Readiness =
  | { readonly kind: "ready" }
  | { readonly kind: "waits"; readonly wait: Omit<TaskWait, "taskId">; readonly wakeAtMs?: number };

/** Dependencies, overlap, phase gates and pauses; what is at work, and capacity, are the caller's. */
export function readiness(view: Survey, { task, phaseIndex }: PlacedTask): Readiness {
  const gate = view.gates[phaseIndex];
  if (gate) return { kind: "waits", wait: gate };
  return (
    predecessorWait(view, task) ??
    backoffWait(view, task) ??
    pauseWait(view, task) ?? { kind: "ready" }
  );
}

/**
 * A task at work on the same files. The graph has no edge for it where that task stands behind this one, because what it
 * depends on was taken up again, or where this one overtakes what stands between them.
 */
export function rivalWait(
  view: BeatView,
  task: Task,
  atWork: readonly PlacedTask[],
): Extract<Readiness, { kind: "waits" }> | undefined {
  for (const { task: other } of atWork) {
    // One that a person took back while it is being started takes part until that has ended.
    const status = standing(other.status) > standing("pending") ? "pending" : other.status;
    const [edge] = overlapEdges(view.manifest, [{ ...other, status }, task]);
    if (edge === undefined) continue;
    const reason = `waits for ${other.id} (${other.status}, ${edge.why})`;
    return { kind: "waits", wait: { reason, on: [other.id], needsPerson: false } };
  }
  return undefined;
}

/** Finished work that git does not tell of now: without it the branch would start from less than it builds on. */
export function parentWait(
  view: Survey,
  task: Task,
): Extract<Readiness, { kind: "waits" }> | undefined {
  for (const { from } of edgesTo(view, task)) {
    const git = view.evidence.get(from)?.git;
    if (view.placed.get(from)?.task.status !== "complete" || git?.kind !== "unknown") continue;
    const reason = `builds on ${from}, of whose work git does not tell: ${git.reason}`;
    return { kind: "waits", wait: { reason, on: [], needsPerson: false } };
  }
  return undefined;
}

/**
 * Delivered tasks whose commits are not in the base yet: the branch starts from theirs. All of them, for the graph of today
 * does not say whether one branch contains another: git does. Of those that only turned out to touch a common file one is
 * taken, and none beside others: with every further parent the pull request would show more of others' work.
 */
export function unmergedParents(view: Survey, task: Task): readonly TaskId[] {
  const edges = edgesTo(view, task).filter(({ from }) => {
    const other = view.placed.get(from)?.task;
    if (other === undefined || !isDelivered(other.status) || other.status === "merged")
      return false;
    return other.status === "pr_open" || hasCommits(view, from);
  });
  const foreseen = edges.filter(({ unforeseen }) => !unforeseen);
  const taken = foreseen.length > 0 ? foreseen : edges.slice(-1);
  return [...new Set(taken.map(({ from }) => from))];
}

function predecessorWait(view: Survey, task: Task): Readiness | undefined {
  const open = predecessors(view.graph, task.id).flatMap((edge) => {
    const other = view.placed.get(edge.from)?.task;
    if (other === undefined || isDelivered(other.status)) return [];
    if (edge.kind === "overlap" && passesGate(other.status)) return [];
    if (mayBeOvertaken(edge, other)) return [];
    return [{ edge, other }];
  });
  if (open.length === 0) return undefined;
  const dropped = open.find(
    ({ edge, other }) => edge.kind === "dependency" && passesGate(other.status),
  );
  if (dropped) {
    return {
      kind: "waits",
      wait: {
        reason: `depends on ${dropped.other.id}, which is ${dropped.other.status}: take it out of dependsOn, or retry ${dropped.other.id}`,
        on: [dropped.other.id],
        needsPerson: true,
      },
    };
  }
  return {
    kind: "waits",
    wait: {
      reason: open
        .map(({ edge, other }) => `${other.id} (${other.status}, ${edge.why})`)
        .join("; ")
        .replace(/^/, "waits for "),
      on: open.map(({ other }) => other.id),
      needsPerson: false,
    },
  };
}

/**
 * Who probably touches the same files does not run at the same time; who of the two comes first is no reason to wait. So a
 * task that has not begun yet holds only by what is certain.
 */
const mayBeOvertaken = ({ probable }: TaskEdge, { status }: Task): boolean =>
  probable === true && standing(status) === standing("pending");

function backoffWait(view: BeatView, task: Task): Readiness | undefined {
  const notBefore = task.state?.notBefore;
  if (notBefore === undefined || fromIso(notBefore) <= view.nowMs) return undefined;
  const after = task.error ? ` after: ${task.error}` : "";
  return {
    kind: "waits",
    wait: { reason: `tries again at ${notBefore}${after}`, on: [], needsPerson: false },
    wakeAtMs: fromIso(notBefore),
  };
}

function pauseWait(view: BeatView, task: Task): Readiness | undefined {
  const agent = settingsOf(view.manifest, task).agents[0] ?? "";
  const pause = pausedUntil(view, agent);
  if (pause === undefined) return undefined;
  return {
    kind: "waits",
    wait: {
      reason: `${agent} is paused${pause.until ? ` until ${pause.until}` : ""}: ${pause.why}`,
      on: [],
      needsPerson: pause.until === null,
    },
    ...(pause.until ? { wakeAtMs: fromIso(pause.until) } : {}),
  };
}

/** All that a task stands behind. */
const edgesTo = (view: Survey, task: Task): readonly TaskEdge[] => [
  ...predecessors(view.graph, task.id),
  ...behindOvertaken(view, task),
];

/** Users of the task's files to which the graph links it only through tasks that it overtakes. */
function behindOvertaken(view: Survey, task: Task): readonly TaskEdge[] {
  const found: TaskEdge[] = [];
  const seen = new Set([task.id]);
  const ahead = [task.id];
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    for (const edge of predecessors(view.graph, id)) {
      const other = view.placed.get(edge.from)?.task;
      if (other === undefined || seen.has(other.id)) continue;
      seen.add(other.id);
      if (standing(other.status) === standing("pending")) ahead.push(other.id);
      else found.push(...overlapEdges(view.manifest, [other, task]));
    }
  }
  return found;
}

/** A task that a person took as complete may have no commits and then no branch to start from. */
function hasCommits(view: BeatView, taskId: TaskId): boolean {
  const git = view.evidence.get(taskId)?.git;
  return git?.kind === "known" && git.value !== null && git.value.commitsAhead > 0;
}

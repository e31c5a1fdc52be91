import { predecessors } from "../graph/task-graph.ts";
import type { Phase } from "../manifest/manifest.ts";
import { settingsOf } from "../manifest/settings.ts";
import { isDelivered, passesGate } from "../manifest/status.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { fromIso } from "../manifest/time.ts";
import type { BeatView, PlacedTask } from "./view.ts";
import type { TaskWait } from "./wait.ts";

/** Whether a waiting task may start, and if so from which tasks' branches. */
export type Readiness =
  | { readonly kind: "ready"; readonly parents: readonly TaskId[] }
  | { readonly kind: "waits"; readonly wait: Omit<TaskWait, "taskId">; readonly wakeAtMs?: number };

/** Dependencies, overlap, phase gates and pauses; capacity is the caller's. */
export function readiness(
  view: BeatView,
  placed: ReadonlyMap<TaskId, PlacedTask>,
  { task, phaseIndex }: PlacedTask,
): Readiness {
  return (
    gateWait(view.manifest.phases, phaseIndex) ??
    predecessorWait(view, placed, task) ??
    backoffWait(view, task) ??
    pauseWait(view, task) ?? { kind: "ready", parents: unmergedParents(view, placed, task) }
  );
}

/** The first phase before this one that does not let it begin. */
function gateWait(phases: readonly Phase[], phaseIndex: number): Readiness | undefined {
  for (const phase of phases.slice(0, phaseIndex)) {
    const holding = phase.tasks.filter((task) => holdsGate(phase, task));
    if (holding.length === 0) continue;
    const named = holding.map((task) => `${task.id} (${task.status})`).join(", ");
    const merge = phase.gate === "merged" ? " to be merged" : "";
    return {
      kind: "waits",
      wait: {
        reason: `waits for ${named} of phase "${phase.name}"${merge}`,
        on: holding.map((task) => task.id),
        needsPerson: holding.every(
          (task) => task.status === "pr_open" || task.status === "complete",
        ),
      },
    };
  }
  return undefined;
}

/** Drafts are not part of the run until they are approved, so they hold no gate. */
function holdsGate(phase: Phase, task: Task): boolean {
  if (task.status === "draft" || task.status === "planned") return false;
  if (phase.gate === "merged") {
    return !["merged", "cancelled", "archived"].includes(task.status);
  }
  return !passesGate(task.status);
}

function predecessorWait(
  view: BeatView,
  placed: ReadonlyMap<TaskId, PlacedTask>,
  task: Task,
): Readiness | undefined {
  const open = predecessors(view.graph, task.id).flatMap((edge) => {
    const other = placed.get(edge.from)?.task;
    if (other === undefined || isDelivered(other.status)) return [];
    if (edge.kind === "overlap" && passesGate(other.status)) return [];
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

/** The pause of an agent that is still in force. */
export function pausedUntil(
  view: BeatView,
  agent: string,
): { readonly until: string | null; readonly why: string } | undefined {
  const pause = view.manifest.pausedAgents?.[agent];
  if (pause === undefined) return undefined;
  return pause.until !== null && fromIso(pause.until) <= view.nowMs ? undefined : pause;
}

/**
 * Delivered tasks whose commits are not in the base yet: the branch starts from theirs. All of them, for the graph of today
 * does not say whether one branch contains another: git does.
 */
function unmergedParents(
  view: BeatView,
  placed: ReadonlyMap<TaskId, PlacedTask>,
  task: Task,
): readonly TaskId[] {
  const ids = predecessors(view.graph, task.id)
    .map((edge) => edge.from)
    .filter((id) => {
      const other = placed.get(id)?.task;
      if (other === undefined || !isDelivered(other.status) || other.status === "merged")
        return false;
      return other.status === "pr_open" || hasCommits(view, id);
    });
  return [...new Set(ids)];
}

/** A task that a person took as complete may have no commits and then no branch to start from. */
function hasCommits(view: BeatView, taskId: TaskId): boolean {
  const git = view.evidence.get(taskId)?.git;
  return git?.kind === "known" && git.value !== null && git.value.commitsAhead > 0;
}

import { taskGraph } from "../graph/task-graph.ts";
import { unreachable } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isActive } from "../manifest/status.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { readiness, rivalWait } from "./ready.ts";
import { type Survey, survey } from "./survey.ts";
import type { PlacedTask } from "./view.ts";

/** For each unfinished task what it waits for, from the manifest alone: no session, git or forge is asked. */
export function explainWaits(manifest: Manifest, nowMs: number): ReadonlyMap<TaskId, string> {
  const view = survey({
    manifest,
    graph: taskGraph(manifest),
    evidence: new Map(),
    verdicts: new Map(),
    collisions: [],
    untried: [],
    base: manifest.base ?? "",
    maxParallel: manifest.maxParallel ?? 1,
    nowMs,
    cleanup: false,
    watchedMs: Number.POSITIVE_INFINITY,
    strays: [],
    underWay: new Map(),
    unseen: new Set(),
  });
  const waits = new Map<TaskId, string>();
  const atWork = [...view.placed.values()].filter(({ task }) => isActive(task.status));
  for (const one of view.placed.values()) {
    const reason = reasonOf(view, one, atWork);
    if (reason !== undefined) waits.set(one.task.id, reason);
  }
  return waits;
}

function reasonOf(
  view: Survey,
  one: PlacedTask,
  atWork: readonly PlacedTask[],
): string | undefined {
  const { task } = one;
  switch (task.status) {
    case "draft":
    case "planned":
      return "a person: approve it by setting its status to pending";
    case "pending":
    case "blocked": {
      const ready = readiness(view, one);
      const waits = ready.kind === "waits" ? ready : rivalWait(view, task, atWork);
      return waits?.wait.reason ?? "a free place, at the next beat";
    }
    case "running":
      if (task.state?.baseConflict) return task.error ?? undefined;
      if (isEnded(task)) return "the proof that it is finished";
      return task.state?.collides
        ? `nothing; its work does not merge with that of ${task.state.collides.join(", ")} (coppice why ${task.id})`
        : undefined;
    case "stuck":
    case "error":
      return task.error ?? verdictOf(task);
    case "complete":
      return task.error ?? undefined;
    case "pr_open":
      return (
        task.error ??
        (view.manifest.policy.checks === "tell"
          ? "its checks, then a person: review and merge"
          : "a person: review and merge")
      );
    case "merged":
    case "cancelled":
    case "archived":
      return undefined;
    default:
      return unreachable(task.status);
  }
}

const isEnded = ({ state }: Task): boolean =>
  state?.verdict === "exited-ok" || state?.verdict === "idle-done";

const verdictOf = (task: Task): string =>
  task.state?.why
    ? `${task.state.verdict ?? "unknown"}: ${task.state.why}`
    : "the next beat looks at it";

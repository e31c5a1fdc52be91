import { branchOf } from "../manifest/branch.ts";
import type { TaskId } from "../manifest/task.ts";
import { fromIso, toIso } from "../manifest/time.ts";
import { type Step, waitsFor } from "./step.ts";
import { type BeatView, type PlacedTask, placedTasks } from "./view.ts";

const HOUR_MS = 3_600_000;

/** Push and pull request of a proved commit, as soon as its base is there and the hourly limit allows. */
export function deliverStep(
  view: BeatView,
  { task }: PlacedTask,
  sha: string,
  { notBeforeMs }: { readonly notBeforeMs: number },
): Step {
  if (view.nowMs < notBeforeMs) {
    return {
      wait: waitsFor(
        `delivers again at ${toIso(notBeforeMs)}${task.error ? ` after: ${task.error}` : ""}`,
      ),
      wakeAtMs: notBeforeMs,
    };
  }
  const opened = openedSince(view, view.nowMs - HOUR_MS);
  if (opened.length >= view.manifest.policy.pullRequestsPerHourMax) {
    const againMs = Math.min(...opened) + HOUR_MS;
    return {
      wait: waitsFor(
        `${opened.length} pull requests were opened within an hour; the next at ${toIso(againMs)}`,
      ),
      wakeAtMs: againMs,
    };
  }
  const base = pullRequestBase(view, task.state?.parent ?? null, task.base ?? view.base);
  if (base.kind === "waits")
    return { wait: { reason: base.reason, on: [base.on], needsPerson: false } };
  return {
    actions: [
      {
        kind: "deliver",
        taskId: task.id,
        sha,
        branch: branchOf(view.manifest, task),
        base: base.branch,
      },
    ],
    wait: waitsFor("is being pushed"),
  };
}

type PullRequestBase =
  | { readonly kind: "branch"; readonly branch: string }
  | { readonly kind: "waits"; readonly on: TaskId; readonly reason: string };

/** The branch of the one unmerged parent, else the base. */
function pullRequestBase(view: BeatView, parent: TaskId | null, base: string): PullRequestBase {
  const task = parent === null ? undefined : placedTasks(view.manifest).get(parent)?.task;
  if (task?.status === "pr_open") return { kind: "branch", branch: branchOf(view.manifest, task) };
  if (task?.status === "complete") {
    return {
      kind: "waits",
      on: task.id,
      reason: `its pull request goes onto ${task.id}'s branch, which is not pushed yet`,
    };
  }
  return { kind: "branch", branch: base };
}

function openedSince(view: BeatView, sinceMs: number): readonly number[] {
  return view.manifest.phases
    .flatMap((phase) => phase.tasks)
    .flatMap((task) =>
      task.prNumber !== null && task.completedAt ? [fromIso(task.completedAt)] : [],
    )
    .filter((atMs) => atMs > sinceMs);
}

import { branchOf } from "../manifest/branch.ts";
import { unreachable } from "../manifest/errors.ts";
import { isUpkeep } from "../manifest/files.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { fromIso, toIso } from "../manifest/time.ts";
import type { Action, CollidingWork } from "./action.ts";
import { hasOpenPull, heldByRivals, type Rival, rivalsOf } from "./collide.ts";
import { type Step, waitsFor } from "./step.ts";
import type { Survey } from "./survey.ts";
import type { PlacedTask } from "./view.ts";

const HOUR_MS = 3_600_000;

/** Push and pull request of a proved commit, as soon as its base is there. */
export function deliverStep(
  view: Survey,
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
  const root = task.base ?? view.base;
  const base = pullRequestBase(view, task, root);
  if (base.kind === "waits")
    return { wait: { reason: base.reason, on: [base.on], needsPerson: base.needsPerson } };
  // What is open already collides no more by one commit more.
  const held = task.prNumber === null ? heldByRivals(view, task.id) : undefined;
  if (held) return held;
  const rivals = rivalsOf(view, task.id);
  return {
    actions: [
      {
        kind: "deliver",
        taskId: task.id,
        sha,
        branch: branchOf(view.manifest, task),
        base: base.branch,
        forkPoint: forkPointOf(view, task),
        ...(rivals.length > 0 ? { collides: rivals.map(collidingWork) } : {}),
        ...(base.branch === root && triesBase(view, task) ? { triesBase: true } : {}),
      },
    ],
    wait: waitsFor("is being pushed"),
  };
}

/** Merged work has touched a file that this task's touches; what its own agent may settle is tried always. */
function triesBase(view: Survey, { id, state }: Task): boolean {
  if (view.manifest.policy.collisions === "rebase") return true;
  const git = view.evidence.get(id)?.git;
  const seen = git?.kind === "known" ? git.value?.touched : undefined;
  const touched = seen ?? state?.touched ?? [];
  return touched.some((path) => view.mergedFiles.has(path) && !isUpkeep(path));
}

const collidingWork = ({ task, branch, files }: Rival): CollidingWork => ({
  taskId: task.id,
  branch,
  pullRequest: task.prNumber,
  files: files.map(({ path }) => path),
});

function forkPointOf(view: Survey, { id, state }: Task): string | undefined {
  const git = view.evidence.get(id)?.git;
  const seen = git?.kind === "known" ? git.value?.forkPoint : undefined;
  return seen ?? state?.forkPoint ?? undefined;
}

type PullRequestBase =
  | { readonly kind: "branch"; readonly branch: string }
  | {
      readonly kind: "waits";
      readonly on: TaskId;
      readonly reason: string;
      readonly needsPerson: boolean;
    };

/** The branch of the one unmerged parent, else the base. */
function pullRequestBase(view: Survey, child: Task, base: string): PullRequestBase {
  const task = parentOf(view, child);
  if (task === undefined || isOldestInRing(view, child)) return { kind: "branch", branch: base };
  switch (task.status) {
    case "merged":
      return { kind: "branch", branch: base };
    case "pr_open":
      return { kind: "branch", branch: branchOf(view.manifest, task) };
    case "pending":
    case "blocked":
    case "running":
    case "stuck":
    case "error":
    case "complete":
      if (hasOpenPull(view.evidence, task)) {
        return { kind: "branch", branch: branchOf(view.manifest, task) };
      }
      // On the base the pull request would show the parent's commits as its own.
      return hasNothing(view, task)
        ? { kind: "branch", branch: base }
        : {
            kind: "waits",
            on: task.id,
            reason: `its pull request goes onto ${task.id}'s branch, which has none yet (${task.status})`,
            needsPerson: false,
          };
    case "draft":
    case "planned":
    case "cancelled":
    case "archived":
      return {
        kind: "waits",
        on: task.id,
        reason: `builds on ${task.id}, which is ${task.status}: its pull request would carry that work; coppice retry ${task.id}, or take the work along with coppice set ${child.id}.state.parent null`,
        needsPerson: true,
      };
    default:
      return unreachable(task.status);
  }
}

const parentOf = (view: Survey, { state }: Task): Task | undefined =>
  state?.parent ? view.placed.get(state.parent)?.task : undefined;

/**
 * A task that was done again may build on one that had built on it: each would wait for the other. The one that was
 * started first holds nothing of the newer one's.
 */
function isOldestInRing(view: Survey, task: Task): boolean {
  const ring = [task];
  for (
    let up = parentOf(view, task);
    up !== undefined && up.id !== task.id;
    up = parentOf(view, up)
  ) {
    // A ring further up is not this task's.
    if (ring.includes(up)) return false;
    ring.push(up);
    if (parentOf(view, up) === undefined) return false;
  }
  const first = ring.toSorted(
    (left, right) =>
      (left.startedAt ?? "").localeCompare(right.startedAt ?? "") || (left.id < right.id ? -1 : 1),
  )[0];
  return ring.length > 1 && first === task;
}

/** A person took it as complete, and it has no commits: it will never be pushed. */
function hasNothing(view: Survey, { id, status, state }: Task): boolean {
  if (status !== "complete" || state?.provedSha !== undefined) return false;
  const git = view.evidence.get(id)?.git;
  return git?.kind === "known" && (git.value === null || git.value.commitsAhead < 1);
}

/** Keeps the hour's limit of new pull requests: the deliveries of one beat count as those before it do. */
export function withinHourlyLimit(
  view: Survey,
  steps: ReadonlyMap<TaskId, Step>,
): ReadonlyMap<TaskId, Step> {
  const opened = openedSince(view, view.nowMs - HOUR_MS);
  const limit = view.manifest.policy.pullRequestsPerHourMax;
  // While the limit is not reached, it is deliveries under way that take the rest: their end wakes a beat.
  const againMs = opened.length < limit ? undefined : Math.min(...opened) + HOUR_MS;
  // What is mended goes to the pull request that it has.
  const delivers = ({ kind, taskId }: Action) =>
    kind === "deliver" && view.placed.get(taskId)?.task.prNumber === null;
  let free = limit - opened.length - [...view.underWay.values()].filter(delivers).length;
  const kept = new Map<TaskId, Step>();
  for (const [id, step] of steps) {
    const counts = step.actions?.some(delivers) ?? false;
    if (counts) free -= 1;
    kept.set(id, counts && free < 0 ? putOff(step, limit, againMs) : step);
  }
  return kept;
}

function putOff({ actions: _, ...step }: Step, limit: number, againMs: number | undefined): Step {
  const rule = `${limit} pull requests an hour are opened at most`;
  if (againMs === undefined) {
    return { ...step, wait: waitsFor(`${rule}, and the last of them are being opened`) };
  }
  return { ...step, wait: waitsFor(`${rule}; the next at ${toIso(againMs)}`), wakeAtMs: againMs };
}

function openedSince(view: Survey, sinceMs: number): readonly number[] {
  return [...view.placed.values()]
    .flatMap(({ task }) =>
      task.prNumber !== null && task.completedAt ? [fromIso(task.completedAt)] : [],
    )
    .filter((atMs) => atMs > sinceMs);
}

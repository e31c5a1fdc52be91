import type { LineRange, TaskEvidence } from "../classify/evidence.ts";
import { branchOf } from "../manifest/branch.ts";
import { isUpkeep } from "../manifest/files.ts";
import { sameJson } from "../manifest/json.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { firstFew, plainLine } from "../manifest/plain-text.ts";
import { isActive } from "../manifest/status.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { toIso } from "../manifest/time.ts";
import type { Action } from "./action.ts";
import { effectDueMs, NUDGE_GRACE_MS, resumeAction, type Trouble } from "./heal.ts";
import { pausedUntil } from "./pause.ts";
import { joined, type Step, waitsFor, waitsForPerson } from "./step.ts";
import type { Survey } from "./survey.ts";
import { type BeatView, type PlacedTask, placedTasks } from "./view.ts";

/** Two tasks whose committed work is to be merged for a try. */
export interface CollisionPair {
  readonly left: { readonly taskId: TaskId; readonly sha: string };
  readonly right: { readonly taskId: TaskId; readonly sha: string };
}

/** More pairs are not looked at: where hundreds of branches touch one file, nobody can be told of all. */
const PAIRS_MAX = 5000;

/**
 * Unmerged work that touches a common file, of which one at least is not delivered yet. Work that was built on the other
 * is left out: it goes onto the other's branch.
 */
export function collisionPairs(
  manifest: Manifest,
  evidence: ReadonlyMap<TaskId, TaskEvidence>,
  underWay: ReadonlyMap<TaskId, Action>,
): readonly CollisionPair[] {
  const placed = placedTasks(manifest);
  // Delivered work is compared with open work only: there may be hundreds of pull requests.
  const byPath = new Map<string, Record<"open" | "delivered", Work[]>>();
  const pairs = new Map<string, CollisionPair>();
  for (const { task } of placed.values()) {
    const work = workOf(task, evidence, underWay.get(task.id));
    for (const path of work?.touched ?? []) {
      if (work === undefined || isUpkeep(path)) continue;
      const users = byPath.get(path) ?? { open: [], delivered: [] };
      byPath.set(path, users);
      const isDelivered = task.status === "pr_open";
      const others = isDelivered ? users.open : [...users.open, ...users.delivered];
      users[isDelivered ? "delivered" : "open"].push(work);
      for (const other of others) {
        if (pairs.size >= PAIRS_MAX) return [...pairs.values()];
        if (other.sha === work.sha || areStacked(placed, other.task, task)) continue;
        pairs.set(`${other.task.id} ${task.id}`, { left: sideOf(other), right: sideOf(work) });
      }
    }
  }
  return [...pairs.values()];
}

interface Work {
  readonly task: Task;
  readonly sha: string;
  readonly touched: readonly string[];
}

const sideOf = ({ task, sha }: Work): CollisionPair["left"] => ({ taskId: task.id, sha });

/** Its newest commit and the files that it has changed; undefined where it has none, or is merged. */
function workOf(
  task: Task,
  evidence: BeatView["evidence"],
  action: Action | undefined,
): Work | undefined {
  const { id, status, state } = task;
  if (!isInPlay(task)) return undefined;
  const seen = evidence.get(id)?.git;
  const git = seen?.kind === "known" ? seen.value : null;
  // Git is not asked of work that is being delivered, or goes back to its agent, now.
  const delivered = action?.kind === "deliver" ? action.sha : undefined;
  const proved = delivered ?? (status === "complete" ? state?.provedSha : undefined);
  const sha =
    git?.headSha ?? proved ?? (hasOpenPull(evidence, task) ? state?.pushedSha : undefined);
  const touched = git?.touched ?? state?.touched;
  const commits = git?.commitsAhead ?? state?.commits ?? 0;
  return sha === undefined || touched === undefined || commits === 0
    ? undefined
    : { task, sha, touched };
}

/** Its work may still be merged, and nobody has given it up. */
const isInPlay = ({ status }: Task): boolean =>
  isActive(status) || status === "complete" || status === "pr_open";

function areStacked(placed: ReadonlyMap<TaskId, PlacedTask>, one: Task, other: Task): boolean {
  const ancestors = (task: Task): ReadonlySet<TaskId> => {
    const found = new Set<TaskId>();
    let parent = task.state?.parent ?? null;
    while (parent !== null && !found.has(parent)) {
      found.add(parent);
      parent = placed.get(parent)?.task.state?.parent ?? null;
    }
    return found;
  };
  return ancestors(one).has(other.id) || ancestors(other).has(one.id);
}

/** Finished work of another task with which a task's own does not merge. */
export interface Rival {
  readonly task: Task;
  readonly branch: string;
  /** With the lines that the other task has changed. */
  readonly files: readonly { readonly path: string; readonly lines: readonly LineRange[] }[];
}

/** The rivals of a task that are finished: the one that is finished first goes first. */
export function rivalsOf(view: Survey, taskId: TaskId): readonly Rival[] {
  return view.collisions.flatMap(({ left, right, files }) => {
    if (left !== taskId && right !== taskId) return [];
    const task = view.placed.get(left === taskId ? right : left)?.task;
    if (task === undefined || !isInPlay(task)) return [];
    if (task.status !== "complete" && !hasOpenPull(view.evidence, task)) return [];
    const lined = files.map((file) => ({
      path: file.path,
      lines: left === taskId ? file.right : file.left,
    }));
    return [{ task, branch: branchOf(view.manifest, task), files: lined }];
  });
}

/** Notes with whose unmerged work a task's own does not merge now, where git says it of all and it is not noted yet. */
export function notedCollisions(
  { collisions, untried, evidence }: BeatView,
  { id, state }: Task,
): Step {
  if (evidence.get(id)?.git.kind !== "known") return {};
  if (untried.some(({ left, right }) => left === id || right === id)) return {};
  const others = collisions.flatMap(({ left, right }) =>
    left === id ? [right] : right === id ? [left] : [],
  );
  return sameJson(others, state?.collides ?? [])
    ? {}
    : { state: { collides: others.length > 0 ? others : undefined } };
}

/** `src/a.ts and src/b.ts of t1 (#7)`, for people. */
export function rivalsInWords(rivals: readonly Rival[]): string {
  return rivals
    .map(({ task, files }) => {
      const paths = firstFew(files.map(({ path }) => plainLine(path, 80)));
      return `${task.id}${task.prNumber === null ? "" : ` (#${task.prNumber})`} at ${paths}`;
    })
    .join("; ");
}

/**
 * Finished work that does not merge with another's: its agent is told once of each such task, if it can be, and then has
 * a while to begin. Undefined: there is nothing to tell.
 */
export function tellOfRivals(
  view: Survey,
  task: Task,
  tellBy: Trouble["nudgeBy"],
  sinceMs: number,
): Step | undefined {
  const { policy } = view.manifest;
  const agent = task.state?.agent;
  const told = task.state?.collisionsTold ?? [];
  const rivals = rivalsOf(view, task.id).filter((rival) => !told.includes(rival.task.id));
  const mayTell = tellBy !== null && agent !== undefined && policy.collisions === "tell";
  if (mayTell && rivals.length > 0 && pausedUntil(view, agent) === undefined) {
    const why = `does not merge with ${rivalsInWords(rivals)}`;
    const text = wordsFor(rivals);
    return {
      actions: [
        tellBy === "words"
          ? { kind: "nudge", taskId: task.id, why, text }
          : resumeAction(task, agent, "nudge", { why, words: text }),
      ],
      set: { status: "running", error: null },
      state: {
        collisionsTold: [...told, ...rivals.map((rival) => rival.task.id)],
        lastHealAt: toIso(view.nowMs),
      },
      wait: waitsFor(`${why}; its agent is told`),
      wakeAtMs: view.nowMs + NUDGE_GRACE_MS,
    };
  }
  const dueMs = effectDueMs(task, sinceMs);
  if (told.length === 0 || tellBy !== "words" || view.nowMs >= dueMs) return undefined;
  return {
    wait: waitsFor(
      "was told of other work that does not merge with its own; waiting for an effect",
    ),
    wakeAtMs: dueMs,
  };
}

/** For the agent. Paths come from commits of agents: they are shown as data, without control characters. */
function wordsFor(rivals: readonly Rival[]): string {
  const told = rivals.flatMap(({ task, branch, files }) => [
    `Task ${task.id}, on the branch ${branch}${task.prNumber === null ? "" : ` (pull request #${task.prNumber})`}, has changed:`,
    ...files
      .slice(0, FILES_TOLD_MAX)
      .map(({ path, lines }) => `- ${JSON.stringify(plainLine(path, 200))}${linesInWords(lines)}`),
  ]);
  return [
    "Your work is committed, but it does not merge with work of another task that was finished meanwhile.",
    ...told,
    "Look at it with git diff HEAD...BRANCH, and make your own work fit to it where that can be done: touch other lines, or write them so that a merge is easy. Do not merge or rebase that branch, and do not repeat its changes. Commit what you change. If nothing can be done, just say so.",
  ].join("\n");
}

const FILES_TOLD_MAX = 10;

function linesInWords(lines: readonly LineRange[]): string {
  if (lines.length === 0) return "";
  const ranges = lines.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  return ` (there: ${lines.length === 1 && ranges[0] !== undefined && !ranges[0].includes("-") ? "line" : "lines"} ${ranges.join(", ")})`;
}

/**
 * With the policies `hold` and `rebase`, a delivery waits while a pull request is open with which it does not merge. It
 * waits for none that is not open yet, so no two wait for each other.
 */
export function heldByRivals(view: Survey, taskId: TaskId): Step | undefined {
  if (view.manifest.policy.collisions === "tell") return undefined;
  const open = rivalsOf(view, taskId).filter(({ task }) => hasOpenPull(view.evidence, task));
  if (open.length === 0) return heldUntried(view, taskId);
  const then =
    view.manifest.policy.collisions === "rebase" ? "; then its agent merges the base" : "";
  const reason = `does not merge with ${rivalsInWords(open)}: waits until that is merged or closed${then}`;
  return {
    set: { error: reason },
    wait: { ...waitsForPerson(reason), on: open.map(({ task }) => task.id) },
  };
}

/** Its pull request is open, also while its agent mends what checks of it found. */
export function hasOpenPull(evidence: BeatView["evidence"], task: Task): boolean {
  const { id, status, prNumber } = task;
  if (status === "pr_open") return true;
  if (prNumber === null) return false;
  const found = evidence.get(id)?.pullRequest;
  if (found?.kind !== "known") return isInPlay(task);
  return found.value?.state === "open" && found.value.number === prNumber;
}

/** An open pull request of which git does not say whether the work merges with it may be one with which it does not. */
function heldUntried(view: Survey, taskId: TaskId): Step | undefined {
  for (const { left, right, reason } of view.untried) {
    if (left !== taskId && right !== taskId) continue;
    const other = view.placed.get(left === taskId ? right : left)?.task;
    if (other === undefined || !isInPlay(other) || !hasOpenPull(view.evidence, other)) continue;
    return { wait: waitsFor(`git does not say whether it merges with ${other.id}: ${reason}`) };
  }
  return undefined;
}

/**
 * Of finished work that does not merge only one is delivered at a time, the first of the manifest: the next beat then
 * sees who was first. The others stay as they are meanwhile.
 */
export function oneOfEachCollision(
  view: Survey,
  steps: ReadonlyMap<TaskId, Step>,
): ReadonlyMap<TaskId, Step> {
  const kept = new Map<TaskId, Step>();
  const going = new Set(
    [...view.underWay.values()].flatMap((action) =>
      action.kind === "deliver" ? [action.taskId] : [],
    ),
  );
  for (const { task } of view.placed.values()) {
    const step = steps.get(task.id);
    if (step === undefined) continue;
    const delivers = step.actions?.some(({ kind }) => kind === "deliver") ?? false;
    const first = delivers ? collidingWith(view, task.id).find((id) => going.has(id)) : undefined;
    if (delivers && first === undefined) going.add(task.id);
    kept.set(task.id, first === undefined ? step : afterDelivery(step, first));
  }
  return kept;
}

/** Also where git does not say: to wait for the other's delivery costs a beat. */
const collidingWith = ({ collisions, untried }: BeatView, taskId: TaskId): readonly TaskId[] =>
  [...collisions, ...untried].flatMap(({ left, right }) =>
    left === taskId ? [right] : right === taskId ? [left] : [],
  );

/** Without the delivery, and without what was noted because of it. */
function afterDelivery(step: Step, first: TaskId): Step {
  const { status: _status, completedAt: _at, error: _error, ...set } = step.set ?? {};
  const { provedSha: _sha, ...state } = step.state ?? {};
  const wait = waitsFor(`may not merge with the work of ${first}, which is being delivered`);
  return joined({ set, state }, { wait });
}

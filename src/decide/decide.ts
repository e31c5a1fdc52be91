import type { TaskEvidence } from "../classify/evidence.ts";
import { branchOf } from "../manifest/branch.ts";
import { unreachable } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ManifestPatch } from "../manifest/merge.ts";
import { settingsOf } from "../manifest/settings.ts";
import { isActive } from "../manifest/status.ts";
import type { Priority, Task, TaskId } from "../manifest/task.ts";
import { fromIso, toIso } from "../manifest/time.ts";
import type { Action } from "./action.ts";
import { adopted, decideActive, takenOver } from "./active.ts";
import { deliverStep } from "./deliver.ts";
import { agentForLaunch } from "./ladder.ts";
import { type Readiness, readiness } from "./ready.ts";
import { joined, type Step, waitsFor, waitsForPerson } from "./step.ts";
import { type BeatView, type PlacedTask, placedTasks } from "./view.ts";
import type { TaskWait } from "./wait.ts";

/** What one beat is to do, to note, and to tell. */
export interface Decision {
  readonly actions: readonly Action[];
  readonly patches: readonly ManifestPatch[];
  /** One for each unfinished task. */
  readonly waits: readonly TaskWait[];
  /** The next time at which the decision would change without any event; Unix milliseconds. */
  readonly wakeAtMs: number | undefined;
}

/** Manifest, evidence and verdicts → actions. Pure: the same view gives the same decision. */
export function decide(view: BeatView): Decision {
  const placed = placedTasks(view.manifest);
  const steps = new Map<TaskId, Step>();
  for (const one of placed.values()) {
    if (!isStartable(one.task)) steps.set(one.task.id, decideStarted(view, one));
  }
  for (const [id, step] of decideWaiting(view, placed, steps)) steps.set(id, step);
  return gather(view, placed, steps);
}

const isStartable = (task: Task): boolean => task.status === "pending" || task.status === "blocked";

/** Everything that is not waiting to be started. */
function decideStarted(view: BeatView, placed: PlacedTask): Step {
  const { task } = placed;
  const evidence = view.evidence.get(task.id);
  switch (task.status) {
    case "draft":
    case "planned":
      return {
        wait: waitsForPerson(`is ${task.status}: set its status to pending to have it done`),
      };
    case "pending":
    case "blocked":
      return {};
    case "running":
    case "stuck":
      return followMerge(task, evidence) ?? decideActive(view, placed);
    case "error":
      return (
        followMerge(task, evidence) ?? {
          wait: waitsForPerson(
            `${task.error ?? "failed"}: coppice retry ${task.id} or coppice cancel ${task.id}`,
          ),
        }
      );
    case "complete":
      return followMerge(task, evidence) ?? decideComplete(view, placed, evidence);
    case "pr_open":
      return joined(followOpen(task, evidence), endIdleSession(view, task, evidence));
    case "merged":
      return joined(endIdleSession(view, task, evidence), retire(view, task));
    case "cancelled":
    case "archived":
      return endSession(task, evidence, `${task.id} is ${task.status}`);
    default:
      return unreachable(task.status);
  }
}

/** A merged pull request ends the task, whatever the session shows, but only if it is this task's. */
function followMerge(task: Task, evidence: TaskEvidence | undefined): Step | undefined {
  const pullRequest = evidence?.pullRequest;
  if (pullRequest?.kind !== "known" || pullRequest.value?.state !== "merged") return undefined;
  const { number, url, headSha } = pullRequest.value;
  const git = evidence?.git;
  const sameCommit =
    git?.kind === "known" &&
    git.value !== null &&
    git.value.headSha === headSha &&
    git.value.commitsAhead > 0;
  if (task.prNumber !== number && !sameCommit) return undefined;
  return { set: { status: "merged", prNumber: number, prUrl: url, error: null } };
}

function followOpen(task: Task, evidence: TaskEvidence | undefined): Step {
  const merged = followMerge(task, evidence);
  if (merged) return merged;
  const pullRequest = evidence?.pullRequest;
  const closed =
    pullRequest?.kind === "known" &&
    pullRequest.value?.state === "closed" &&
    pullRequest.value.number === task.prNumber;
  if (!closed) return {};
  const error = `pull request #${task.prNumber} was closed without being merged`;
  return { set: { status: "error", error }, wait: waitsForPerson(error) };
}

/** Proved before, or taken as complete by a person: push and pull request. */
function decideComplete(
  view: BeatView,
  placed: PlacedTask,
  evidence: TaskEvidence | undefined,
): Step {
  const { task } = placed;
  if (evidence === undefined) return { wait: waitsFor("was not looked at in this beat") };
  if (evidence.git.kind === "unknown") {
    return { wait: waitsFor(`git did not answer: ${evidence.git.reason}`) };
  }
  const git = evidence.git.value;
  if (git === null || git.commitsAhead < 1) return {};
  const notBeforeMs = task.state?.notBefore ? fromIso(task.state.notBefore) : 0;
  return deliverStep(view, placed, task.state?.provedSha ?? git.headSha, { notBeforeMs });
}

/** A delivered task's session goes when its agent has ended or idles; work that goes on is left alone. */
function endIdleSession(view: BeatView, task: Task, evidence: TaskEvidence | undefined): Step {
  const verdict = view.verdicts.get(task.id);
  const attached =
    evidence?.session.kind === "known" && (evidence.session.value?.attached ?? 0) > 0;
  if (verdict === undefined || attached) return {};
  const idle = ["exited-ok", "exited-error", "idle-done", "idle-fresh", "shell-prompt", "dead"];
  return idle.includes(verdict.kind) ? endSession(task, evidence, "its work is delivered") : {};
}

function endSession(task: Task, evidence: TaskEvidence | undefined, why: string): Step {
  const live = evidence?.session.kind === "known" && evidence.session.value !== null;
  return live ? { actions: [{ kind: "stop-session", taskId: task.id, why }] } : {};
}

/** Session, worktree and branch go when all is merged, or when the person asks for it. */
function retire(view: BeatView, task: Task): Step {
  const done = view.manifest.phases.every((phase) =>
    phase.tasks.every((other) => ["merged", "cancelled", "archived"].includes(other.status)),
  );
  if (task.worktree === null || !(done || view.cleanup)) return {};
  const branch = branchOf(view.manifest, task);
  return { actions: [{ kind: "retire", taskId: task.id, branch, why: "its work is merged" }] };
}

/** Tasks that wait to be started, in the order in which they get a free place. */
function decideWaiting(
  view: BeatView,
  placed: ReadonlyMap<TaskId, PlacedTask>,
  started: ReadonlyMap<TaskId, Step>,
): ReadonlyMap<TaskId, Step> {
  const waiting = [...placed.values()].filter((one) => isStartable(one.task)).toSorted(byUrgency);
  const busy = [...placed.values()].filter((one) => isActive(one.task.status));
  // No place becomes free by itself while every task that has one waits for a person.
  const held =
    busy.length > 0 && busy.every(({ task }) => started.get(task.id)?.wait?.needsPerson === true);
  let free = view.maxParallel - busy.length;
  const steps = new Map<TaskId, Step>();
  for (const one of waiting) {
    const taken = takeOver(view, one.task);
    if (taken) {
      steps.set(one.task.id, taken);
      continue;
    }
    const ready = readiness(view, placed, one);
    if (ready.kind === "waits") {
      steps.set(one.task.id, waitStep(one.task, ready));
    } else if (free < 1) {
      steps.set(one.task.id, {
        set: { status: "pending" },
        wait: {
          ...waitsFor(`waits for a free place (${view.maxParallel} at the same time)`),
          needsPerson: held,
        },
      });
    } else {
      free -= 1;
      steps.set(one.task.id, startStep(view, one.task, placed, ready.parents));
    }
  }
  return steps;
}

const URGENCY: readonly Priority[] = ["critical", "high", "medium", "low"];

function byUrgency(left: PlacedTask, right: PlacedTask): number {
  return (
    left.phaseIndex - right.phaseIndex ||
    URGENCY.indexOf(left.task.priority ?? "medium") -
      URGENCY.indexOf(right.task.priority ?? "medium") ||
    left.order - right.order
  );
}

/** Looks before it starts anything: an open pull request, a launch that a crash left unrecorded, an old session. */
function takeOver(view: BeatView, task: Task): Step | undefined {
  const evidence = view.evidence.get(task.id);
  if (evidence === undefined) return { wait: waitsFor("was not looked at in this beat") };
  const { pullRequest, launch, session } = evidence;
  if (pullRequest.kind === "unknown") {
    return { wait: waitsFor(`the forge did not answer: ${pullRequest.reason}`) };
  }
  if (session.kind === "unknown")
    return { wait: waitsFor(`tmux did not answer: ${session.reason}`) };
  if (launch.kind === "unknown")
    return { wait: waitsFor(`its folder cannot be read: ${launch.reason}`) };
  const merged = followMerge(task, evidence);
  if (merged) return merged;
  if (pullRequest.value?.state === "open") return adopted(pullRequest.value, view.nowMs);
  if (launch.value !== null && launch.value.attempt > (task.attempts ?? 0)) {
    return takenOver(view, task, launch.value);
  }
  if (session.value === null) return undefined;
  return {
    actions: [{ kind: "stop-session", taskId: task.id, why: "the task is to be started anew" }],
    wait: waitsFor("its old session ends first"),
    wakeAtMs: view.nowMs,
  };
}

function waitStep(task: Task, ready: Extract<Readiness, { kind: "waits" }>): Step {
  const status = ready.wait.on.length > 0 ? "blocked" : "pending";
  return {
    set: task.status === status ? {} : { status },
    wait: ready.wait,
    ...(ready.wakeAtMs === undefined ? {} : { wakeAtMs: ready.wakeAtMs }),
  };
}

function startStep(
  view: BeatView,
  task: Task,
  placed: ReadonlyMap<TaskId, PlacedTask>,
  parents: readonly TaskId[],
): Step {
  const settings = settingsOf(view.manifest, task);
  const base = settings.base ?? view.base;
  const branches = parents.flatMap((id) => {
    const parent = placed.get(id)?.task;
    return parent ? [branchOf(view.manifest, parent)] : [];
  });
  const agent = agentForLaunch(settings.agents, 0, view.manifest.policy) ?? "";
  return {
    actions: [
      {
        kind: "start",
        taskId: task.id,
        attempt: (task.attempts ?? 0) + 1,
        agent,
        branch: branchOf(view.manifest, task),
        startPoint:
          branches.length > 0
            ? { kind: "parents", parents, branches, base }
            : { kind: "base", base },
      },
    ],
    wait: waitsFor("is being started"),
  };
}

/** Puts the steps together: only real changes become patches, and waits are followed to whoever must act. */
function gather(
  view: BeatView,
  placed: ReadonlyMap<TaskId, PlacedTask>,
  steps: ReadonlyMap<TaskId, Step>,
): Decision {
  const patches: ManifestPatch[] = [];
  const actions: Action[] = [];
  const waits: TaskWait[] = [];
  let wakeAtMs: number | undefined;
  for (const { task } of placed.values()) {
    const step = steps.get(task.id) ?? {};
    const set = realChanges(step.set ?? {}, task);
    const state = realChanges(step.state ?? {}, task.state ?? {});
    if (Object.keys(set).length + Object.keys(state).length > 0) {
      patches.push({ kind: "task", taskId: task.id, set, state });
    }
    actions.push(...(step.actions ?? []));
    if (step.wait) waits.push({ taskId: task.id, ...step.wait });
    if (step.wakeAtMs !== undefined) wakeAtMs = Math.min(wakeAtMs ?? step.wakeAtMs, step.wakeAtMs);
  }
  const paused = pausedAgents(view, placed);
  if (paused) patches.push({ kind: "root", set: { pausedAgents: paused } });
  return { actions, patches, waits: followWaits(waits), wakeAtMs };
}

function realChanges<Fields extends object>(
  wanted: Fields,
  current: Partial<Record<keyof Fields, unknown>>,
): Fields {
  const changed = Object.entries(wanted).filter(
    ([field, value]) => (current[field as keyof Fields] ?? undefined) !== (value ?? undefined),
  );
  return Object.fromEntries(changed) as Fields;
}

/** A limit or a refused log-in of one session holds all tasks of that agent; a session at work lifts it. */
function pausedAgents(
  view: BeatView,
  placed: ReadonlyMap<TaskId, PlacedTask>,
): Manifest["pausedAgents"] | undefined {
  const before = view.manifest.pausedAgents ?? {};
  const after: NonNullable<Manifest["pausedAgents"]> = {};
  for (const [agent, pause] of Object.entries(before)) {
    if (pause.until === null || fromIso(pause.until) > view.nowMs) after[agent] = pause;
  }
  for (const { task } of placed.values()) {
    const agent = task.state?.agent;
    const verdict = view.verdicts.get(task.id);
    if (agent === undefined || verdict === undefined || !isActive(task.status)) continue;
    if (verdict.kind === "working" && after[agent]?.until === null) delete after[agent];
    if (after[agent] || (!verdict.fact && task.state?.verdict !== verdict.kind)) continue;
    const forPerson = verdict.kind === "rate-limited" && verdict.needsPerson;
    if (verdict.kind === "auth-error" || forPerson)
      after[agent] = { until: null, why: verdict.why };
    else if (verdict.kind === "rate-limited" && before[agent] === undefined) {
      const pauseMs = view.manifest.policy.rateLimitPauseMinutes * 60_000;
      const untilMs = verdict.waitUntilMs ?? view.nowMs + pauseMs;
      if (untilMs > view.nowMs) after[agent] = { until: toIso(untilMs), why: verdict.why };
    }
  }
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
}

/** A task needs a person when one that it waits for does. */
function followWaits(waits: readonly TaskWait[]): readonly TaskWait[] {
  const needing = new Set(waits.filter((wait) => wait.needsPerson).map((wait) => wait.taskId));
  for (let grew = true; grew; ) {
    grew = false;
    for (const wait of waits) {
      if (needing.has(wait.taskId) || !wait.on.some((id) => needing.has(id))) continue;
      needing.add(wait.taskId);
      grew = true;
    }
  }
  return waits.map((wait) => (needing.has(wait.taskId) ? { ...wait, needsPerson: true } : wait));
}

import type { TaskEvidence } from "../classify/evidence.ts";
import { startOrder } from "../graph/schedule.ts";
import { branchOf } from "../manifest/branch.ts";
import { unreachable } from "../manifest/errors.ts";
import { sameJson } from "../manifest/json.ts";
import type { ManifestPatch } from "../manifest/merge.ts";
import { settingsOf } from "../manifest/settings.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { fromIso } from "../manifest/time.ts";
import type { Action } from "./action.ts";
import { adopted, decideActive, isAttended, notes, takenOver } from "./active.ts";
import { followChecks } from "./checks.ts";
import { oneOfEachCollision } from "./collide.ts";
import { deliverStep, withinHourlyLimit } from "./deliver.ts";
import { agentForLaunch } from "./ladder.ts";
import { pausesAfter } from "./pause.ts";
import { holdsPlace } from "./places.ts";
import { isAtRest, readingOf } from "./reading.ts";
import { parentWait, type Readiness, readiness, rivalWait, unmergedParents } from "./ready.ts";
import { joined, type Step, waitsFor, waitsForPerson } from "./step.ts";
import { type Survey, survey } from "./survey.ts";
import type { BeatView, PlacedTask } from "./view.ts";
import { followWaits, type TaskWait } from "./wait.ts";

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
export function decide(beat: BeatView): Decision {
  const pausedAgents = pausesAfter(beat);
  // A limit that is read now holds the starts of this beat too.
  const view = survey({ ...beat, manifest: { ...beat.manifest, pausedAgents } });
  const started = new Map<TaskId, Step>();
  for (const one of view.placed.values()) {
    const { id } = one.task;
    const begun = view.underWay.get(id);
    if (begun) started.set(id, { wait: waitsFor(`${DOING[begun.kind]} now`) });
    else if (view.unseen.has(id)) started.set(id, { wait: NOT_SEEN });
    else if (!isStartable(one.task)) started.set(id, decideStarted(view, one));
  }
  const steps = new Map(oneOfEachCollision(view, started));
  // What is finished now frees its place and its dependents now.
  for (const [id, step] of decideWaiting(afterSteps(view, steps), steps)) steps.set(id, step);
  const patches = sameJson(pausedAgents, beat.manifest.pausedAgents ?? {})
    ? []
    : [{ kind: "root", set: { pausedAgents } } as const];
  return gather(view, withinHourlyLimit(view, steps), patches);
}

const NOT_SEEN = waitsFor("was not looked at in this beat");

const isStartable = (task: Task): boolean => task.status === "pending" || task.status === "blocked";

const DOING: Readonly<Record<Action["kind"], string>> = {
  start: "is being started",
  restart: "is being started again",
  resume: "is being resumed",
  answer: "is being answered",
  nudge: "is being nudged",
  "stop-session": "is having its session ended",
  verify: "is having its verify command started",
  deliver: "is being delivered",
  retire: "is being cleared up",
};

/** What a beat sees of the work: also that it is too much to list. */
const SEEN = ["touched", "commits"] as const;

/** The view with the statuses that were decided and the files that were seen; the same one when there are none. */
function afterSteps(view: Survey, steps: ReadonlyMap<TaskId, Step>): Survey {
  const changed = new Map(
    [...steps].filter(([, { set, state = {} }]) => set?.status || SEEN.some((one) => one in state)),
  );
  if (changed.size === 0) return view;
  const after = (task: Task): Task => {
    const step = changed.get(task.id);
    if (step === undefined) return task;
    const { touched, commits } = { ...task.state, ...step.state };
    return {
      ...task,
      status: step.set?.status ?? task.status,
      state: { ...task.state, touched, commits },
    };
  };
  const phases = view.manifest.phases.map((phase) => ({
    ...phase,
    tasks: phase.tasks.map(after),
  }));
  return survey({ ...view, manifest: { ...view.manifest, phases } });
}

/** Everything that is not waiting to be started. */
function decideStarted(view: Survey, placed: PlacedTask): Step {
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
            `${task.error ?? "failed"} (coppice retry ${task.id}, or coppice cancel ${task.id})`,
          ),
        }
      );
    case "complete":
      return followMerge(task, evidence) ?? decideComplete(view, placed, evidence);
    case "pr_open":
      return (
        followMerge(task, evidence) ??
        (evidence && takenOver(view, task, evidence)) ??
        decideOpen(endIdleSession(view, task, evidence), followOpen(view, task, evidence))
      );
    case "merged":
      return retire(view, task, evidence) ?? endIdleSession(view, task, evidence);
    case "cancelled":
    case "archived":
      return endSession(view, task, evidence, { why: `${task.id} is ${task.status}`, asked: true });
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

/** What a person has to do comes after the end of its session, which needs none: a run does not end in between. */
function decideOpen(session: Step, pullRequest: Step): Step {
  const both = joined(session, pullRequest);
  const isEnding = session.wait?.needsPerson === false && pullRequest.wait?.needsPerson === true;
  return isEnding && session.wait ? { ...both, wait: session.wait } : both;
}

function followOpen(view: Survey, task: Task, evidence: TaskEvidence | undefined): Step {
  const pullRequest = evidence?.pullRequest;
  const closed =
    pullRequest?.kind === "known" &&
    pullRequest.value?.state === "closed" &&
    pullRequest.value.number === task.prNumber;
  if (!closed) return evidence === undefined ? {} : followChecks(view, task, evidence);
  const error = `pull request #${task.prNumber} was closed without being merged`;
  return { set: { status: "error", error }, wait: waitsForPerson(error) };
}

/** Proved before, or taken as complete by a person: push and pull request. */
function decideComplete(
  view: Survey,
  placed: PlacedTask,
  evidence: TaskEvidence | undefined,
): Step {
  const { task } = placed;
  if (evidence === undefined) return { wait: NOT_SEEN };
  if (evidence.git.kind === "unknown") {
    return { wait: waitsFor(`git did not answer: ${evidence.git.reason}`) };
  }
  const proved = task.state?.provedSha;
  // A person took it as complete while its agent may still commit: what is delivered must not move any more.
  if (proved === undefined && !isSessionGone(evidence)) {
    return isAttended(evidence)
      ? { wait: waitsFor("is complete, and a person is attached to its session") }
      : endSession(view, task, evidence, { why: "a person took it as complete", asked: false });
  }
  const git = evidence.git.value;
  const done = git !== null && git.commitsAhead > 0 ? git.headSha : undefined;
  // What was proved is delivered, or somebody is told why it cannot be; a person's word may stand for no commit at all.
  const sha = proved ?? done;
  if (sha === undefined) return {};
  const notBeforeMs = task.state?.notBefore ? fromIso(task.state.notBefore) : 0;
  return deliverStep(view, placed, sha, { notBeforeMs });
}

/** A delivered task's session goes when its agent has ended or idles; work that goes on is left alone. */
function endIdleSession(view: BeatView, task: Task, evidence: TaskEvidence | undefined): Step {
  const verdict = view.verdicts.get(task.id);
  if (evidence === undefined || verdict === undefined) return {};
  const session = evidence.session.kind === "known" ? evidence.session.value : null;
  if (session === null || session.attached > 0) return {};
  const noted = notes(view, task, evidence, verdict);
  if (!isAtRest(verdict.kind)) return noted;
  const { believed, dueMs } = readingOf(view, task, verdict);
  if (!believed) {
    const reason = `is delivered, and its agent seems ${verdict.kind}; looking again`;
    return joined(noted, { wait: waitsFor(reason), wakeAtMs: dueMs });
  }
  return joined(
    noted,
    endSession(view, task, evidence, { why: "its work is delivered", asked: false }),
  );
}

const isSessionGone = ({ session }: TaskEvidence): boolean =>
  session.kind === "known" && session.value === null;

function endSession(
  view: BeatView,
  task: Task,
  evidence: TaskEvidence | undefined,
  ending: Pick<Extract<Action, { kind: "stop-session" }>, "why" | "asked">,
): Step {
  if (evidence?.session.kind !== "known") return { wait: waitsFor("tmux did not answer") };
  if (evidence.session.value === null) return {};
  return clearUp(view, task, { kind: "stop-session", taskId: task.id, ...ending });
}

/** Session, worktree and branch go when all is merged, or when the person asks for it. */
function retire(view: Survey, task: Task, evidence: TaskEvidence | undefined): Step | undefined {
  if (task.worktree === null || !(view.allMerged || view.cleanup)) return undefined;
  if (evidence?.session.kind !== "known") return { wait: waitsFor("tmux did not answer") };
  if ((evidence.session.value?.attached ?? 0) > 0) {
    return { wait: waitsForPerson("is merged, and a person is attached to its session") };
  }
  const verdict = view.verdicts.get(task.id);
  if (evidence.session.value !== null && verdict?.kind === "working") {
    const wait = waitsFor(
      "is merged; its worktree goes when its agent, which still works, has ended",
    );
    return joined(notes(view, task, evidence, verdict), { wait });
  }
  const branch = branchOf(view.manifest, task);
  return clearUp(view, task, {
    kind: "retire",
    taskId: task.id,
    branch,
    why: "its work is merged",
  });
}

/** What fails is tried again after a pause, and is a person's in the end. */
function clearUp(
  view: BeatView,
  task: Task,
  action: Extract<Action, { kind: "stop-session" | "retire" }>,
): Step {
  const { startFailures = 0, notBefore } = task.state ?? {};
  const what =
    action.kind === "retire" ? "its worktree cannot be removed" : "its session cannot be ended";
  const why = task.error ? `${what}: ${task.error}` : what;
  if (startFailures >= view.manifest.policy.deliveryAttemptsMax) {
    return { wait: waitsForPerson(`${why} (coppice cleanup tries it again)`) };
  }
  if (notBefore !== undefined && fromIso(notBefore) > view.nowMs) {
    return { wait: waitsFor(`${why}; again at ${notBefore}`), wakeAtMs: fromIso(notBefore) };
  }
  return { actions: [action], wait: waitsFor(`is being cleared up: ${action.why}`) };
}

/** Tasks that wait to be started, in the order in which they get a free place. */
function decideWaiting(
  view: Survey,
  started: ReadonlyMap<TaskId, Step>,
): ReadonlyMap<TaskId, Step> {
  const waiting = startOrder(view.manifest, view.graph).flatMap((id) => {
    const one = view.placed.get(id);
    return one !== undefined && isStartable(one.task) && !started.has(id) ? [one] : [];
  });
  const taken = new Map(
    waiting.flatMap(({ task }) => {
      const step = takeOver(view, task);
      return step === undefined ? [] : [[task.id, step] as const];
    }),
  );
  const holders = [...view.placed.values()].filter(
    ({ task }) => holdsPlace(view, task) || taken.get(task.id)?.set?.status === "running",
  );
  // No place becomes free by itself while every task that has one waits for a person.
  const personal = new Set(
    followWaits(waitsOf(started)).flatMap(({ taskId, needsPerson }) =>
      needsPerson ? [taskId] : [],
    ),
  );
  const strays =
    view.strays.length > 0
      ? `; ${view.strays.join(", ")}: not in the manifest, but at work (put back, or coppice cleanup --all)`
      : "";
  const held =
    holders.length + view.strays.length > 0 && holders.every(({ task }) => personal.has(task.id));
  const atWork = [...holders];
  let free = view.maxParallel - holders.length - view.strays.length;
  const steps = new Map<TaskId, Step>(taken);
  for (const one of waiting) {
    if (taken.has(one.task.id)) continue;
    const ready = readiness(view, one);
    if (ready.kind === "waits") {
      steps.set(one.task.id, waitStep(one.task, ready));
    } else if (free < 1) {
      steps.set(one.task.id, {
        set: { status: "pending" },
        wait: {
          ...waitsFor(`waits for a free place (${view.maxParallel} at the same time)${strays}`),
          needsPerson: held,
        },
      });
    } else {
      const waits = rivalWait(view, one.task, atWork) ?? parentWait(view, one.task);
      if (waits === undefined) {
        free -= 1;
        atWork.push(one);
      }
      steps.set(
        one.task.id,
        waits === undefined
          ? startStep(view, one.task, unmergedParents(view, one.task))
          : waitStep(one.task, waits),
      );
    }
  }
  return steps;
}

/** Looks before it starts anything: an open pull request, a launch that a crash left unrecorded, an old session. */
function takeOver(view: BeatView, task: Task): Step | undefined {
  const evidence = view.evidence.get(task.id);
  if (evidence === undefined) return { wait: NOT_SEEN };
  const { pullRequest, launch, session } = evidence;
  if (pullRequest.kind === "unknown") {
    return { wait: waitsFor(`the forge did not answer: ${pullRequest.reason}`) };
  }
  if (session.kind === "unknown")
    return { wait: waitsFor(`tmux did not answer: ${session.reason}`) };
  if (launch.kind === "unknown")
    return { wait: waitsFor(`its folder cannot be read: ${launch.reason}`) };
  // One that was started before waits because a person wants it done again: no old pull request ends it.
  const isNew = (task.attempts ?? 0) === 0;
  if (isNew && pullRequest.value?.state === "open") return adopted(pullRequest.value, view.nowMs);
  const unnoted = takenOver(view, task, evidence);
  if (unnoted) return unnoted;
  if (session.value === null) return undefined;
  return endSession(view, task, evidence, { why: "the task is to be started anew", asked: true });
}

function waitStep(task: Task, ready: Extract<Readiness, { kind: "waits" }>): Step {
  const status = ready.wait.on.length > 0 ? "blocked" : "pending";
  return {
    set: task.status === status ? {} : { status },
    wait: ready.wait,
    ...(ready.wakeAtMs === undefined ? {} : { wakeAtMs: ready.wakeAtMs }),
  };
}

function startStep(view: Survey, task: Task, parents: readonly TaskId[]): Step {
  const settings = settingsOf(view.manifest, task);
  const base = settings.base ?? view.base;
  const branches = parents.flatMap((id) => {
    const parent = view.placed.get(id)?.task;
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
  view: Survey,
  steps: ReadonlyMap<TaskId, Step>,
  pauses: readonly ManifestPatch[],
): Decision {
  const patches: ManifestPatch[] = [];
  const actions: Action[] = [];
  let wakeAtMs: number | undefined;
  for (const { task } of view.placed.values()) {
    const step = steps.get(task.id) ?? {};
    const set = realChanges(step.set ?? {}, task);
    const state = realChanges(step.state ?? {}, task.state ?? {});
    if (Object.keys(set).length + Object.keys(state).length > 0) {
      patches.push({ kind: "task", taskId: task.id, set, state });
    }
    actions.push(...(step.actions ?? []));
    if (step.wakeAtMs !== undefined) wakeAtMs = Math.min(wakeAtMs ?? step.wakeAtMs, step.wakeAtMs);
  }
  const inOrder = new Map([...view.placed.keys()].map((id) => [id, steps.get(id) ?? {}]));
  const waits = followWaits(waitsOf(inOrder));
  return { actions, patches: [...patches, ...pauses], waits, wakeAtMs };
}

const waitsOf = (steps: ReadonlyMap<TaskId, Step>): readonly TaskWait[] =>
  [...steps].flatMap(([taskId, { wait }]) => (wait === undefined ? [] : [{ taskId, ...wait }]));

function realChanges<Fields extends object>(
  wanted: Fields,
  current: Partial<Record<keyof Fields, unknown>>,
): Fields {
  const changed = Object.entries(wanted).filter(
    ([field, value]) => (current[field as keyof Fields] ?? undefined) !== (value ?? undefined),
  );
  return Object.fromEntries(changed) as Fields;
}

import { agentsOf } from "../manifest/settings.ts";
import { isActive } from "../manifest/status.ts";
import type { Task } from "../manifest/task.ts";
import { fromIso, toIso } from "../manifest/time.ts";
import type { Action } from "./action.ts";
import { NUDGE_GRACE_MS, resumeAction } from "./heal.ts";
import { agentForLaunch, launchesUsed, triedWith } from "./ladder.ts";
import { pausedUntil } from "./pause.ts";
import { holdsPlace } from "./places.ts";
import { type Step, waitsFor, waitsForPerson } from "./step.ts";
import type { Survey } from "./survey.ts";

/** What finished work goes back to its agent for. */
export interface Errand {
  readonly why: string;
  /** What is asked, for a launch's reason. */
  readonly request: string;
  /** The same in the past tense, for the next attempt and for people. */
  readonly tried: string;
  /** What the agent is told. */
  readonly words: string;
  /** Counts it, and takes its cause away. */
  readonly state?: NonNullable<Step["state"]>;
  /** The commit of whose failed checks it tells. */
  readonly checks?: string;
  /** When no start is left. */
  readonly handedOver: Step;
}

/** How the agent is told: in its live session, or by a launch that goes on with its conversation. */
export type By = "words" | "resume";

/** Finished work takes a place again, as soon as one is free and its agent is not paused. */
export function sendBack(view: Survey, task: Task, errand: Errand, by: By): Step {
  const { why } = errand;
  const agent = task.state?.agent;
  const pause = agent === undefined ? undefined : pausedUntil(view, agent);
  if (pause) {
    return {
      wait: pause.until
        ? waitsFor(`${why}; ${agent} is paused until ${pause.until}`)
        : waitsForPerson(`${why}; ${agent} is paused: ${pause.why}`),
      ...(pause.until ? { wakeAtMs: fromIso(pause.until) } : {}),
    };
  }
  const notBefore = task.state?.notBefore;
  if (notBefore !== undefined && fromIso(notBefore) > view.nowMs) {
    const after = task.error ? ` after: ${task.error}` : "";
    return {
      wait: waitsFor(`${why}; its agent is told at ${notBefore}${after}`),
      wakeAtMs: fromIso(notBefore),
    };
  }
  const ahead = placesAhead(view, task);
  if (ahead.length + view.strays.length >= view.maxParallel) {
    return {
      wait: {
        reason: `${why}; its agent is told when there is a free place`,
        on: ahead.map(({ id }) => id),
        onAny: true,
        // What the manifest does not have ends by a person only.
        needsPerson: ahead.length === 0,
      },
    };
  }
  const action = actionOf(view, task, errand, by);
  if (action === undefined) return errand.handedOver;
  return {
    actions: [action],
    set: { status: "running", completedAt: null, error: null },
    state: {
      ...errand.state,
      lastHealAt: toIso(view.nowMs),
      tried: triedWith(task, `${errand.tried}: ${why}`),
    },
    wait: waitsFor(`${why}; its agent is told`),
    wakeAtMs: view.nowMs + NUDGE_GRACE_MS,
  };
}

/** A launch counts as any other; undefined: none is left. */
function actionOf(
  view: Survey,
  task: Task,
  { why, request, words, checks }: Errand,
  by: By,
): Action | undefined {
  if (by === "words") return { kind: "nudge", taskId: task.id, why, text: words };
  const agents = agentsOf(view.manifest, task);
  const next = agentForLaunch(agents, launchesUsed(task), view.manifest.policy);
  if (next === undefined) return undefined;
  const own = task.state?.agent;
  const told = { why: `${why}; ${request}`, words };
  // A person may have given the task another agent meanwhile, which has no conversation of it.
  const action =
    own !== undefined && agents.includes(own)
      ? resumeAction(task, own, "nudge", told)
      : { ...resumeAction(task, next, "nudge", told), conversation: undefined };
  return checks === undefined ? action : { ...action, checks };
}

/** The checks of its open pull request have failed, and its agent is to be told of it. */
export function areChecksToTell(view: Survey, { id, status, state }: Task): boolean {
  const { checks, checkTriesMax } = view.manifest.policy;
  if (checks === "ignore" || status !== "pr_open") return false;
  const fact = view.evidence.get(id)?.checks;
  const found = fact?.kind === "known" ? fact.value : null;
  return (
    found?.state === "failed" &&
    found.sha === state?.pushedSha &&
    found.sha !== state.checksTold &&
    (state.checkTries ?? 0) < checkTriesMax
  );
}

/** Tasks with a place, and those before it in the manifest that only wait for one too: who waits to be told holds nobody. */
function placesAhead(view: Survey, task: Task): readonly Task[] {
  const placed = [...view.placed.values()].map((one) => one.task);
  const before = placed.findIndex(({ id }) => id === task.id);
  return placed.filter((other, at) => {
    if (other.id === task.id) return false;
    if (isActive(other.status) && other.state?.baseConflict !== undefined) return at < before;
    return holdsPlace(view, other) || (at < before && waitsForPlace(view, other));
  });
}

/** Its agent is to be told of failed checks, and could be at once: its session has ended, a start is left, and no pause holds it. */
function waitsForPlace(view: Survey, task: Task): boolean {
  const { manifest, evidence } = view;
  const session = evidence.get(task.id)?.session;
  const agent = task.state?.agent;
  return (
    areChecksToTell(view, task) &&
    session?.kind === "known" &&
    session.value === null &&
    (agent === undefined || pausedUntil(view, agent) === undefined) &&
    agentForLaunch(agentsOf(manifest, task), launchesUsed(task), manifest.policy) !== undefined
  );
}

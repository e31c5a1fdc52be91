import { agentByName } from "../agents/catalog.ts";
import type { TaskEvidence } from "../classify/evidence.ts";
import { unreachable } from "../manifest/errors.ts";
import { agentsOf } from "../manifest/settings.ts";
import type { Task } from "../manifest/task.ts";
import { fromIso, toIso } from "../manifest/time.ts";
import type { Action } from "./action.ts";
import { agentForLaunch, backoffMs, launchesUsed, triedWith } from "./ladder.ts";
import { pausedUntil } from "./pause.ts";
import { type Step, waitsFor, waitsForPerson } from "./step.ts";
import type { BeatView } from "./view.ts";

/** What is wrong with a session, what may be tried, and what the agent is told. */
export interface Trouble {
  /** For people: one clause, e.g. `ended without a commit`. */
  readonly why: string;
  /** For the agent: whole sentences. */
  readonly words: string;
  /** How the agent can be told something now: words for its composer, or a headless turn that goes on; `null`: not at all. */
  readonly nudgeBy: "words" | "resume" | null;
  /** The next nudge only says that a wait is over: it is none of the policy's nudges. */
  readonly isReminder?: boolean;
  /** The agent's own conversation is worth going on with. */
  readonly mayResume: boolean;
  readonly sinceMs: number;
}

/** How long a nudge may take to show an effect before the next rung. */
export const NUDGE_GRACE_MS = 60_000;
/** While words are typed and sent a screen shows this and that, none of which is an answer to them. */
const TYPED_MS = 3000;

/** The next rung of the ladder: nudge → resume → restart → next agent → ask a person. */
export function heal(view: BeatView, task: Task, evidence: TaskEvidence, trouble: Trouble): Step {
  switch (trouble.nudgeBy) {
    case "words":
      return nudge(view, task, trouble) ?? relaunch(view, task, evidence, trouble);
    case "resume":
      return nudgeAnew(view, task, trouble) ?? relaunch(view, task, evidence, trouble);
    case null:
      return relaunch(view, task, evidence, trouble);
    default:
      return unreachable(trouble.nudgeBy);
  }
}

/** A headless agent hears of nothing while it runs: it is told when its turn has ended, as the next one. */
function nudgeAnew(view: BeatView, task: Task, trouble: Trouble): Step | undefined {
  const { policy } = view.manifest;
  const agent = task.state?.agent;
  const nudges = task.state?.nudges ?? 0;
  const counted = trouble.isReminder === true ? 0 : 1;
  if (agent === undefined || (counted > 0 && nudges >= policy.nudgesMax)) return undefined;
  const held = pausedStep(view, agent);
  if (held) return held;
  const dueMs = trouble.sinceMs + (nudges === 0 ? 0 : backoffMs(nudges, policy));
  if (view.nowMs < dueMs) return startsAt(trouble, dueMs);
  return {
    actions: [resumeAction(task, agent, "nudge", trouble)],
    set: { status: "running", error: trouble.why },
    state: {
      nudges: nudges + counted,
      lastHealAt: toIso(view.nowMs),
      tried: triedWith(task, `nudged: ${trouble.why}`),
    },
    wait: waitsFor(`${trouble.why}; nudged`),
  };
}

function nudge(view: BeatView, task: Task, trouble: Trouble): Step | undefined {
  const nudges = task.state?.nudges ?? 0;
  const againMs = effectDueMs(task, trouble.sinceMs);
  if (view.nowMs < againMs) {
    return {
      set: { status: "stuck" },
      wait: waitsFor(`${trouble.why}; was nudged, waiting for an effect`),
      wakeAtMs: againMs,
    };
  }
  const counted = trouble.isReminder === true ? 0 : 1;
  if (counted > 0 && nudges >= view.manifest.policy.nudgesMax) return undefined;
  return {
    actions: [{ kind: "nudge", taskId: task.id, why: trouble.why, text: trouble.words }],
    set: { status: "stuck" },
    state: {
      nudges: nudges + counted,
      lastHealAt: toIso(view.nowMs),
      tried: triedWith(task, `nudged: ${trouble.why}`),
    },
    wait: waitsFor(`${trouble.why}; nudged`),
    wakeAtMs: view.nowMs + NUDGE_GRACE_MS,
  };
}

function relaunch(view: BeatView, task: Task, evidence: TaskEvidence, trouble: Trouble): Step {
  const { policy } = view.manifest;
  const used = launchesUsed(task);
  const agents = agentsOf(view.manifest, task);
  const agent = agentForLaunch(agents, used, policy);
  if (agent === undefined) {
    const tried = `${used} ${used === 1 ? "start" : "starts"}${agents.length > 1 ? ` with ${agents.join(", ")}` : ""}`;
    return {
      set: { status: "error", error: `${trouble.why} (gave up after ${tried})` },
      wait: waitsForPerson(
        `${trouble.why}; gave up after ${tried}: coppice retry ${task.id} or coppice cancel ${task.id}`,
      ),
    };
  }
  const held = pausedStep(view, agent);
  if (held) return held;
  const notBeforeMs = task.state?.notBefore ? fromIso(task.state.notBefore) : 0;
  const dueMs = Math.max(notBeforeMs, trouble.sinceMs + backoffMs(used, policy));
  if (view.nowMs < dueMs) return startsAt(trouble, dueMs);
  const attempt = (task.attempts ?? 0) + 1;
  const resumes = task.state?.resumes ?? 0;
  const resumable = trouble.mayResume && agent === task.state?.agent && resumes < policy.resumesMax;
  if (resumable && agentByName(agent)?.interactive) {
    return {
      actions: [resumeAction(task, agent, "resume", trouble)],
      set: { status: "running", error: trouble.why },
      state: {
        resumes: resumes + 1,
        lastHealAt: toIso(view.nowMs),
        tried: triedWith(task, `resumed ${agent}'s conversation: ${trouble.why}`),
      },
      wait: waitsFor(`${trouble.why}; the conversation is resumed`),
    };
  }
  return {
    actions: [
      {
        kind: "restart",
        taskId: task.id,
        attempt,
        agent,
        why: trouble.why,
        context: contextLines(evidence, policy.contextLines),
      },
    ],
    set: { status: "running", error: trouble.why },
    state: {
      lastHealAt: toIso(view.nowMs),
      tried: triedWith(task, `started ${agent} again: ${trouble.why}`),
    },
    wait: waitsFor(`${trouble.why}; started again`),
  };
}

/** Goes on with the agent's own conversation, told these words. */
export const resumeAction = (
  task: Task,
  agent: string,
  as: "resume" | "nudge",
  { why, words }: Pick<Trouble, "why" | "words">,
): Extract<Action, { kind: "resume" }> => ({
  kind: "resume",
  as,
  taskId: task.id,
  attempt: (task.attempts ?? 0) + 1,
  agent,
  conversation: task.state?.conversation,
  why,
  text: words,
});

/** Nothing is started while the agent is paused. */
function pausedStep(view: BeatView, agent: string): Step | undefined {
  const pause = pausedUntil(view, agent);
  if (!pause) return undefined;
  return {
    set: { status: "stuck" },
    wait: pause.until
      ? waitsFor(`${agent} is paused until ${pause.until}`)
      : waitsForPerson(`${agent} is paused: ${pause.why}`),
    ...(pause.until ? { wakeAtMs: fromIso(pause.until) } : {}),
  };
}

const startsAt = (trouble: Trouble, dueMs: number): Step => ({
  set: { status: "stuck", error: trouble.why },
  wait: waitsFor(`${trouble.why}; starts again at ${toIso(dueMs)}`),
  wakeAtMs: dueMs,
});

/** The last lines of the attempt that failed. */
function contextLines(evidence: TaskEvidence, linesMax: number): readonly string[] {
  const { exit, screen, verify } = evidence;
  if (verify.kind === "known" && verify.value && verify.value.code !== 0 && !verify.value.running) {
    return verify.value.tail.slice(-linesMax);
  }
  if (exit.kind === "known" && exit.value && exit.value.tail.length > 0) {
    return exit.value.tail.slice(-linesMax);
  }
  if (screen.kind === "known" && screen.value) return screen.value.lines.slice(-linesMax);
  return [];
}

/** Until then what is seen `sinceMs` is no effect of the words that were typed last; Unix milliseconds. */
export const effectDueMs = (task: Task, sinceMs: number): number =>
  lastHealMs(task) + (sinceMs > lastHealMs(task) ? TYPED_MS : NUDGE_GRACE_MS);

/** When something was last done to heal the task; Unix milliseconds, 0 for never. */
export const lastHealMs = (task: Task): number =>
  task.state?.lastHealAt ? fromIso(task.state.lastHealAt) : 0;

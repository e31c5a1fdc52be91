import type { Verdict } from "../classify/verdict.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isActive } from "../manifest/status.ts";
import type { Task } from "../manifest/task.ts";
import { fromIso, toIso } from "../manifest/time.ts";
import { readingOf } from "./reading.ts";
import type { BeatView } from "./view.ts";

type Pauses = NonNullable<Manifest["pausedAgents"]>;

/** A screen may name any time: a limit is waited for at most this long, then it is tried. */
const LIMIT_MAX_MS = 8 * 24 * 3_600_000;

/** The pause of an agent that is still in force. */
export function pausedUntil(view: BeatView, agent: string): Pauses[string] | undefined {
  const pause = view.manifest.pausedAgents?.[agent];
  return pause !== undefined && inForce(pause, view.nowMs) ? pause : undefined;
}

/** When a limit ends. */
export interface LimitEnd {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** No time was told. */
  readonly guessed: boolean;
}

/**
 * When the limit that a session shows ends. The first reading that tells a time settles it: the same words read again after
 * that time would name the next day. An agent's word may come before its screen shows the time; until then it is guessed.
 */
export function limitEnd(view: BeatView, task: Task, verdict: Verdict): LimitEnd {
  const { notBefore, limitGuessed = false, verdict: before, verdictSince } = task.state ?? {};
  const since = before === verdict.kind ? verdictSince : undefined;
  const settledMs = since === undefined || notBefore === undefined ? 0 : fromIso(notBefore);
  const isSettled = since !== undefined && settledMs >= fromIso(since);
  const toldMs = verdict.waitUntilMs;
  if (isSettled && !(limitGuessed && toldMs !== undefined)) {
    return { atMs: settledMs, guessed: limitGuessed };
  }
  const pauseMs = view.manifest.policy.rateLimitPauseMinutes * 60_000;
  const atMs = Math.min(toldMs ?? view.nowMs + pauseMs, view.nowMs + LIMIT_MAX_MS);
  return { atMs, guessed: toldMs === undefined };
}

/** A limit or a refused log-in of one session holds all tasks of that agent; a session at work lifts what has no end. */
export function pausesAfter(view: BeatView): Pauses {
  const pauses: Pauses = {};
  for (const [agent, pause] of Object.entries(view.manifest.pausedAgents ?? {})) {
    if (inForce(pause, view.nowMs)) pauses[agent] = pause;
  }
  for (const task of view.manifest.phases.flatMap((phase) => phase.tasks)) {
    const agent = task.state?.agent;
    const verdict = view.verdicts.get(task.id);
    if (agent === undefined || verdict === undefined || !isActive(task.status)) continue;
    if (verdict.kind === "working" && pauses[agent]?.until === null) delete pauses[agent];
    const { believed } = readingOf(view, task, verdict);
    const pause = believed ? pauseFor(view, task, verdict) : undefined;
    if (pause === undefined) continue;
    const isOn = inForce(pause, view.nowMs);
    // What was guessed goes for what is told; an earlier limit that is over tells nothing of a new one.
    const isBetter = !pause.guessed && (isOn || task.state?.limitGuessed);
    if (pauses[agent]?.guessed && isBetter) delete pauses[agent];
    if (isOn) pauses[agent] ??= pause;
  }
  return pauses;
}

function pauseFor(view: BeatView, task: Task, verdict: Verdict): Pauses[string] | undefined {
  const { why } = verdict;
  if (verdict.kind === "auth-error") return { until: null, why };
  if (verdict.kind !== "rate-limited") return undefined;
  if (verdict.needsPerson) return { until: null, why };
  const { atMs, guessed } = limitEnd(view, task, verdict);
  return { until: toIso(atMs), why, ...(guessed ? { guessed } : {}) };
}

const inForce = ({ until }: Pauses[string], nowMs: number): boolean =>
  until === null || fromIso(until) > nowMs;

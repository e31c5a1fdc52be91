import type { TaskEvidence } from "../classify/evidence.ts";
import type { Verdict } from "../classify/verdict.ts";
import type { Task } from "../manifest/task.ts";
import { fromIso } from "../manifest/time.ts";
import type { VerdictKind } from "../manifest/verdict-kind.ts";
import type { BeatView } from "./view.ts";

/** A second equal reading counts after this time: a screen may lag behind the agent's own word. */
export const SECOND_READING_MS = 700;
/**
 * A stall is believed after this time, or the policy's own where that is shorter: when the clock jumped or the machine
 * slept, the agent writes again meanwhile.
 */
const STALL_READING_MS = 60_000;

const AT_REST: ReadonlySet<VerdictKind> = new Set([
  "exited-ok",
  "exited-error",
  "idle-done",
  "idle-fresh",
  "shell-prompt",
  "dead",
]);

/** Its agent has ended or idles: nothing is interrupted when its session ends. */
export const isAtRest = (kind: VerdictKind): boolean => AT_REST.has(kind);

/** How far a verdict is to be believed. Times are Unix milliseconds. */
export interface Reading {
  /** A fact is believed at once; what a screen seems to say when it still says so some time later. */
  readonly believed: boolean;
  readonly sinceMs: number;
  /** When it is believed if it stays. */
  readonly dueMs: number;
}

export function readingOf(
  { manifest, nowMs, watchedMs, evidence }: BeatView,
  task: Task,
  verdict: Verdict,
): Reading {
  const { verdict: before, verdictSince } = task.state ?? {};
  const isSame = before === verdict.kind;
  const notedMs = isSame && verdictSince ? fromIso(verdictSince) : nowMs;
  // A turn may begin and end between two looks: then only its agent's word tells it from the one before.
  const sinceMs =
    verdict.kind === "idle-done"
      ? Math.min(nowMs, Math.max(notedMs, turnEndedMs(evidence.get(task.id))))
      : notedMs;
  const stallReadingMs = Math.min(STALL_READING_MS, manifest.policy.stallAfterMinutes * 60_000);
  // What the clock says of the time before its jump, or before this process, proves no silence.
  const dueMs =
    verdict.kind === "stalled"
      ? Math.max(sinceMs, nowMs - watchedMs) + stallReadingMs
      : sinceMs + SECOND_READING_MS;
  // A dialog stands a moment longer than its answer: after one it is read twice, whoever reported it.
  const answered = verdict.dialog !== undefined && (task.state?.answers ?? 0) > 0;
  const fact = verdict.fact && !answered;
  return { believed: fact || (isSame && nowMs >= dueMs), sinceMs, dueMs };
}

/** When the agent said last that a turn has ended; 0 when it never did. */
const turnEndedMs = (evidence: TaskEvidence | undefined): number =>
  (evidence?.signals.kind === "known" ? evidence.signals.value : []).findLast(
    ({ kind }) => kind === "turn-ended",
  )?.atMs ?? 0;

import { writeSync } from "node:fs";
import { CoppiceError } from "../manifest/errors.ts";

/**
 * What a run does to anything that outlives it, by name and in the order of a task's life. At `before-NAME` and
 * `after-NAME` the process can be made to die, so that tests can show that a crash there costs nothing.
 */
export const EFFECTS = [
  "index-write",
  "plan-record",
  "lock-take",
  "lock-takeover",
  "fence-raise",
  "lock-release",
  "journal-rotate",
  "journal-append",
  "journal-sync",
  "manifest-draft",
  "manifest-rename",
  "manifest-sync",
  "fetch",
  "fork-record",
  "worktree-add",
  "checkout",
  "file-copy",
  "worktree-ready",
  "prompt-write",
  "launch-record",
  "session-files",
  "session-start",
  "paste",
  "key-press",
  "verify-record",
  "quota-write",
  "push",
  "push-record",
  "pull-request-draft",
  "pull-request-create",
  "labels-add",
  "reviewers-ask",
  "history-rotate",
  "history-append",
  "history-sync",
  "session-end",
  "pane-kill",
  "server-end",
  "preserve",
  "worktree-remove",
  "worktree-forget",
  "branch-delete",
  "fork-delete",
] as const;
export type Effect = (typeof EFFECTS)[number];
export type Boundary = `before-${Effect}` | `after-${Effect}`;

/** How often each point is still to be passed before the process dies there. */
const armed = new Map<Boundary, number>();

/** Carries out an effect. The process ends before or after it where that was asked for. */
export async function effect<T>(name: Effect, work: () => Promise<T>): Promise<T> {
  boundary(`before-${name}`);
  const result = await work();
  boundary(`after-${name}`);
  return result;
}

/** One side of an effect that cannot be waited for. */
export function boundary(name: Boundary): void {
  const left = armed.get(name);
  if (left === undefined) return;
  armed.set(name, left - 1);
  if (left > 1) return;
  writeSync(process.stderr.fd, `coppice: fault point ${name}\n`);
  process.kill(process.pid, "SIGKILL");
}

/**
 * Makes the process die at the first of the named points, `before-EFFECT` or `after-EFFECT`, with `:N` when it comes
 * there for the N-th time; several are separated by commas. Throws CoppiceError `fault-point-unknown` (kind usage).
 */
export function armFaultPoints(asked: string): void {
  for (const one of asked.split(",")) {
    const [, name, count = "1"] = /^([a-z-]+)(?::([1-9]\d{0,5}))?$/.exec(one) ?? [];
    const found = BOUNDARIES.find((known) => known === name);
    if (found === undefined) throw unknownPoint(one);
    armed.set(found, Number(count));
  }
}

const BOUNDARIES = EFFECTS.flatMap((name): readonly Boundary[] => [
  `before-${name}`,
  `after-${name}`,
]);

const unknownPoint = (asked: string): CoppiceError =>
  new CoppiceError({
    code: "fault-point-unknown",
    kind: "usage",
    message: `COPPICE_FAULT_POINT names ${JSON.stringify(asked)}, which is no fault point`,
    hint: `Unset it, or write before-NAME or after-NAME, with :N for the N-th time. NAME is one of ${EFFECTS.join(", ")}.`,
  });

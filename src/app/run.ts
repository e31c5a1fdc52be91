import {
  type BeatReport,
  createHeartbeat,
  type Heartbeat,
  type Look,
  manifestMissing,
} from "../heartbeat/beat.ts";
import { runLoop } from "../heartbeat/loop.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Host } from "../ports/host.ts";
import type { RunOutcome } from "../ports/journal.ts";
import type { HeldLock, LockHolder } from "../ports/lock.ts";
import type { ManifestSnapshot, ManifestStore } from "../ports/manifest-store.ts";
import { openStory, type Story, type Workspace } from "./world.ts";

export interface RunOptions {
  readonly intervalMs: number;
  readonly cleanup: boolean;
  readonly stop: AbortSignal;
  /** Called after each beat, e.g. to draw the live table. */
  readonly onReport: (report: BeatReport) => void | Promise<void>;
}

export interface RunResult {
  readonly outcome: RunOutcome;
  readonly report: BeatReport;
}

/** Beats until everything is merged, open, failed or waiting for a person. One run per workdir. */
export async function run(workspace: Workspace, options: RunOptions): Promise<RunResult> {
  const lock = await acquire(workspace, "coppice run");
  try {
    const story = openStory(workspace, lock.holder.fence);
    const { emit } = story;
    const snapshot = await readOrThrow(workspace);
    const tasks = snapshot.manifest.phases.flatMap((phase) => phase.tasks).length;
    const maxParallel = snapshot.manifest.maxParallel ?? defaultParallel(workspace.ports.host);
    await emit({ kind: "run-started", project: snapshot.manifest.project, tasks, maxParallel });
    const heartbeat = await heartbeatOf(workspace, snapshot.manifest, lock, story, {
      cleanup: options.cleanup,
      watches: true,
    });
    const result = await runLoop({
      ...options,
      heartbeat,
      signals: workspace.signals,
      clock: workspace.ports.clock,
      onTrouble: (trouble) =>
        story.warn(
          trouble
            ? { kind: "trouble", code: trouble.code, message: trouble.message, hint: trouble.hint }
            : { kind: "trouble-over" },
        ),
    });
    const { waits } = result.report;
    if (result.outcome !== "interrupted" && waits.length > 0)
      await emit({ kind: "standstill", waits });
    await emit({ kind: "run-ended", outcome: result.outcome, waits });
    if (result.outcome === "delivered") await workspace.ports.sessions.shutDown();
    return result;
  } finally {
    await lock.release();
  }
}

/** Beats once, and again as long as a second reading or an action's effect is due at once. */
export async function beatOnce(
  workspace: Workspace,
  options: { readonly cleanup: boolean },
): Promise<BeatReport | { readonly kind: "busy"; readonly holder: LockHolder }> {
  const taken = await workspace.locks.tryAcquire(workspace.lockPath, "coppice heartbeat");
  if (taken.kind === "busy") return { kind: "busy", holder: taken.holder };
  const { lock } = taken;
  try {
    const story = openStory(workspace, lock.holder.fence);
    const { manifest } = await readOrThrow(workspace);
    const heartbeat = await heartbeatOf(workspace, manifest, lock, story, {
      cleanup: options.cleanup,
      watches: false,
    });
    const { clock } = workspace.ports;
    for (let beats = 1; ; beats += 1) {
      const report = await heartbeat.beat();
      await heartbeat.settle();
      const dueMs =
        report.acted > 0 || report.changed
          ? 0
          : (report.wakeAtMs ?? Number.POSITIVE_INFINITY) - clock.now();
      if (dueMs > SETTLE_MS || beats >= BEATS_MAX) {
        if (report.waits.length > 0 && report.waits.every((wait) => wait.needsPerson)) {
          await story.emit({ kind: "standstill", waits: report.waits });
        }
        return report;
      }
      await clock.sleep(Math.max(250, dueMs), new AbortController().signal);
    }
  } finally {
    await lock.release();
  }
}

/** What a beat would see and do now. Needs no lock: nothing is done or written. */
export async function look(workspace: Workspace, snapshot: ManifestSnapshot): Promise<Look> {
  const nobody = { isOurs: async () => false };
  const quiet = {
    emit: async () => undefined,
    warn: async () => undefined,
    turnPage: () => undefined,
  };
  const heartbeat = await heartbeatOf(workspace, snapshot.manifest, nobody, quiet, {
    cleanup: false,
    watches: false,
  });
  return await heartbeat.look(snapshot);
}

/** A single heartbeat waits this long for what a second look decides. */
const SETTLE_MS = 2000;
const BEATS_MAX = 10;

async function heartbeatOf(
  workspace: Workspace,
  manifest: Manifest,
  lock: Pick<HeldLock, "isOurs">,
  story: Story,
  how: { readonly cleanup: boolean; readonly watches: boolean },
): Promise<Heartbeat> {
  const heartbeat = createHeartbeat({
    ports: workspace.ports,
    workdir: workspace.workdir,
    base: await workspace.ports.repository.baseBranch(manifest.base),
    maxParallelDefault: defaultParallel(workspace.ports.host),
    cleanup: how.cleanup,
    watches: how.watches,
    lock,
    emit: story.emit,
  });
  return {
    ...heartbeat,
    beat: (ended, heard) => {
      story.turnPage();
      return heartbeat.beat(ended, heard);
    },
  };
}

/** Agents mostly wait for their model: two per core, a gigabyte each, at least one and at most sixteen. */
export function defaultParallel(host: Pick<Host, "cores" | "freeMemoryBytes">): number {
  const { cores, freeMemoryBytes } = host;
  return Math.max(1, Math.min(2 * cores, Math.floor(freeMemoryBytes / 2 ** 30), 16));
}

async function acquire(workspace: Workspace, purpose: string): Promise<HeldLock> {
  const taken = await workspace.locks.tryAcquire(workspace.lockPath, purpose);
  if (taken.kind === "held") return taken.lock;
  throw new CoppiceError({
    code: "workdir-busy",
    kind: "machine",
    message: `${taken.holder.purpose} (process ${taken.holder.pid} on ${taken.holder.host}) is at work in ${workspace.workdir}`,
    hint: "Watch it with coppice status, or end it first; a second run would do the same work twice.",
  });
}

/** The manifest, or an error that lists every mistake with its place. */
export async function readOrThrow(workspace: {
  readonly ports: { readonly store: Pick<ManifestStore, "read"> };
}): Promise<ManifestSnapshot> {
  const read = await workspace.ports.store.read();
  switch (read.kind) {
    case "read":
      return read.snapshot;
    case "missing":
      throw manifestMissing(read.path);
    case "invalid":
      throw new CoppiceError({
        code: "manifest-invalid",
        kind: "input",
        message: read.problems
          .map(
            (one) =>
              `${one.file}:${one.line}:${one.column} ${one.message}${one.field ? ` (${one.field})` : ""}\n  ${one.remedy}`,
          )
          .join("\n"),
        hint: "Mend the file; nothing was changed. coppice validate shows the same list.",
      });
  }
}

import type { z } from "zod";
import { known, type TaskEvidence } from "../../src/classify/evidence.ts";
import type { Verdict } from "../../src/classify/verdict.ts";
import type { Action } from "../../src/decide/action.ts";
import type { Decision } from "../../src/decide/decide.ts";
import type { BeatView } from "../../src/decide/view.ts";
import type { TaskWait } from "../../src/decide/wait.ts";
import { taskGraph } from "../../src/graph/task-graph.ts";
import { Manifest } from "../../src/manifest/manifest.ts";
import type { ManifestPatch } from "../../src/manifest/merge.ts";
import type { TaskStatus } from "../../src/manifest/status.ts";
import { type Task, TaskId } from "../../src/manifest/task.ts";
import { toIso } from "../../src/manifest/time.ts";

/** The present of every test of decisions. */
export const NOW = Date.parse("2026-10-03T10:00:00Z");
export const SECOND = 1000;
export const MINUTE = 60_000;
/** ISO 8601 of a moment before `NOW`. */
export const ago = (ms: number): string => toIso(NOW - ms);

export const taskId = (id: string): TaskId => TaskId.parse(id);

type ManifestInput = z.input<typeof Manifest>;
type TaskInput = ManifestInput["phases"][number]["tasks"][number];

/** What one test says of a task: its fields, what was observed of it, and what that means. */
export type Told = Omit<Partial<TaskInput>, "id"> & {
  readonly facts?: Partial<TaskEvidence>;
  readonly verdict?: Verdict;
};

/** A manifest with one phase, or with the named ones. */
export function manifestOf(
  tasks: Readonly<Record<string, Told>>,
  more: Partial<ManifestInput> = {},
): Manifest {
  const inputs = Object.entries(tasks).map(
    ([id, { facts: _facts, verdict: _verdict, ...fields }]) => ({ id, ...fields }) as TaskInput,
  );
  const phases = more.phases ?? [{ name: "All", tasks: inputs }];
  return Manifest.parse({ project: "test", base: "main", ...more, phases });
}

/** A view in which everything was looked at and nothing was found but what a task is told. */
export function viewOf(
  tasks: Readonly<Record<string, Told>>,
  more: Partial<ManifestInput> = {},
  view: Partial<BeatView> = {},
): BeatView {
  const manifest = manifestOf(tasks, more);
  const evidence = new Map<TaskId, TaskEvidence>();
  const verdicts = new Map<TaskId, Verdict>();
  for (const [name, { facts, verdict }] of Object.entries(tasks)) {
    const id = taskId(name);
    evidence.set(id, { ...nothingSeen(id), ...facts });
    if (verdict) verdicts.set(id, verdict);
  }
  return {
    manifest,
    graph: taskGraph(manifest),
    evidence,
    verdicts,
    unseen: new Set(),
    collisions: [],
    untried: [],
    base: manifest.base ?? "main",
    maxParallel: manifest.maxParallel ?? 4,
    nowMs: NOW,
    cleanup: false,
    watchedMs: Number.POSITIVE_INFINITY,
    strays: [],
    underWay: new Map(),
    ...view,
  };
}

const nothingSeen = (id: TaskId): TaskEvidence => ({
  taskId: id,
  takenAtMs: NOW,
  pullRequest: known(null),
  checks: known(null),
  git: known(null),
  launch: known(null),
  exit: known(null),
  verify: known(null),
  session: known(null),
  screen: known(null),
  signals: known([]),
});

/** `t1 start, t2 deliver`: what a decision does, one word for each action. */
export const actionsOf = (decision: Decision): readonly string[] =>
  decision.actions.map((action) => `${action.taskId} ${action.kind}`);

/** The one action of this kind; fails the test when there is none or more. */
export function theAction<Kind extends Action["kind"]>(
  decision: Decision,
  kind: Kind,
): Extract<Action, { kind: Kind }> {
  const found = decision.actions.filter(
    (action): action is Extract<Action, { kind: Kind }> => action.kind === kind,
  );
  const [only] = found;
  if (found.length !== 1 || only === undefined) {
    throw new Error(`expected one ${kind}, found ${actionsOf(decision).join(", ") || "nothing"}`);
  }
  return only;
}

/** What a task waits for; fails the test when nothing is said. */
export function waitOf(decision: Decision, id: string): TaskWait {
  const wait = decision.waits.find((one) => one.taskId === id);
  if (wait === undefined) throw new Error(`nobody says what ${id} waits for`);
  return wait;
}

/** The status that a decision gives a task; undefined when it leaves it. */
export const newStatus = (decision: Decision, id: string): TaskStatus | undefined =>
  patchesOf(decision.patches, id)
    .map((patch) => patch.set.status)
    .findLast((status) => status !== undefined);

export const patchesOf = (patches: readonly ManifestPatch[], id: string) =>
  patches.flatMap((patch) => (patch.kind === "task" && patch.taskId === id ? [patch] : []));

/** The manifest after patches, as the next beat reads it. */
export function patched(manifest: Manifest, patches: readonly ManifestPatch[]): Manifest {
  const roots = patches.flatMap((patch) => (patch.kind === "root" ? [patch.set] : []));
  const tasksOf = (task: Task) => {
    const mine = patchesOf(patches, task.id);
    const state = Object.assign({}, task.state, ...mine.map((patch) => patch.state));
    return without(Object.assign({}, task, ...mine.map((patch) => patch.set), { state }));
  };
  return Manifest.parse({
    ...manifest,
    ...Object.assign({}, ...roots),
    phases: manifest.phases.map((phase) => ({ ...phase, tasks: phase.tasks.map(tasksOf) })),
  });
}

/** Fields that were set to `undefined` are gone, as on disk. */
function without<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value));
}

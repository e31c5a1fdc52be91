import pMap from "p-map";
import { agentByName } from "../agents/catalog.ts";
import { classify } from "../classify/classify.ts";
import type { TaskEvidence } from "../classify/evidence.ts";
import type { Verdict } from "../classify/verdict.ts";
import type { Action } from "../decide/action.ts";
import { type Decision, decide } from "../decide/decide.ts";
import type { TaskWait } from "../decide/wait.ts";
import type { ExecutionContext, ExecutorPorts, Outcome } from "../executor/context.ts";
import { execute } from "../executor/execute.ts";
import { taskGraph } from "../graph/task-graph.ts";
import { CoppiceError } from "../manifest/errors.ts";
import { machineTrouble } from "../manifest/machine-trouble.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ManifestPatch } from "../manifest/merge.ts";
import type { Problem } from "../manifest/problem.ts";
import { settingsOf } from "../manifest/settings.ts";
import { isActive } from "../manifest/status.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { fromIso } from "../manifest/time.ts";
import type { CoppiceEvent } from "../ports/journal.ts";
import type { HeldLock } from "../ports/lock.ts";
import type { ManifestSnapshot, ManifestStore } from "../ports/manifest-store.ts";
import { createObserver, OBSERVED } from "./observe.ts";

export interface HeartbeatOptions {
  readonly ports: ExecutorPorts & { readonly store: ManifestStore };
  /** Absolute. */
  readonly workdir: string;
  /** The resolved base branch. */
  readonly base: string;
  /** Sessions at the same time where the manifest does not say. */
  readonly maxParallelDefault: number;
  /** Retire merged tasks although others are not merged yet. */
  readonly cleanup: boolean;
  /** The lock of this workdir: checked before every action. */
  readonly lock: Pick<HeldLock, "isOurs">;
  readonly emit: (event: CoppiceEvent) => Promise<void>;
}

/** What one beat found and did. */
export interface BeatReport {
  /** The document after the beat; the last good one while the file is invalid. */
  readonly snapshot: ManifestSnapshot | undefined;
  /** Why the file cannot be read now; nothing was done. */
  readonly problems: readonly Problem[];
  readonly acted: number;
  /** A task has another status than before. */
  readonly changed: boolean;
  readonly waits: readonly TaskWait[];
  /** Unix milliseconds. */
  readonly wakeAtMs: number | undefined;
}

/** One pass: observe → classify → decide → act → one commit of the manifest. */
export interface Heartbeat {
  beat(): Promise<BeatReport>;
  /** The first half of a beat: what it sees and what it would do now. Nothing is done or written. */
  look(snapshot: ManifestSnapshot): Promise<Look>;
}

/** What a beat rests on and what it decides. */
export interface Look {
  readonly evidence: ReadonlyMap<TaskId, TaskEvidence>;
  readonly verdicts: ReadonlyMap<TaskId, Verdict>;
  readonly decision: Decision;
}

/** How many actions run side by side. */
const ACTIONS_AT_ONCE = 4;

export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const observer = createObserver(options.ports);
  const told = new Map<string, string>();
  let lastGood: ManifestSnapshot | undefined;
  let invalidText = "";

  async function readManifest(): Promise<
    { readonly snapshot: ManifestSnapshot } | { readonly problems: readonly Problem[] }
  > {
    const read = await options.ports.store.read();
    if (read.kind === "missing") {
      throw manifestMissing(read.path);
    }
    if (read.kind === "invalid") {
      await tellInvalid(read.problems);
      return { problems: read.problems };
    }
    if (invalidText !== "") await options.emit({ kind: "manifest-mended" });
    invalidText = "";
    return { snapshot: read.snapshot };
  }

  async function tellInvalid(problems: readonly Problem[]): Promise<void> {
    const text = JSON.stringify(problems);
    if (text === invalidText) return;
    invalidText = text;
    await options.emit({
      kind: "manifest-invalid",
      problems: problems.map((one) => ({
        place: `${one.file}:${one.line}:${one.column}`,
        message: one.message,
        remedy: one.remedy,
      })),
    });
  }

  /** Tells what gives no answer, once for as long as its reason stays the same. */
  async function tellUnanswered(
    asked: readonly string[],
    unanswered: readonly { readonly what: string; readonly reason: string }[],
  ): Promise<void> {
    for (const what of asked) {
      const reason = unanswered.find((one) => one.what === what)?.reason;
      if (reason === undefined) told.delete(what);
      else if (told.get(what) !== reason) {
        told.set(what, reason);
        await options.emit({ kind: "probe-unknown", what, reason });
      }
    }
  }

  async function act(context: ExecutionContext, action: Action): Promise<Outcome | undefined> {
    if (!(await options.lock.isOurs())) return undefined;
    await options.emit({ kind: "action-begun", action });
    const outcome = await execute(context, action);
    for (const event of outcome.events) await options.emit(event);
    await options.emit(
      outcome.failed
        ? { kind: "action-failed", action, ...outcome.failed }
        : { kind: "action-done", action, result: outcome.result },
    );
    return outcome;
  }

  async function commit(
    before: ManifestSnapshot,
    patches: readonly ManifestPatch[],
    decision: Decision,
  ): Promise<ManifestSnapshot> {
    const written = await options.ports.store.commit(before, patches);
    if (written.kind === "invalid") {
      await tellInvalid(written.problems);
      return before;
    }
    if (written.kind === "committed") {
      for (const { taskId, field } of written.kept)
        await options.emit({ kind: "edit-kept", taskId, field });
    }
    for (const event of changes(before.manifest, written.snapshot.manifest, decision.waits)) {
      await options.emit(event);
    }
    return written.snapshot;
  }

  /** New tasks start from what the base is now; without an answer from what it was. */
  async function refresh(): Promise<void> {
    const fetched = await options.ports.repository.fetch();
    await tellUnanswered(
      ["origin"],
      fetched.kind === "failed" ? [{ what: "origin", reason: fetched.reason }] : [],
    );
  }

  async function look({ manifest }: ManifestSnapshot): Promise<Look> {
    const { evidence, unanswered } = await observer.observe(manifest, options.workdir);
    await tellUnanswered(OBSERVED, unanswered);
    const { clock } = options.ports;
    const nowMs = clock.now();
    const verdicts = verdictsOf(manifest, evidence, nowMs, clock.utcOffsetMinutes());
    const decision = decide({
      manifest,
      graph: taskGraph(manifest),
      evidence,
      verdicts,
      base: manifest.base ?? options.base,
      maxParallel: manifest.maxParallel ?? options.maxParallelDefault,
      nowMs,
      cleanup: options.cleanup,
    });
    return { evidence, verdicts, decision };
  }

  return {
    look,
    async beat() {
      const read = await readManifest();
      if ("problems" in read) {
        return {
          snapshot: lastGood,
          problems: read.problems,
          acted: 0,
          changed: false,
          waits: [],
          wakeAtMs: undefined,
        };
      }
      const { snapshot } = read;
      const { manifest } = snapshot;
      const { decision } = await look(snapshot);
      if (decision.actions.some((action) => action.kind === "start")) await refresh();
      const context = { ports: options.ports, manifest, workdir: options.workdir };
      const outcomes = await allDone(decision.actions, (action) => act(context, action));
      const patches = [
        ...decision.patches,
        ...outcomes.flatMap((outcome) => outcome?.patches ?? []),
      ];
      if (decision.actions.some((action) => action.kind === "deliver")) observer.forgetForge();
      if (!(await options.lock.isOurs())) throw lockLost(options.workdir);
      lastGood = patches.length > 0 ? await commit(snapshot, patches, decision) : snapshot;
      return {
        snapshot: lastGood,
        problems: [],
        acted: decision.actions.length,
        changed: statusesOf(lastGood.manifest) !== statusesOf(manifest),
        waits: decision.waits,
        wakeAtMs: decision.wakeAtMs,
      };
    },
  };
}

/** A few at a time; also where one fails, nothing goes on behind the next beat's back. */
async function allDone<T>(
  actions: readonly Action[],
  act: (action: Action) => Promise<T>,
): Promise<readonly T[]> {
  try {
    return await pMap(actions, act, { concurrency: ACTIONS_AT_ONCE, stopOnError: false });
  } catch (error) {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    throw errors.find((one) => machineTrouble(one) === undefined) ?? errors[0];
  }
}

function verdictsOf(
  manifest: Manifest,
  evidence: ReadonlyMap<TaskId, TaskEvidence>,
  nowMs: number,
  utcOffsetMinutes: number,
): ReadonlyMap<TaskId, Verdict> {
  const verdicts = new Map<TaskId, Verdict>();
  for (const task of tasksOf(manifest)) {
    const facts = evidence.get(task.id);
    const name = task.state?.agent ?? settingsOf(manifest, task).agents[0] ?? "";
    const agent = agentByName(name);
    const mayHaveSession = isActive(task.status) || ["pr_open", "merged"].includes(task.status);
    if (!facts || !agent || !mayHaveSession) continue;
    verdicts.set(
      task.id,
      classify({
        agent,
        evidence: facts,
        nowMs,
        utcOffsetMinutes,
        stallAfterMs: manifest.policy.stallAfterMinutes * 60_000,
        progressAtMs: task.lastProgress ? fromIso(task.lastProgress) : nowMs,
      }),
    );
  }
  return verdicts;
}

/** Changes of status and verdict, and agents that are paused now, as events. */
function changes(
  before: Manifest,
  after: Manifest,
  waits: readonly TaskWait[],
): readonly CoppiceEvent[] {
  const old = new Map(tasksOf(before).map((task) => [task.id, task]));
  const ofTasks = tasksOf(after).flatMap((task): CoppiceEvent[] => {
    const was = old.get(task.id);
    if (was === undefined) return [];
    const held = ["blocked", "stuck", "error"].includes(task.status);
    const reason = waits.find((wait) => wait.taskId === task.id)?.reason;
    const why = held ? (task.error ?? reason ?? "") : "";
    const verdict = task.state?.verdict;
    return [
      ...(verdict !== undefined && verdict !== was.state?.verdict
        ? [
            {
              kind: "verdict-changed",
              taskId: task.id,
              verdict,
              why: task.state?.why ?? "",
            } as const,
          ]
        : []),
      ...(task.status === was.status
        ? []
        : [
            {
              kind: "status-changed",
              taskId: task.id,
              from: was.status,
              to: task.status,
              why,
            } as const,
          ]),
    ];
  });
  return [...newPauses(before, after), ...ofTasks];
}

function newPauses(before: Manifest, after: Manifest): readonly CoppiceEvent[] {
  return Object.entries(after.pausedAgents ?? {}).flatMap(([agent, { until, why }]) =>
    before.pausedAgents?.[agent]?.until === until
      ? []
      : [{ kind: "agent-paused", agent, until, why } as const],
  );
}

const statusesOf = (manifest: Manifest): string =>
  tasksOf(manifest)
    .map((task) => `${task.id} ${task.status}`)
    .join("\n");

/** There is no manifest where one was named. */
export const manifestMissing = (path: string): CoppiceError =>
  new CoppiceError({
    code: "manifest-missing",
    kind: "input",
    message: `there is no manifest at ${path}`,
    hint: "Make one with coppice plan, or name it with --manifest FILE.",
  });

const lockLost = (workdir: string): CoppiceError =>
  new CoppiceError({
    code: "lock-lost",
    kind: "machine",
    message: `another Coppice has taken over ${workdir}`,
    hint: "This one stops without writing; coppice status shows what the other does.",
  });

const tasksOf = (manifest: Manifest): readonly Task[] =>
  manifest.phases.flatMap((phase) => phase.tasks);

import { agentByName } from "../agents/catalog.ts";
import { classify } from "../classify/classify.ts";
import type { CollisionFact, TaskEvidence } from "../classify/evidence.ts";
import type { Verdict } from "../classify/verdict.ts";
import type { Action } from "../decide/action.ts";
import { type Decision, decide } from "../decide/decide.ts";
import { uncounted } from "../decide/ladder.ts";
import type { TaskWait } from "../decide/wait.ts";
import type { ExecutorPorts } from "../executor/context.ts";
import { execute } from "../executor/execute.ts";
import { taskGraph } from "../graph/task-graph.ts";
import { CoppiceError } from "../manifest/errors.ts";
import {
  afterPatches,
  type MachineFields,
  machineFields,
  refusedEdits,
} from "../manifest/hand-edits.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ManifestPatch } from "../manifest/merge.ts";
import type { Problem } from "../manifest/problem.ts";
import { settingsOf } from "../manifest/settings.ts";
import { isActive, isDelivered, mayChange } from "../manifest/status.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import { fromIso } from "../manifest/time.ts";
import type { CoppiceEvent } from "../ports/journal.ts";
import type { HeldLock } from "../ports/lock.ts";
import type { ManifestSnapshot, ManifestStore } from "../ports/manifest-store.ts";
import { createHands } from "./hands.ts";
import { learnedEvents } from "./learned-events.ts";
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
  /** It beats again and again, so that it can tell time that went by from a jump of the clock. */
  readonly watches: boolean;
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
  /** Actions that were begun. */
  readonly acted: number;
  /** Tasks with an action that was begun, now or before, and has not ended. */
  readonly underWay: number;
  /** A task has another status than before. */
  readonly changed: boolean;
  readonly waits: readonly TaskWait[];
  /** Unix milliseconds. */
  readonly wakeAtMs: number | undefined;
}

/** One pass: observe → classify → decide → commit → begin the actions; each action's outcome is committed when it ends. */
export interface Heartbeat {
  /**
   * `ended` is told each time when the actions of a task have ended. With `heard`, of all agents at work only those of
   * these tasks are looked at, and nothing is decided about the others.
   */
  beat(ended?: () => void, heard?: ReadonlySet<string>): Promise<BeatReport>;
  /** Waits until the actions under way have ended. Throws what broke one of them. */
  settle(): Promise<void>;
  /** Like `settle`, but actions that still wait for their turn are not begun any more. */
  stop(): Promise<void>;
  /** The first half of a beat: what it sees and what it would do now. Nothing is done or written. */
  look(snapshot: ManifestSnapshot): Promise<Look>;
}

/** What a beat rests on and what it decides. */
export interface Look {
  readonly evidence: ReadonlyMap<TaskId, TaskEvidence>;
  readonly verdicts: ReadonlyMap<TaskId, Verdict>;
  readonly collisions: readonly CollisionFact[];
  readonly decision: Decision;
}

export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const observer = createObserver(options.ports);
  const told = new Map<string, string>();
  const hands = createHands(act);
  const watch = options.watches ? steadyWatch() : () => Number.POSITIVE_INFINITY;
  let lastGood: ManifestSnapshot | undefined;
  /** The last commit whose changes were told; several may share it. */
  let lastTold: ManifestSnapshot | undefined;
  let waits: readonly TaskWait[] = [];
  let machine: MachineFields = new Map();
  let knownStrays: ReadonlySet<string> = new Set();
  const knownCollisions = new Set<string>();
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

  /** Tells of each session without a task once, as long as it is there. */
  async function tellStrays(strays: readonly string[]): Promise<void> {
    for (const taskId of strays) {
      if (!knownStrays.has(taskId)) await options.emit({ kind: "stray-session", taskId });
    }
    knownStrays = new Set(strays);
  }

  async function tellCollisions(collisions: readonly CollisionFact[]): Promise<void> {
    for (const { left, right, files } of collisions) {
      const pair = `${left} ${right}`;
      if (knownCollisions.has(pair)) continue;
      knownCollisions.add(pair);
      const paths = files.map(({ path }) => path);
      await options.emit({ kind: "collision", taskId: left, other: right, files: paths });
    }
  }

  async function act({ action, readAs, decidedOn, fetched }: Order): Promise<() => Promise<void>> {
    if (!(await options.lock.isOurs())) throw lockLost(options.workdir);
    // New tasks start from what the base is now.
    if (action.kind === "start") await fetched();
    const { ports, workdir } = options;
    if (!isStillMeant(action, decidedOn.manifest, lastGood?.manifest)) return async () => undefined;
    await options.emit({ kind: "action-begun", action });
    const outcome = await execute({ ports, manifest: decidedOn.manifest, workdir }, action);
    const end: CoppiceEvent = outcome.failed
      ? { kind: "action-failed", action, ...outcome.failed }
      : { kind: "action-done", action, result: outcome.result };
    if (action.kind === "deliver") observer.forgetForge();
    return async () => {
      await Promise.all([...outcome.events, end].map((event) => options.emit(event)));
      const back = outcome.leftAlone ? takenBack(action.taskId, readAs, decidedOn) : [];
      const patches = [...outcome.patches, ...back];
      if (patches.length > 0) await commit(decidedOn, patches);
    };
  }

  /** Puts back what a person changed by hand and only the run can know; what is under way is still being written. */
  async function vet(
    read: ManifestSnapshot,
    underWay: ReadonlyMap<TaskId, Action>,
  ): Promise<ManifestSnapshot> {
    const refused = refusedEdits(machine, read.manifest).filter(
      ({ taskId }) => !underWay.has(taskId),
    );
    const undone = refused.map(({ undo }) => undo);
    const vetted = (undone.length > 0 ? await commit(read, undone) : undefined) ?? read;
    for (const { taskId, field, reason } of refused) {
      await options.emit({ kind: "edit-refused", taskId, field, reason });
    }
    machine = new Map(
      [...machineFields(vetted.manifest)].map(([taskId, fields]) => [
        taskId,
        underWay.has(taskId) ? (machine.get(taskId) ?? fields) : fields,
      ]),
    );
    return vetted;
  }

  /** `base` is what the patches were made from. Undefined: the file cannot be read now. */
  async function commit(
    base: ManifestSnapshot,
    patches: readonly ManifestPatch[],
  ): Promise<ManifestSnapshot | undefined> {
    if (!(await options.lock.isOurs())) throw lockLost(options.workdir);
    const written = await options.ports.store.commit(base, patches).catch((error: unknown) => {
      // Whether it was written nobody knows: what the file says next is no edit by hand, as at the start of a run.
      machine = new Map();
      throw error;
    });
    if (written.kind === "invalid") {
      await tellInvalid(written.problems);
      return undefined;
    }
    lastGood = written.snapshot;
    machine = afterPatches(machine, patches);
    if (written.kind === "unchanged") return written.snapshot;
    const { before, snapshot, kept } = written;
    const changed = lastTold === snapshot ? [] : changes(before.manifest, snapshot.manifest, waits);
    lastTold = snapshot;
    // All at once, so that what another commit changes next is told after it.
    await Promise.all([
      ...kept.map(({ taskId, field }) => options.emit({ kind: "edit-kept", taskId, field })),
      ...changed.map((one) => options.emit(one)),
    ]);
    return snapshot;
  }

  /** Without an answer the base stays what it was. */
  async function refresh(): Promise<void> {
    const fetched = await options.ports.repository.fetch();
    await tellUnanswered(
      ["origin"],
      fetched.kind === "failed" ? [{ what: "origin", reason: fetched.reason }] : [],
    );
  }

  async function look(
    { manifest }: ManifestSnapshot,
    underWay: ReturnType<typeof hands.underWay> = new Map(),
    unseen: ReadonlySet<TaskId> = new Set(),
  ): Promise<Look> {
    const seen = await observer.observe(manifest, options.workdir, { underWay, unseen });
    const { evidence, strays, collisions, untried } = seen;
    await tellUnanswered(OBSERVED, seen.unanswered);
    await tellStrays(strays);
    await tellCollisions(collisions);
    const { clock } = options.ports;
    const nowMs = clock.now();
    const watchedMs = watch(nowMs, clock.steady());
    const looked = new Map([...evidence].filter(([id]) => !unseen.has(id)));
    const verdicts = verdictsOf(manifest, looked, nowMs, clock.utcOffsetMinutes());
    const decision = decide({
      manifest,
      graph: taskGraph(manifest),
      evidence,
      verdicts,
      collisions,
      untried,
      base: manifest.base ?? options.base,
      maxParallel: manifest.maxParallel ?? options.maxParallelDefault,
      nowMs,
      watchedMs,
      cleanup: options.cleanup,
      strays,
      underWay,
      unseen,
    });
    return { evidence, verdicts, collisions, decision };
  }

  /**
   * Commits what was decided, then begins its actions: none when the file is not as the beat saw it any more. What became of
   * a task by an action that was under way is no such change: dropped for it, a nudge or a resume would count and not be.
   */
  async function begin(
    snapshot: ManifestSnapshot,
    decision: Decision,
    underWay: ReturnType<typeof hands.underWay>,
    ended: () => void,
  ): Promise<readonly Action[]> {
    const { patches, actions } = decision;
    const decidedOn = patches.length > 0 ? await commit(snapshot, patches) : snapshot;
    if (!decidedOn || !isAsDecided(decidedOn.manifest, snapshot.manifest, patches, underWay))
      return [];
    const wanted = actions.filter((one) => restsOn(one, snapshot.manifest, decidedOn.manifest));
    const fetched = once(refresh);
    hands.begin(
      wanted.map((action) => ({ action, readAs: snapshot, decidedOn, fetched })),
      ended,
    );
    return wanted;
  }

  return {
    look: (snapshot) => look(snapshot),
    settle: () => hands.settle(),
    stop: () => hands.stop(),
    async beat(ended = () => undefined, heard = undefined) {
      // What ends from here on was still under way for this beat: its commit may come after the reading.
      const underWay = hands.underWay();
      const read = await readManifest();
      if ("problems" in read) {
        const { problems } = read;
        const waiting = { acted: 0, underWay: underWay.size, changed: false };
        return { snapshot: lastGood, problems, ...waiting, waits: [], wakeAtMs: undefined };
      }
      const snapshot = await vet(read.snapshot, underWay);
      lastGood = snapshot;
      const unseen = unheard(snapshot.manifest, heard, underWay);
      const { decision } = await look(snapshot, underWay, unseen);
      if (!(await options.lock.isOurs())) throw lockLost(options.workdir);
      const before = new Map(waits.map((wait) => [wait.taskId, wait]));
      waits = decision.waits.map((wait) =>
        unseen.has(wait.taskId) ? (before.get(wait.taskId) ?? wait) : wait,
      );
      const actions = await begin(snapshot, decision, underWay, ended);
      return {
        snapshot: lastGood,
        problems: [],
        acted: actions.length,
        underWay: new Set([...underWay.keys(), ...actions.map(({ taskId }) => taskId)]).size,
        changed: statusesOf(lastGood.manifest) !== statusesOf(snapshot.manifest),
        waits,
        wakeAtMs: decision.wakeAtMs,
      };
    },
  };
}

/** The tasks whose agents are at work, without those that were heard of. */
function unheard(
  manifest: Manifest,
  heard: ReadonlySet<string> | undefined,
  underWay: ReadonlyMap<TaskId, Action>,
): ReadonlySet<TaskId> {
  if (heard === undefined) return new Set();
  const atWork = tasksOf(manifest).filter(({ id, status }) => isActive(status) && !heard.has(id));
  return new Set(atWork.map(({ id }) => id).filter((id) => !underWay.has(id)));
}

/** An action with what it was decided on. */
interface Order {
  readonly action: Action;
  /** The manifest before the decision, and with what it notes. */
  readonly readAs: ManifestSnapshot;
  readonly decidedOn: ManifestSnapshot;
  /** Resolves when the base of this beat is fetched. */
  readonly fetched: () => Promise<void>;
}

/** What the decision counted for an action that was not done. */
function takenBack(
  taskId: TaskId,
  readAs: ManifestSnapshot,
  decidedOn: ManifestSnapshot,
): readonly ManifestPatch[] {
  const [before, decided] = [readAs, decidedOn].map(({ manifest }) =>
    tasksOf(manifest).find((task) => task.id === taskId),
  );
  const state = before && decided ? uncounted(before, decided) : undefined;
  return state === undefined ? [] : [{ kind: "task", taskId, set: {}, state }];
}

/** No later beat has read that a person took the task elsewhere; or, before a start, any other that it rests on. */
function isStillMeant(action: Action, decidedOn: Manifest, last = decidedOn): boolean {
  const now = new Map(tasksOf(last).map(({ id, status }) => [id, status]));
  if (!restsOn(action, decidedOn, last)) return false;
  return tasksOf(decidedOn).every(({ id, status }) => {
    const then = now.get(id);
    if (id === action.taskId) return then === status;
    return action.kind !== "start" || (then !== undefined && mayChange("heartbeat", status, then));
  });
}

/** A start rests on what a person wants of the task, which may be something else by now. */
const restsOn = (action: Action, decided: Manifest, now: Manifest): boolean =>
  action.kind !== "start" || wishOf(decided, action.taskId) === wishOf(now, action.taskId);

/** Where a task belongs, what it waits for and what it begins from. */
const wishOf = (manifest: Manifest, taskId: TaskId): string =>
  JSON.stringify(
    manifest.phases.flatMap(({ name, tasks }) =>
      tasks
        .filter(({ id }) => id === taskId)
        .map(({ dependsOn, files, branch, base }) => ({ name, dependsOn, files, branch, base })),
    ),
  );

/** Every other task that was there has the status that was decided on: no person took one elsewhere meanwhile. */
function isAsDecided(
  committed: Manifest,
  read: Manifest,
  patches: readonly ManifestPatch[],
  underWay: ReadonlyMap<TaskId, Action>,
): boolean {
  const meant = new Map(tasksOf(read).map((task) => [task.id, task.status]));
  for (const patch of patches) {
    if (patch.kind === "task" && patch.set.status) meant.set(patch.taskId, patch.set.status);
  }
  const now = new Map(tasksOf(committed).map((task) => [task.id, task.status]));
  return [...meant].every(([id, status]) => underWay.has(id) || now.get(id) === status);
}

/** The clock may be set, and is corrected a little all the time. */
const JUMP_MS = 5000;

/** Says at each look how long both clocks have gone on together. */
function steadyWatch(): (nowMs: number, steadyMs: number) => number {
  let last: { readonly nowMs: number; readonly steadyMs: number } | undefined;
  let sinceMs = 0;
  return (nowMs, steadyMs) => {
    const drift = last === undefined ? Infinity : nowMs - last.nowMs - (steadyMs - last.steadyMs);
    if (Math.abs(drift) > JUMP_MS) sinceMs = steadyMs;
    last = { nowMs, steadyMs };
    return steadyMs - sinceMs;
  };
}

/** The same promise for all who ask; nothing happens before the first does. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
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
    if (!facts || !agent || !hasSomethingToJudge(task, facts)) continue;
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

/** An agent at work has left some trace; of delivered work only the session, as long as there is one. */
function hasSomethingToJudge({ status }: Task, { session }: TaskEvidence): boolean {
  const isGone = session.kind === "known" && session.value === null;
  return isActive(status) || (["pr_open", "merged"].includes(status) && !isGone);
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
    const wentBack = isActive(task.status) && isDelivered(was.status);
    const reason = waits.find((wait) => wait.taskId === task.id)?.reason;
    const why = held || wentBack ? (task.error ?? reason ?? "") : "";
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
  return [...newPauses(before, after), ...ofTasks, ...learnedEvents(before, after)];
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

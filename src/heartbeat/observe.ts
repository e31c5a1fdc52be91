import pLimit from "p-limit";
import {
  type ChecksFact,
  type CollisionFact,
  type GitFact,
  known,
  type Probe,
  type PullRequestFact,
  type TaskEvidence,
  type UntriedFact,
  unknown,
  type VerifyFact,
} from "../classify/evidence.ts";
import type { Action } from "../decide/action.ts";
import { collisionPairs } from "../decide/collide.ts";
import { worktreeOf } from "../executor/context.ts";
import { branchOf } from "../manifest/branch.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { sessionNameOf, verifySessionNameOf } from "../manifest/names.ts";
import { isActive, isWaiting } from "../manifest/status.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import type { Clock } from "../ports/clock.ts";
import type { Forge } from "../ports/forge.ts";
import type { Repository } from "../ports/repository.ts";
import type { Observation, Sessions } from "../ports/sessions.ts";
import type { TaskFolders } from "../ports/task-folders.ts";

export interface ObserverPorts {
  readonly sessions: Sessions;
  readonly folders: TaskFolders;
  readonly repository: Repository;
  readonly forge: Forge;
  readonly clock: Clock;
}

const TMUX = "tmux";
const FORGE = "the forge";
const CHECKS = "the forge about checks";
const MERGES = "git merge-tree";
/** Whom each observation asks. */
export const OBSERVED: readonly string[] = [TMUX, FORGE, CHECKS, MERGES];

/** Evidence of every task, and which questions got no answer. */
export interface Observed {
  readonly evidence: ReadonlyMap<TaskId, TaskEvidence>;
  readonly unanswered: readonly { readonly what: string; readonly reason: string }[];
  /** Unmerged work that does not merge with each other. */
  readonly collisions: readonly CollisionFact[];
  /** Unmerged work of which that is not known. */
  readonly untried: readonly UntriedFact[];
  /** Tasks whose agent may be at work and that the manifest does not have: a person took them out or renamed them. */
  readonly strays: readonly string[];
}

export interface PassedOver {
  /** Their actions are under way. */
  readonly underWay: ReadonlyMap<TaskId, Action>;
  /** Their agents are at work, and their screens are not read either. */
  readonly unseen: ReadonlySet<TaskId>;
}

/** Looks at the world. What it remembers between beats only saves questions; a new observer is as good. */
export interface Observer {
  /** Of a task in `passedOver` only its session is looked at: nothing is decided about it now. */
  observe(manifest: Manifest, workdir: string, passedOver: PassedOver): Promise<Observed>;
  /** The next look at the forge asks it anew. */
  forgetForge(): void;
}

const GIT_AGE_MAX_MS = 30_000;
/** A session that has been silent this long may have ended its turn. */
const QUIET_SECONDS = 2;
/** How many tasks are looked at side by side. */
const LOOKS_AT_ONCE = 8;
const NOT_ASKED = unknown("not asked in this beat");

type PullRequests = ReadonlyMap<string, PullRequestFact>;
/** By the number of the pull request. */
type Checks = ReadonlyMap<number, Probe<ChecksFact>>;

interface ForgeAnswer {
  readonly found: Probe<PullRequests>;
  readonly checks: Checks;
}
type Listing = ReadonlyMap<string, Observation>;

/** One task in one beat, with the answers that are on their way for all. */
interface TaskLook {
  readonly manifest: Manifest;
  readonly workdir: string;
  readonly task: Task;
  /** An action of the task is under way, or it is not looked at in this beat. */
  readonly busy: boolean;
  /** What was in its folder before tmux was asked. */
  readonly early: Left | undefined;
  readonly sessions: Promise<Probe<Listing>>;
  readonly forge: Promise<ForgeAnswer>;
}

/** What the newest attempt has left in the task's folder. */
interface Left extends Pick<TaskEvidence, "launch" | "exit" | "signals"> {
  /** When its agent said the last thing. */
  readonly saidAtMs: number;
  readonly launchedAtMs: number;
}

export function createObserver(ports: ObserverPorts): Observer {
  const limit = pLimit(LOOKS_AT_ONCE);
  let forge: (ForgeAnswer & { readonly atMs: number; readonly branches: string }) | null = null;
  const git = new Map<TaskId, { readonly atMs: number; readonly fact: Probe<GitFact | null> }>();

  async function askForge(manifest: Manifest): Promise<ForgeAnswer> {
    const asked = tasksOf(manifest)
      .filter(
        (task) => !["draft", "planned", "merged", "cancelled", "archived"].includes(task.status),
      )
      .map((task) => branchOf(manifest, task));
    if (asked.length === 0) return { found: known(new Map()), checks: new Map() };
    const branches = asked.join("\n");
    const ageMs = forge === null ? Number.POSITIVE_INFINITY : ports.clock.now() - forge.atMs;
    const fresh = ageMs >= 0 && ageMs < 1000 * manifest.policy.forgePollSeconds;
    if (!forge || !fresh || forge.branches !== branches || forge.found.kind === "unknown") {
      const atMs = ports.clock.now();
      const found = await ports.forge.pullRequests(asked);
      forge = { atMs, branches, found, checks: await checksOf(manifest, found) };
    }
    return forge;
  }

  async function checksOf(manifest: Manifest, found: Probe<PullRequests>): Promise<Checks> {
    if (manifest.policy.checks === "ignore" || found.kind === "unknown") return new Map();
    const open = tasksOf(manifest).flatMap((task) => {
      const pull = found.value.get(branchOf(manifest, task));
      const isFollowed = task.status === "pr_open" && pull?.state === "open";
      return isFollowed && pull.headSha !== null
        ? [{ number: pull.number, sha: pull.headSha }]
        : [];
    });
    return open.length === 0 ? new Map() : await ports.forge.checks(open);
  }

  async function gitFact(
    manifest: Manifest,
    workdir: string,
    task: Task,
    sinceMs: number,
    launchedAtMs: number,
  ): Promise<Probe<GitFact | null>> {
    const nowMs = ports.clock.now();
    const last = git.get(task.id);
    if (last === undefined && launchedAtMs > sinceMs && launchedAtMs <= nowMs) return NOT_ASKED;
    if (last?.fact.kind === "known" && last.atMs > sinceMs && last.atMs <= nowMs) return last.fact;
    const fact = await ports.repository.probe({
      taskId: task.id,
      branch: branchOf(manifest, task),
      worktree: worktreeOf(workdir, task.id),
      ignore: [],
    });
    git.set(task.id, { atMs: nowMs, fact });
    return fact;
  }

  /** A verification without a record and without its session was lost with tmux: it counts as not begun. */
  async function verifyFact(
    taskId: TaskId,
    sha: string,
    sessions: Probe<Listing>,
  ): Promise<Probe<VerifyFact | null>> {
    const fact = await ports.folders.verify(taskId, sha);
    if (fact.kind === "unknown" || !fact.value?.running) return fact;
    if (sessions.kind === "unknown") return sessions;
    return sessions.value.has(verifySessionNameOf(taskId)) ? fact : known(null);
  }

  /**
   * Git is asked while tmux still answers when an agent left its end or something new: that stays true whatever the screen
   * shows. Everything else is asked after the screen was read.
   */
  async function evidenceOf(look: TaskLook): Promise<TaskEvidence> {
    const { manifest, workdir, task, busy, early } = look;
    const news =
      early !== undefined && isNews(early, git.get(task.id)?.atMs ?? 0)
        ? limit(() => gitFact(manifest, workdir, task, ports.clock.now(), early.launchedAtMs))
        : null;
    const [sessions, { found, checks }, earlyGit] = await Promise.all([
      look.sessions,
      look.forge,
      news,
    ]);
    const takenAtMs = ports.clock.now();
    const seen = sessions.kind === "known" ? sessions.value.get(sessionNameOf(task.id)) : undefined;
    const pull = found.kind === "known" ? found.value.get(branchOf(manifest, task)) : undefined;
    const base = {
      taskId: task.id,
      takenAtMs,
      pullRequest: found.kind === "known" ? known(pull ?? null) : found,
      checks: (pull === undefined ? undefined : checks.get(pull.number)) ?? known(null),
      session: sessions.kind === "known" ? known(seen?.session ?? null) : sessions,
      screen: sessions.kind === "known" ? (seen?.screen ?? known(null)) : sessions,
      git: NOT_ASKED,
      launch: known(null),
      exit: known(null),
      verify: known(null),
      signals: known([]),
    } satisfies TaskEvidence;
    // Others may build on a task that is complete: what git said of it before its action ended will not do.
    if (busy && task.status === "complete") return base;
    if (busy) return { ...base, git: git.get(task.id)?.fact ?? NOT_ASKED };
    return await limit(async () => {
      if (isWaiting(task.status)) {
        return { ...base, launch: await ports.folders.launch(task.id, task.attempts ?? 0) };
      }
      if (task.status === "complete") {
        return { ...base, git: await gitFact(manifest, workdir, task, takenAtMs, 0) };
      }
      // Of a delivered task only its session matters, as long as it has one.
      const hasSession = seen !== undefined || sessions.kind === "unknown";
      if (!isActive(task.status) && !hasSession) {
        // Before its agent is told of checks: another run may have told it already.
        const isFollowed = task.status === "pr_open" && manifest.policy.checks === "tell";
        if (!isFollowed) return base;
        return { ...base, launch: await ports.folders.launch(task.id, task.attempts ?? 0) };
      }
      // An agent that has gone may have committed and left its record after the first reading.
      const stands = early !== undefined && (hasEnded(early) || isAlive(seen));
      const left = stands ? early : await leftBy(task);
      const { launch, exit, signals } = left;
      if (!isActive(task.status)) return { ...base, launch, exit };
      // An older answer will do while the agent works: before it says or shows anything else, nothing is decided on it.
      const works =
        ["working", "unknown"].includes(task.state?.verdict ?? "unknown") &&
        exit.kind === "known" &&
        exit.value === null;
      const sinceMs = works
        ? Math.max(takenAtMs - gitAgeMaxMs(manifest), left.saidAtMs, shownAtMs(seen, takenAtMs))
        : takenAtMs;
      const fact =
        (stands ? earlyGit : null) ??
        (await gitFact(manifest, workdir, task, sinceMs, left.launchedAtMs));
      const head = fact.kind === "known" ? fact.value?.headSha : undefined;
      return {
        ...base,
        launch,
        exit,
        git: fact,
        verify: head === undefined ? known(null) : await verifyFact(task.id, head, sessions),
        signals,
      };
    });
  }

  async function leftBy({ id: taskId, attempts }: Task): Promise<Left> {
    const launch = await ports.folders.launch(taskId, attempts ?? 0);
    const newest = launch.kind === "known" ? launch.value : null;
    if (newest === null) {
      const nothing = { exit: known(null), signals: known([]) };
      return { launch, ...nothing, saidAtMs: 0, launchedAtMs: 0 };
    }
    const exit = await ports.folders.exit(taskId, newest.attempt);
    const signals = await ports.folders.signals(taskId, newest.attempt);
    const saidAtMs =
      signals.kind === "known" ? (signals.value.at(-1)?.atMs ?? 0) : ports.clock.now();
    return { launch, exit, signals, saidAtMs, launchedAtMs: newest.startedAtMs };
  }

  async function collisionsOf(
    manifest: Manifest,
    evidence: ReadonlyMap<TaskId, TaskEvidence>,
    underWay: ReadonlyMap<TaskId, Action>,
  ): Promise<Pick<Observed, "collisions" | "untried">> {
    const pairs = collisionPairs(manifest, evidence, underWay);
    const collisions: CollisionFact[] = [];
    const untried: UntriedFact[] = [];
    if (pairs.length === 0) return { collisions, untried };
    const found = await ports.repository.conflicts(
      pairs.map(({ left, right }) => ({ left: left.sha, right: right.sha })),
    );
    for (const [index, { left, right }] of pairs.entries()) {
      const files = found.kind === "known" ? (found.value[index] ?? NOT_ASKED) : found;
      const ids = { left: left.taskId, right: right.taskId };
      if (files.kind === "unknown") untried.push({ ...ids, reason: files.reason });
      else if (files.value.length > 0) collisions.push({ ...ids, files: files.value });
    }
    return { collisions, untried };
  }

  return {
    async observe(manifest, workdir, { underWay, unseen }) {
      const isBusy = (id: TaskId): boolean => underWay.has(id) || unseen.has(id);
      const asked = tasksOf(manifest).filter(
        ({ status }) => status !== "draft" && status !== "planned",
      );
      // A change is read in a moment, but not beside the start of other programs.
      const active = asked.filter(({ id, status }) => isActive(status) && !isBusy(id));
      const left = new Map(
        await limit.map(active, async (task) => [task.id, await leftBy(task)] as const),
      );
      const listing = ports.sessions.observe(new Set([...unseen].map(sessionNameOf)));
      const sessions = listing.then(byName);
      const told = askForge(manifest);
      const looks = asked.map((task) => {
        const busy = isBusy(task.id);
        const early = left.get(task.id);
        return evidenceOf({ manifest, workdir, task, busy, early, sessions, forge: told });
      });
      const [listed, { found, checks: checked }, evidence] = await Promise.all([
        listing,
        told,
        Promise.all(looks),
      ]);
      const byTask = new Map(evidence.map((one) => [one.taskId, one]));
      const { collisions, untried } = await collisionsOf(manifest, byTask, underWay);
      return {
        evidence: byTask,
        collisions,
        untried,
        strays: straysOf(manifest, listed),
        unanswered: [
          ...(listed.kind === "unknown" ? [{ what: TMUX, reason: listed.reason }] : []),
          ...(found.kind === "unknown" ? [{ what: FORGE, reason: found.reason }] : []),
          ...[...checked.values()]
            .flatMap((fact) =>
              fact.kind === "unknown" ? [{ what: CHECKS, reason: fact.reason }] : [],
            )
            .slice(0, 1),
          ...untried.slice(0, 1).map(({ reason }) => ({ what: MERGES, reason })),
        ],
      };
    },
    forgetForge() {
      forge = null;
    },
  };
}

const byName = (listed: Probe<readonly Observation[]>): Probe<Listing> =>
  listed.kind === "known"
    ? known(new Map(listed.value.map((one) => [one.session.name, one])))
    : listed;

const hasEnded = ({ exit }: Left): boolean => exit.kind === "known" && exit.value !== null;

/** The agent ended, or said something after git was asked last. */
const isNews = (left: Left, askedAtMs: number): boolean =>
  hasEnded(left) || left.saidAtMs > askedAtMs;

const isAlive = (seen: Observation | undefined): boolean =>
  seen?.screen.kind === "known" && !seen.screen.value.paneDead;

/** How old the git facts of working agents may get: many are asked for less often, one a second at most. */
const gitAgeMaxMs = (manifest: Manifest): number =>
  Math.max(
    GIT_AGE_MAX_MS,
    1000 * tasksOf(manifest).filter(({ status }) => isActive(status)).length,
  );

function straysOf(manifest: Manifest, listed: Probe<readonly Observation[]>): readonly string[] {
  if (listed.kind === "unknown") return [];
  const ids = new Set<string>(tasksOf(manifest).map(({ id }) => id));
  const live = listed.value.filter(
    ({ screen }) => screen.kind === "unknown" || screen.value?.paneDead !== true,
  );
  return [...new Set(live.map(({ session }) => session.taskId))].filter((id) => !ids.has(id));
}

/** When a session showed the last thing after which its agent may have stopped; what comes just now is none. */
function shownAtMs(seen: Observation | undefined, nowMs: number): number {
  if (seen?.screen.kind !== "known") return nowMs;
  const { paneDead, silentSeconds } = seen.screen.value;
  if (paneDead || silentSeconds === null) return nowMs;
  // Silence is counted in whole seconds.
  return silentSeconds < QUIET_SECONDS ? 0 : nowMs - (silentSeconds - 1) * 1000;
}

const tasksOf = (manifest: Manifest): readonly Task[] =>
  manifest.phases.flatMap((phase) => phase.tasks);

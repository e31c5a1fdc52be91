import type { LaunchFact } from "../../src/classify/evidence.ts";
import { branchOf } from "../../src/manifest/branch.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { agentsOf, settingsOf } from "../../src/manifest/settings.ts";
import { isActive, isDelivered, mayChange, passesGate } from "../../src/manifest/status.ts";
import type { Task } from "../../src/manifest/task.ts";
import { fromIso, toIso } from "../../src/manifest/time.ts";
import { TELLS_OF_CHECKS } from "./agent-process.ts";
import { parsed, tasksIn } from "./parsed.ts";
import type { Effect, SimPullRequest, World } from "./world.ts";

type EffectOf<Kind extends Effect["kind"]> = Extract<Effect, { kind: Kind }>;

/**
 * Sees everything that is done to the world and notes each breach of what must never happen. It judges by what is
 * true, not by what Coppice believes, except where a decision may rest on the manifest that it read.
 */
export class Watch {
  readonly breaches: string[] = [];
  readonly #world: World;
  /** The manifest as each process last read or wrote it. */
  readonly #seen = new Map<number, string>();
  readonly #begunOn = new Map<string, string>();
  /** The tip of the base on `origin` when something was begun for a task. */
  readonly #baseOfBegun = new Map<string, string | undefined>();
  readonly #arrives = new Map<number, { before: string | undefined; atMs: number }>();
  /** When the newest pull request of each task was opened; true milliseconds. */
  readonly #openedAtMs = new Map<string, number>();
  /** Calls that gave no answer while a process looked at the world, in its running beat. */
  readonly #unanswered: (pid: number) => ReadonlySet<string>;
  /** Lines of the journal. */
  #judged = 0;

  constructor(world: World, unanswered: (pid: number) => ReadonlySet<string>) {
    this.#world = world;
    this.#unanswered = unanswered;
    world.watch((effect) => this.#see(effect));
  }

  /** What must hold between any two beats. */
  checkState(): void {
    const world = this.#world;
    this.#checkJournal();
    const lost = world.git.lostWork();
    if (lost.length > 0) this.#breach(`work is lost: ${lost.join(", ")}`);
    for (const [taskId, folder] of world.folders) {
      const task = this.#onDisk(taskId);
      if (task === undefined) continue;
      const { manifest, task: found } = task;
      const retries = world.retries.get(taskId) ?? 0;
      const { attemptsMax, mergesMax, collisions, checks, checkTriesMax } = manifest.policy;
      const merges = collisions === "rebase" ? mergesMax : 0;
      const tries = checks === "tell" ? checkTriesMax : 0;
      const agents = agentsOf(manifest, found).length;
      const max = (attemptsMax * agents + merges + tries) * (1 + retries);
      if ((found.state?.checkTries ?? 0) > tries) {
        this.#breach(`${taskId} was told of checks ${found.state?.checkTries} times`);
      }
      if ((found.state?.merges ?? 0) > mergesMax) {
        this.#breach(`${taskId} was asked to merge the base ${found.state?.merges} times`);
      }
      if (folder.logs.size > max) {
        this.#breach(`${taskId} was launched ${folder.logs.size} times; ${max} are allowed`);
      }
      if ((found.attempts ?? 0) > folder.logs.size) {
        this.#breach(`${taskId} counts ${found.attempts} launches; ${folder.logs.size} were made`);
      }
    }
  }

  /** What a run wrote itself is nobody's edit. */
  #checkJournal(): void {
    const { journal, decidedByPerson } = this.#world;
    for (const { event } of journal.slice(this.#judged)) {
      if (event.kind === "edit-refused" && !decidedByPerson.has(event.taskId)) {
        this.#breach(`an edit of ${event.taskId}.${event.field} was put back that nobody made`);
      }
    }
    this.#judged = journal.length;
  }

  #see(effect: Effect): void {
    switch (effect.kind) {
      case "action-begun":
        this.#begunOn.set(`${effect.pid} ${effect.taskId}`, this.#knownTo(effect.pid));
        this.#baseOfBegun.set(effect.taskId, this.#world.git.remote.get(this.#world.git.base));
        return;
      case "session-started":
        this.#started(effect);
        break;
      case "typed":
      case "session-stopped":
        this.#touched(effect);
        break;
      case "push-asked":
        this.#pushed(effect);
        break;
      case "pull-request-opened":
        this.#opened(effect);
        break;
      case "worktree-removed":
        break;
      case "manifest-read":
        this.#arrives.set(effect.pid, {
          before: this.#seen.get(effect.pid),
          atMs: this.#world.nowMs,
        });
        this.#seen.set(effect.pid, effect.text);
        return;
      case "manifest-written":
        this.#seen.set(effect.pid, effect.after);
        this.#written(effect);
        return;
    }
    const lost = this.#world.git.lostWork();
    if (lost.length > 0) this.#breach(`${effect.kind} lost work: ${lost.join(", ")}`);
  }

  #started({ pid, taskId, name, launch }: EffectOf<"session-started">): void {
    if (isVerify(name)) return;
    const alive = this.#liveAgents().filter((one) => one === taskId).length;
    if (alive > 1) this.#breach(`${taskId} has ${alive} live sessions`);
    this.#actedBlindly(pid, taskId, "started", [`launch:${taskId}`]);
    // The exit record of the launch before says that nothing runs any more, whatever tmux could not say.
    if (launch === null || !this.#world.folder(taskId).exits.has(launch.attempt - 1)) {
      this.#actedBlindly(pid, taskId, "started", ["observe:*"]);
    }
    const view = this.#viewOf(pid, taskId);
    if (view === undefined) {
      this.#breach(`${taskId} was started though it is not in the manifest`);
      return;
    }
    this.#isRightlyTold(view, launch);
    if (launch?.kind !== "start") return;
    this.#actedBlindly(pid, taskId, "started", ["pullRequests:*"]);
    this.#mayBegin(view);
  }

  /** Who is told of failed checks has a pull request whose checks have failed. */
  #isRightlyTold({ manifest, task }: View, launch: LaunchFact | null): void {
    const world = this.#world;
    const prompt = world.folder(task.id).prompts.get(launch?.attempt ?? 0) ?? "";
    if (!TELLS_OF_CHECKS.test(prompt)) return;
    const branch = branchOf(manifest, task);
    const sha = world.git.remote.get(branch);
    // A person may have merged it since it was looked at.
    if (sha === undefined) return;
    const { state } = world.checks(branch, sha, task.id);
    if (manifest.policy.checks === "ignore" || state !== "failed") {
      this.#breach(`${task.id} was told of checks that are ${state}`);
    }
  }

  /** Dependencies, overlap and gates at the first start of a task. */
  #mayBegin({ manifest, task }: View): void {
    const all = manifest.phases.flatMap((phase) => phase.tasks);
    for (const id of task.dependsOn) {
      const needed = all.find((one) => one.id === id);
      if (needed === undefined || !isDelivered(needed.status)) {
        this.#breach(`${task.id} was started before ${id}, on which it depends, was delivered`);
      } else this.#buildsOn(manifest, task, needed);
    }
    const live = this.#liveAgents();
    for (const other of all) {
      if (other.id === task.id || !shareFile(manifest, task, other)) continue;
      if (isActive(other.status) || (live.includes(other.id) && isActive(other.status))) {
        this.#breach(`${task.id} was started while ${other.id}, with a file in common, runs`);
      }
    }
    for (const other of all) {
      if (other.id === task.id || !isActive(other.status) || !hasTouched(manifest, other, task))
        continue;
      this.#breach(`${task.id} was started while ${other.id}, which has touched its file, runs`);
    }
    const phaseIndex = manifest.phases.findIndex((phase) => phase.tasks.includes(task));
    for (const phase of manifest.phases.slice(0, phaseIndex)) {
      for (const other of phase.tasks) {
        const passed =
          phase.gate === "merged"
            ? ["merged", "cancelled", "archived"].includes(other.status)
            : passesGate(other.status);
        const asleep = other.status === "draft" || other.status === "planned";
        if (!passed && !asleep) {
          this.#breach(`${task.id} was started though ${other.id} holds the gate of ${phase.name}`);
        }
      }
    }
  }

  /** The commits of a task that another depends on are in the other's starting point, when it is fresh. */
  #buildsOn(manifest: Manifest, task: Task, needed: Task): void {
    const { git } = this.#world;
    const tip = git.heads.get(branchOf(manifest, needed));
    const head = git.heads.get(branchOf(manifest, task));
    const fresh = this.#world.folder(task.id).logs.size === 1;
    if (tip === undefined || head === undefined || !fresh || needed.status === "merged") return;
    // A person took it as complete before it had a commit of its own.
    if (git.refs.get(`refs/coppice/fork/${needed.id}`) === tip) return;
    // While an agent mends what checks found, the commits that were delivered before will do.
    const delivered = [tip, ...this.#world.pushesOf(branchOf(manifest, needed))];
    if (!delivered.some((sha) => git.isAncestor(sha, head))) {
      this.#breach(`${task.id} does not build on the commits of ${needed.id}`);
    }
  }

  #touched(effect: EffectOf<"typed" | "session-stopped">): void {
    const { pid, taskId, name, truth, step, quietSeconds } = effect;
    if (isVerify(name)) return;
    const did = effect.kind === "typed" ? "typed to" : "stopped";
    const gone = this.#world.justTakenOver || this.#personTookAway(taskId);
    if (!gone && truth !== "ended") this.#actedBlindly(pid, taskId, did, ["observe:*"]);
    if (effect.kind === "typed" && step.kind === "dialog" && step.dialog === "approval") {
      this.#breach(`a permission question of ${taskId} was answered`);
    }
    if (effect.attended && truth !== "ended" && !this.#personAsksFor(effect)) {
      this.#breach(`${taskId} was ${did} over the head of who is attached`);
    }
    const isDone = step.kind === "idle" && this.#isDone(taskId);
    const isTold = this.#isToldOfCollision(taskId) || this.#isAskedToMerge(taskId);
    if (effect.kind === "typed" && isDone && !isTold) {
      this.#breach(`${taskId} was ${did} though it is done`);
    }
    const limit = this.#stallSeconds();
    if (truth === "working" && quietSeconds < limit && !gone && !effect.surprised) {
      this.#breach(
        `${taskId} was ${did} after ${Math.round(quietSeconds)} s without output, at work`,
      );
    }
  }

  #pushed({ pid, branch, sha }: EffectOf<"push-asked">): void {
    const { git, verified, vouchedFor, typedByPerson } = this.#world;
    if (branch === git.base) this.#breach("the base was pushed to");
    const texts = [...this.#begunOn]
      .filter(([key]) => key.startsWith(`${pid} `))
      .map(([, text]) => text);
    const found = texts
      .flatMap((text) => viewsOf(text))
      .find((view) => branchOf(view.manifest, view.task) === branch);
    if (found === undefined) {
      this.#breach(`${branch}, of no task, was pushed`);
      return;
    }
    const { manifest, task } = found;
    this.#actedBlindly(pid, task.id, "pushed", [`probe:${task.id}`]);
    const fork = git.refs.get(`refs/coppice/fork/${task.id}`);
    if (fork === undefined || git.between(fork, sha).length === 0) {
      this.#breach(`${task.id} was pushed without a commit of its own`);
    }
    if (vouchedFor.has(task.id)) return;
    if (settingsOf(manifest, task).verify !== undefined && !verified.has(sha)) {
      this.#breach(`${task.id} was pushed though verify has not passed on it`);
    }
    if (typedByPerson.has(task.id)) return;
    const head = git.heads.get(branch) ?? "";
    if (head !== sha) this.#breach(`${task.id} was pushed without its last commit`);
    const worktree = [...git.worktrees.values()].find((one) => one.branch === branch);
    if (worktree !== undefined && worktree.dirty.size > 0) {
      this.#breach(`${task.id} was pushed with uncommitted files`);
    }
    const agent = this.#world.sessions.get(`task-${task.id}`)?.agent;
    if (agent?.truth === "working") {
      this.#breach(`${task.id} was pushed while its agent works`);
    }
  }

  #opened({ pid, taskId, pullRequest }: EffectOf<"pull-request-opened">): void {
    const open = this.#world.pullRequests.filter(
      (one) =>
        one.state === "open" &&
        (one.markedTask === taskId || one.headBranch === pullRequest.headBranch),
    );
    if (open.length > 1) this.#breach(`${taskId} has ${open.length} open pull requests`);
    this.#carriesOwnWork(taskId, pullRequest);
    this.#mayBeOpened(pid, taskId, pullRequest);
    this.#mergesWithBase(pid, taskId, pullRequest);
    this.#openedAtMs.set(taskId, this.#world.nowMs);
    if (pullRequest.markedTask !== taskId) {
      this.#breach(`the pull request of ${taskId} names ${String(pullRequest.markedTask)}`);
    }
  }

  /**
   * Finished work that does not merge with another's open pull request: it is held, or its agent was told, if it could be.
   */
  #mayBeOpened(pid: number, taskId: string, { headBranch }: SimPullRequest): void {
    const { git, sessions, vouchedFor, typedByPerson, clockJumped } = this.#world;
    const known = this.#viewOf(pid, taskId);
    const head = git.heads.get(headBranch);
    if (known === undefined || head === undefined || clockJumped) return;
    if (this.#unanswered(pid).has("conflicts:*")) return;
    const agent = sessions.get(`task-${taskId}`)?.agent;
    const isPaused = known.manifest.pausedAgents?.["codex"] !== undefined;
    const mayBeTold = known.task.agent === "codex" && agent?.truth === "idle" && !isPaused;
    const isVouched = vouchedFor.has(taskId) || typedByPerson.has(taskId);
    for (const other of this.#openRivals(known, head)) {
      if (known.manifest.policy.collisions !== "tell") {
        this.#breach(`${taskId} was delivered though it does not merge with ${other.id}`);
        continue;
      }
      // Since its work was proved nobody is told any more.
      const isLate = (this.#openedAtMs.get(other.id) ?? 0) + 120_000 > this.#doneAtMs(taskId);
      const isTold = known.task.state?.collisionsTold?.includes(other.id) ?? false;
      if (mayBeTold && !isVouched && !isLate && !isTold) {
        this.#breach(`${taskId} was delivered untold that it does not merge with ${other.id}`);
      }
    }
  }

  /** Where agents settle such conflicts, nothing is delivered that did not merge with its base when that was begun. */
  #mergesWithBase(pid: number, taskId: string, { baseBranch, headBranch }: SimPullRequest): void {
    const { git } = this.#world;
    const [head, tip] = [git.heads.get(headBranch), this.#baseOfBegun.get(taskId)];
    const settles = this.#viewOf(pid, taskId)?.manifest.policy.collisions === "rebase";
    if (!settles || baseBranch !== git.base || head === undefined || tip === undefined) return;
    if (git.conflicts(head, tip).length > 0) {
      this.#breach(`${taskId} was delivered though it does not merge with its base`);
    }
  }

  /** Tasks that the manifest knows as open, and that have really changed the same files beside this one. */
  #openRivals({ manifest, task }: View, head: string): readonly Task[] {
    const { git } = this.#world;
    const all = manifest.phases.flatMap(({ tasks }) => tasks);
    const parents = new Set([task.id, ...all.map(({ state }) => state?.parent)]);
    return all.filter((other) => {
      const sha = other.status === "pr_open" ? other.state?.pushedSha : undefined;
      // Stacks go onto each other; what a task inherited from its parent is the parent's.
      const isStack = (task.state?.parent ?? null) !== null || parents.has(other.id);
      if (other.id === task.id || sha === undefined || isStack) return false;
      const own = [task, other].map(({ state }) => new Set(state?.touched));
      const clashes = git.conflicts(head, sha);
      return clashes.some(({ path }) => own.every((touched) => touched.has(path)));
    });
  }

  #doneAtMs(taskId: string): number {
    return fromIso(this.#onDisk(taskId)?.task.completedAt ?? toIso(0));
  }

  /** A branch that started from another task's goes onto that one's branch, while that one's pull request is open. */
  #carriesOwnWork(taskId: string, { baseBranch, headBranch }: SimPullRequest): void {
    const { git, pullRequests, deletedTasks } = this.#world;
    const onto = git.remote.get(baseBranch);
    const fork = git.refs.get(`refs/coppice/fork/${taskId}`);
    if (onto === undefined || fork === undefined || git.isAncestor(fork, onto)) return;
    const parents = pullRequests.filter(
      ({ state, headBranch: parent, markedTask }) =>
        state === "open" &&
        parent !== headBranch &&
        git.remote.get(parent) === fork &&
        !deletedTasks.has(markedTask ?? ""),
    );
    if (parents.length === 1 && parents[0]?.headBranch !== baseBranch) {
      const carried = parents[0]?.headBranch ?? "";
      this.#breach(
        `the pull request of ${taskId} to ${baseBranch} carries the commits of ${carried}`,
      );
    }
  }

  #written({ before, after }: EffectOf<"manifest-written">): void {
    const old = tasksIn(before);
    const young = tasksIn(after);
    for (const id of old.keys()) if (!young.has(id)) this.#breach(`${id} was dropped`);
    for (const [id, task] of young) {
      const was = old.get(id);
      if (was === undefined) {
        this.#breach(`${id} was added, or came back after a person deleted it`);
      } else if (!mayChange("heartbeat", was.status, task.status)) {
        this.#breach(`${id} went from ${was.status} to ${task.status}`);
      }
    }
    for (const { taskId, field, value } of this.#world.editedFields.values()) {
      const task = young.get(taskId);
      const kept = task?.[field as keyof Task];
      if (task !== undefined && JSON.stringify(kept) !== JSON.stringify(value)) {
        this.#breach(`${taskId}.${field} was overwritten: ${JSON.stringify(kept)}`);
      }
    }
  }

  /** Somebody acted on a task though he could not see. */
  #actedBlindly(pid: number, taskId: string, did: string, probes: readonly string[]): void {
    const unanswered = this.#unanswered(pid);
    const blind = probes.filter((probe) => unanswered.has(probe));
    if (blind.length > 0)
      this.#breach(`${taskId} was ${did} though ${blind.join(", ")} did not answer`);
  }

  /** Tasks with a live agent. */
  #liveAgents(): string[] {
    return [...this.#world.sessions.values()]
      .filter((one) => one.exit === null && !isVerify(one.spec.name))
      .map((one) => one.spec.taskId);
  }

  /** A person cancelled, deleted, restarted or completed it: then its agent may be ended at work. */
  #personTookAway(taskId: string): boolean {
    const world = this.#world;
    if (world.deletedTasks.has(taskId) || world.retries.has(taskId)) return true;
    if (world.vouchedFor.has(taskId)) return true;
    const task = this.#onDisk(taskId)?.task;
    return task !== undefined && ["cancelled", "archived", "merged"].includes(task.status);
  }

  /** It is what a person's own word asks for: a task taken out, back or anew. */
  #personAsksFor({ kind, taskId }: EffectOf<"typed" | "session-stopped">): boolean {
    const { deletedTasks, retries } = this.#world;
    if (kind === "typed") return false;
    if (deletedTasks.has(taskId) || retries.has(taskId)) return true;
    return ["cancelled", "archived"].includes(this.#onDisk(taskId)?.task.status ?? "");
  }

  /** It was to be told of another task, with which its work really does not merge. */
  #isToldOfCollision(taskId: string): boolean {
    const { git } = this.#world;
    const view = this.#onDisk(taskId);
    if (view === undefined) return false;
    const headOf = (task: Task) => git.heads.get(branchOf(view.manifest, task));
    const head = headOf(view.task);
    const told = view.task.state?.collisionsTold ?? [];
    return view.manifest.phases
      .flatMap(({ tasks }) => tasks)
      .filter(({ id }) => told.includes(id))
      .some((other) => {
        const there = headOf(other);
        return head !== undefined && there !== undefined && git.conflicts(head, there).length > 0;
      });
  }

  /** It was to be asked to merge the base, with which its work really does not merge. */
  #isAskedToMerge(taskId: string): boolean {
    const { git } = this.#world;
    const view = this.#onDisk(taskId);
    if (view === undefined || (view.task.state?.merges ?? 0) === 0) return false;
    const [head, tip] = [
      git.heads.get(branchOf(view.manifest, view.task)),
      git.remote.get(git.base),
    ];
    return head !== undefined && tip !== undefined && git.conflicts(head, tip).length > 0;
  }

  /** A clean worktree with a commit of its own, and no verify command that could say otherwise. */
  #isDone(taskId: string): boolean {
    const { git } = this.#world;
    const view = this.#onDisk(taskId);
    const worktree = [...git.worktrees.values()].find((one) => one.taskId === taskId);
    const fork = git.refs.get(`refs/coppice/fork/${taskId}`);
    if (view === undefined || worktree === undefined || fork === undefined) return false;
    if (settingsOf(view.manifest, view.task).verify !== undefined) return false;
    const head = git.heads.get(worktree.branch) ?? fork;
    return worktree.dirty.size === 0 && git.between(fork, head).length > 0;
  }

  /** True seconds of silence after which an agent may be disturbed. A clock that jumped makes the limit uncertain. */
  #stallSeconds(): number {
    if (this.#world.clockJumped) return 60;
    const read = parsed(this.#world.manifestText, this.#world.manifestPath);
    return read.kind === "invalid" ? 0 : read.manifest.policy.stallAfterMinutes * 60;
  }

  #onDisk(taskId: string): View | undefined {
    return viewOf(this.#world.manifestText, taskId);
  }

  #viewOf(pid: number, taskId: string): View | undefined {
    return viewOf(this.#textOf(pid, taskId), taskId);
  }

  /** What a process has read; an answer of this very moment has not reached it yet. */
  #knownTo(pid: number): string {
    const arriving = this.#arrives.get(pid);
    const known = arriving?.atMs === this.#world.nowMs ? arriving.before : undefined;
    return known ?? this.#seen.get(pid) ?? "";
  }

  /** The manifest as the process knew it when it began what it does for the task: later beats may have read on. */
  #textOf(pid: number, taskId: string): string {
    return this.#begunOn.get(`${pid} ${taskId}`) ?? this.#seen.get(pid) ?? "";
  }

  #breach(what: string): void {
    if (!this.breaches.includes(what)) this.breaches.push(what);
  }
}

interface View {
  readonly manifest: Manifest;
  readonly task: Task;
}

const viewOf = (text: string, taskId: string): View | undefined =>
  viewsOf(text).find(({ task }) => task.id === taskId);

function viewsOf(text: string): readonly View[] {
  const read = parsed(text, "manifest.json");
  if (read.kind === "invalid") return [];
  const { manifest } = read;
  return manifest.phases.flatMap(({ tasks }) => tasks.map((task) => ({ manifest, task })));
}

const isVerify = (session: string): boolean => session.startsWith("verify-");

/** It has touched a file that is named for the other, as the manifest notes. */
function hasTouched(manifest: Manifest, task: Task, other: Task): boolean {
  const parallel = [task, other].some((one) => (one.overlap ?? manifest.overlap) === "parallel");
  return !parallel && other.files.some((file) => task.state?.touched?.includes(file) ?? false);
}

function shareFile(manifest: Manifest, left: Task, right: Task): boolean {
  const parallel = [left, right].some((task) => (task.overlap ?? manifest.overlap) === "parallel");
  return !parallel && left.files.some((file) => right.files.includes(file));
}

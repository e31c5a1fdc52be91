import type { Screen } from "../../src/agents/screen.ts";
import type {
  ChecksFact,
  ExitFact,
  LaunchFact,
  PullRequestFact,
  SignalFact,
  VerifyFact,
} from "../../src/classify/evidence.ts";
import { verifySessionNameOf } from "../../src/manifest/names.ts";
import { TaskId } from "../../src/manifest/task.ts";
import type { JournalLine } from "../../src/ports/journal.ts";
import type { LockHolder } from "../../src/ports/lock.ts";
import type { SessionSpec } from "../../src/ports/sessions.ts";
import type { Wake } from "../../src/ports/signals.ts";
import {
  AgentProcess,
  ASKS_TO_MERGE,
  type Step,
  TELLS_OF_CHECKS,
  type Truth,
} from "./agent-process.ts";
import { type Costume, paint } from "./costume.ts";
import type { Happening } from "./faults.ts";
import { GitModel } from "./git-model.ts";
import { applyEdit, type Edit, type EditedField } from "./person.ts";
import type { CheckResult } from "./scenario.ts";

/** How the world answers one task: its agent's scripts by launch, and its verify command. */
export interface TaskScript {
  readonly costume: Costume;
  /** The steps of each launch; the last one serves all further launches. */
  readonly launches: readonly (readonly Step[])[];
  /** Files that it changes, one with each commit or edit; by default one of its own. */
  readonly touches?: readonly string[];
  /** What it does when it is asked to merge the base; by default it goes on with its script. */
  readonly settling?: readonly Step[];
  /** What a launch does that is told of failed checks; by default it goes on with its script. */
  readonly mending?: readonly Step[];
  /** How the checks of each commit end that is pushed; the last one serves all further ones. */
  readonly checks?: readonly CheckResult[];
  /** Exit codes of the runs of `verify`; the last one serves all further runs. */
  readonly verify?: readonly number[];
}

/** A session on the simulated tmux server. */
export interface SimSession {
  readonly spec: SessionSpec;
  readonly paneId: string;
  readonly pid: number;
  readonly createdAtMs: number;
  readonly agent: AgentProcess;
  exit: { readonly code: number | null } | null;
  /** A person is attached until then (true milliseconds), since a moment that `World.number` tells. */
  attached: { readonly untilMs: number; readonly number: number };
  /** When each process last asked whether somebody is attached, as a number of the same row. */
  readonly lookedFor: Map<number, number>;
  /** When a process saw its screen alone last: true time, and the number that orders it among all that happens. */
  readonly shownTo: Map<number, { readonly atMs: number; readonly number: number }>;
  /** When a person typed last. */
  typedAt: { readonly atMs: number; readonly number: number };
}

/** A task's folder, which survives everything. */
export interface SimFolder {
  readonly prompts: Map<number, string>;
  /** The newest; `launches` has all by their attempts. */
  launch: LaunchFact | null;
  readonly launches: Map<number, LaunchFact>;
  readonly exits: Map<number, ExitFact>;
  readonly logs: Map<number, AgentProcess>;
  verify: VerifyFact | null;
  verifyRuns: number;
  readonly signals: SignalFact[];
}

/** A pull request; its head follows the branch on `origin` while it is open. */
export type SimPullRequest = { -readonly [Key in keyof PullRequestFact]: PullRequestFact[Key] };

/** What somebody really did to the world, for those who watch that nothing forbidden is done. */
export type Effect =
  | { readonly kind: "action-begun"; readonly pid: number; readonly taskId: string }
  | {
      readonly kind: "session-started";
      readonly pid: number;
      readonly taskId: string;
      readonly name: string;
      readonly launch: LaunchFact | null;
    }
  | {
      /** Words or keys of Coppice reached a terminal. */
      readonly kind: "typed" | "session-stopped";
      readonly pid: number;
      readonly taskId: string;
      readonly name: string;
      readonly truth: Truth;
      readonly step: Step;
      /** A person is attached, and was so when this process last asked. */
      readonly attended: boolean;
      /** True seconds since the agent last did anything. */
      readonly quietSeconds: number;
      /** A person typed since this process looked just now, or in the very instant. */
      readonly surprised: boolean;
    }
  | {
      readonly kind: "push-asked";
      readonly pid: number;
      readonly branch: string;
      readonly sha: string;
    }
  | {
      readonly kind: "pull-request-opened";
      readonly pid: number;
      readonly taskId: string;
      readonly pullRequest: SimPullRequest;
    }
  | {
      readonly kind: "worktree-removed";
      readonly pid: number;
      readonly taskId: string;
      readonly branch: string;
    }
  | { readonly kind: "manifest-read"; readonly pid: number; readonly text: string }
  | {
      readonly kind: "manifest-written";
      readonly pid: number;
      readonly before: string;
      readonly after: string;
    };

/** How long the checks of a commit take. */
const CHECK_MS = 40_000;
const VERIFY_SECONDS = 20;

/** Time in the simulation begins here (Unix milliseconds). */
export const BEGIN_MS = Date.UTC(2026, 0, 1);

/**
 * Everything outside Coppice: terminals with agents, git, the forge, the files and the clock on the wall.
 * It outlives the orchestrators that look at it, and keeps a true time that no clock jump moves.
 */
export class World {
  /** True time; only `advance` moves it. */
  nowMs = BEGIN_MS;
  readonly git = new GitModel(BEGIN_MS);
  readonly sessions = new Map<string, SimSession>();
  readonly folders = new Map<string, SimFolder>();
  readonly pullRequests: SimPullRequest[] = [];
  readonly journal: JournalLine[] = [];
  readonly locks = new Map<string, LockHolder>();
  readonly livePids = new Set<number>();
  readonly manifestPath = "/sim/manifest.json";
  /** Pairs of branches that do not merge. */
  readonly conflicts: (readonly [string, string])[] = [];
  manifestText: string;
  /** Called when somebody starts a second orchestrator. */
  onTakeOver: () => void = () => undefined;
  readonly editedFields = new Map<string, EditedField>();
  /** Commits that a verify command has really passed on. */
  readonly verified = new Set<string>();
  readonly deletedTasks = new Set<string>();
  /** Times that a person set a task back to pending. */
  readonly retries = new Map<string, number>();
  /** Tasks whose status a person set. */
  readonly decidedByPerson = new Set<string>();
  /** Tasks that a person took as complete: their proof is the person's word. */
  readonly vouchedFor = new Set<string>();
  /** Tasks in whose session a person typed. */
  readonly typedByPerson = new Set<string>();
  readonly #pushes = new Map<string, readonly { readonly sha: string; readonly atMs: number }[]>();
  readonly #scripts: ReadonlyMap<string, TaskScript>;
  readonly #fallback: TaskScript;
  readonly #watchers: ((effect: Effect) => void)[] = [];
  readonly #calls = new Map<string, number>();
  readonly #listeners = new Set<(wake: Wake) => void>();
  readonly #jumps: { fromMs: number; skewMs: number }[] = [{ fromMs: 0, skewMs: 0 }];
  #takenOverAtMs = 0;
  #nextNumber = 100;

  constructor(
    manifestText: string,
    scripts: ReadonlyMap<string, TaskScript>,
    fallback: TaskScript,
  ) {
    this.manifestText = manifestText;
    this.#scripts = scripts;
    this.#fallback = fallback;
  }

  /** A number that was never given before: process ids, panes, pull requests. */
  number(): number {
    this.#nextNumber += 1;
    return this.#nextNumber;
  }

  /** How often a method of the ports was called before. */
  countCall(method: string): number {
    const before = this.#calls.get(method) ?? 0;
    this.#calls.set(method, before + 1);
    return before;
  }

  /** What the clock on the wall shows, or showed at a true time. */
  wall(atMs: number = this.nowMs): number {
    const jump = this.#jumps.findLast((one) => one.fromMs <= atMs);
    return atMs + (jump?.skewMs ?? 0);
  }

  /** A second orchestrator was just started: the first one's action in flight is still carried to its end. */
  get justTakenOver(): boolean {
    return this.nowMs - this.#takenOverAtMs < 60_000;
  }

  get clockJumped(): boolean {
    return this.#jumps.length > 1;
  }

  /** Lets true time pass; the agents live on. */
  advance(ms: number): void {
    this.nowMs += ms;
    for (const session of this.sessions.values()) session.agent.advance(this.nowMs);
  }

  watch(watcher: (effect: Effect) => void): void {
    this.#watchers.push(watcher);
  }

  tell(effect: Effect): void {
    for (const watcher of this.#watchers) watcher(effect);
  }

  script(taskId: string): TaskScript {
    return this.#scripts.get(taskId) ?? this.#fallback;
  }

  folder(taskId: string): SimFolder {
    const found = this.folders.get(taskId);
    if (found !== undefined) return found;
    const made: SimFolder = {
      prompts: new Map(),
      launch: null,
      launches: new Map(),
      exits: new Map(),
      logs: new Map(),
      verify: null,
      verifyRuns: 0,
      signals: [],
    };
    this.folders.set(taskId, made);
    return made;
  }

  /** Starts the program of a session: the next script of the task's agent, or its verify command. */
  start(spec: SessionSpec): SimSession {
    const { taskId, attempt } = spec;
    const script = this.script(taskId);
    const folder = this.folder(taskId);
    if (spec.name === verifySessionNameOf(TaskId.parse(taskId))) {
      const codes = script.verify ?? [];
      const code = codes[Math.min(folder.verifyRuns, codes.length - 1)] ?? 0;
      folder.verifyRuns += 1;
      const steps: Step[] = [
        { kind: "silence", seconds: VERIFY_SECONDS },
        { kind: "exit", code },
      ];
      return this.#spawn(spec, steps, (result) => {
        if (result === null || folder.verify === null) return;
        folder.verify = { ...folder.verify, code: result, running: false };
        if (result === 0) this.verified.add(folder.verify.sha);
      });
    }
    const index = Math.min(folder.logs.size, script.launches.length - 1);
    const prompt = folder.prompts.get(attempt) ?? "";
    const steps =
      (ASKS_TO_MERGE.test(prompt) ? script.settling : undefined) ??
      (TELLS_OF_CHECKS.test(prompt) ? script.mending : undefined) ??
      script.launches[index] ??
      [];
    const session = this.#spawn(spec, steps, (code, atMs) => {
      if (code === null) return;
      const tail = session.agent.lines.slice(-200);
      folder.exits.set(attempt, { attempt, stage: "agent", code, atMs: this.wall(atMs), tail });
      this.wake({ kind: "socket", taskId });
    });
    folder.logs.set(attempt, session.agent);
    return session;
  }

  /** What tmux shows of a session now. */
  screen(session: SimSession): Screen {
    const { agent, exit, spec } = session;
    const costume = this.script(spec.taskId).costume;
    return {
      ...paint(costume, agent, spec),
      cols: spec.cols,
      rows: spec.rows,
      inMode: false,
      paneDead: exit !== null,
      paneDeadStatus: exit?.code ?? null,
      silentSeconds: Math.max(0, Math.floor((this.wall() - this.wall(agent.activeAtMs)) / 1000)),
    };
  }

  /** A pull request as the forge answers it: while open, its head is the branch's. */
  fact(pullRequest: SimPullRequest): PullRequestFact {
    const head = this.git.remote.get(pullRequest.headBranch);
    if (pullRequest.state === "open" && head !== undefined) pullRequest.headSha = head;
    return { ...pullRequest };
  }

  /** A commit arrives on `origin`: its checks begin. */
  pushed(branch: string, sha: string): void {
    this.git.remote.set(branch, sha);
    const pushes = this.#pushes.get(branch) ?? [];
    if (pushes.some((one) => one.sha === sha)) return;
    this.#pushes.set(branch, [...pushes, { sha, atMs: this.nowMs }]);
  }

  /** The commits of a branch that were pushed. */
  pushesOf(branch: string): readonly string[] {
    return (this.#pushes.get(branch) ?? []).map(({ sha }) => sha);
  }

  /** What checks a commit of a branch. */
  checks(branch: string, sha: string, taskId: string): ChecksFact {
    const results = this.script(taskId).checks ?? [];
    const pushes = this.#pushes.get(branch) ?? [];
    const nth = pushes.findIndex((one) => one.sha === sha);
    const result = results[Math.min(nth, results.length - 1)];
    const begun = pushes[nth];
    if (result === undefined || begun === undefined)
      return { sha, state: "none", awaited: [], failed: [] };
    if (this.nowMs < begun.atMs + CHECK_MS)
      return { sha, state: "running", awaited: ["build"], failed: [] };
    const failed = [{ name: "build", tail: ["1 test failed"] }];
    return { sha, state: result, awaited: [], failed: result === "failed" ? failed : [] };
  }

  /** Registers a listener for wake-ups; the answer takes it away again. */
  onWake(listener: (wake: Wake) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Wakes those who listen; false when nobody does. */
  wake(wake: Wake): boolean {
    for (const listener of this.#listeners) listener(wake);
    return this.#listeners.size > 0;
  }

  /** Ends a session's program and takes the session away. */
  endSession(session: SimSession, recorded: number | null): void {
    session.agent.kill(recorded, this.nowMs);
    this.sessions.delete(session.spec.name);
  }

  /** The open pull request of a branch, else its newest. */
  pullRequestOf(branch: string): SimPullRequest | undefined {
    const all = this.pullRequests.filter((one) => one.headBranch === branch);
    return all.find((one) => one.state === "open") ?? all.at(-1);
  }

  /** Opens a pull request without looking whether there is one. */
  openPullRequest(input: Omit<SimPullRequest, "number" | "url" | "state">): SimPullRequest {
    const number = this.number();
    const url = `https://forge.invalid/pulls/${number}`;
    const pullRequest: SimPullRequest = { ...input, number, url, state: "open" };
    this.pullRequests.push(pullRequest);
    return pullRequest;
  }

  /** Something happens that no call of Coppice brings about. */
  happen(what: Happening): void {
    switch (what.kind) {
      case "terminals-die":
        for (const session of this.sessions.values()) {
          this.endSession(session, what.recorded ? 129 : null);
        }
        return;
      case "clock-jump":
        this.#jumps.push({ fromMs: this.nowMs, skewMs: this.wall() - this.nowMs + what.ms });
        return;
      case "delay":
        this.advance(what.seconds * 1000);
        return;
      case "edit":
        this.edit(what.edit);
        return;
      case "merge": {
        const pullRequest = this.#nthOpen(what.task);
        if (pullRequest) this.merge(pullRequest, what.squash);
        return;
      }
      case "close": {
        const pullRequest = this.#nthOpen(what.task);
        if (pullRequest) pullRequest.state = "closed";
        return;
      }
      case "person-attaches": {
        const session = this.#nthSession(what.task);
        if (session === undefined) return;
        session.attached = { untilMs: this.nowMs + 1000 * what.seconds, number: this.number() };
        return;
      }
      case "person-types": {
        const session = this.#nthSession(what.task);
        if (session === undefined) return;
        this.typedByPerson.add(session.spec.taskId);
        session.typedAt = { atMs: this.nowMs, number: this.number() };
        session.agent.type("go on", this.nowMs);
        return;
      }
      case "taken-over":
        this.locks.clear();
        this.#takenOverAtMs = this.nowMs;
        this.onTakeOver();
        return;
      case "unanswered":
      case "answer-lost":
      case "crash":
      case "crash-within":
        return;
    }
  }

  /** A person merges a pull request on the forge, which removes its branch and points stacked ones to the base. */
  merge(pullRequest: SimPullRequest, squash: boolean): void {
    this.git.mergeOnRemote(pullRequest.headBranch, pullRequest.baseBranch, squash, this.wall());
    pullRequest.headSha = this.git.remote.get(pullRequest.headBranch) ?? pullRequest.headSha;
    pullRequest.state = "merged";
    for (const child of this.pullRequests) {
      if (child.state === "open" && child.baseBranch === pullRequest.headBranch) {
        child.baseBranch = pullRequest.baseBranch;
      }
    }
    this.git.remote.delete(pullRequest.headBranch);
  }

  /** A person edits the manifest by hand. */
  edit(edit: Edit): void {
    const edited = applyEdit(this.manifestText, edit);
    if (edited === null) return;
    this.manifestText = edited.text;
    if (edited.field) {
      this.editedFields.set(`${edited.field.taskId}.${edited.field.field}`, edited.field);
    }
    if (edited.deleted !== undefined) {
      this.deletedTasks.add(edited.deleted);
      // The same edit took the task out of the others' dependencies.
      for (const key of this.editedFields.keys()) {
        if (key.endsWith(".dependsOn")) this.editedFields.delete(key);
      }
    }
    if (edited.status) this.decidedByPerson.add(edited.status.taskId);
    if (edited.status?.to === "complete") this.vouchedFor.add(edited.status.taskId);
    if (edited.status?.to === "pending") {
      const { taskId } = edited.status;
      this.retries.set(taskId, (this.retries.get(taskId) ?? 0) + 1);
    }
  }

  isAttached({ attached }: SimSession): boolean {
    return this.nowMs < attached.untilMs;
  }

  #nthSession(task: number): SimSession | undefined {
    return [...this.sessions.values()].at(task % Math.max(1, this.sessions.size));
  }

  #nthOpen(task: number): SimPullRequest | undefined {
    const open = this.pullRequests.filter(
      (one) => one.state === "open" && one.baseBranch === this.git.base,
    );
    return open[task % Math.max(1, open.length)];
  }

  #spawn(
    spec: SessionSpec,
    steps: readonly Step[],
    ended: (code: number | null, atMs: number) => void,
  ): SimSession {
    const { taskId, attempt } = spec;
    const { touches = [spec.name], settling } = this.script(taskId);
    let made = 0;
    const file = (): string => {
      const path = touches[made % touches.length] ?? spec.name;
      made += 1;
      return `${path}#${spec.name}/${attempt}/${made}`;
    };
    const agent = new AgentProcess(
      steps,
      this.nowMs,
      {
        commit: (atMs) => {
          const name = file();
          this.git.commitWork(spec.worktree, `Work of ${taskId}: ${name}`, name, this.wall(atMs));
        },
        edit: () => this.git.edit(spec.worktree, file()),
        merge: (atMs) => this.git.mergeBase(spec.worktree, this.wall(atMs)),
        signal: (kind, atMs) => {
          const signal = { kind, atMs: this.wall(atMs), attempt, text: "" };
          this.folder(taskId).signals.push(signal);
          this.wake({ kind: "folder", taskId });
        },
        ended: (code, atMs) => {
          session.exit = { code };
          ended(code, atMs);
        },
      },
      settling,
    );
    const session: SimSession = {
      spec,
      paneId: `%${this.number()}`,
      pid: this.number(),
      createdAtMs: this.nowMs,
      agent,
      exit: null,
      attached: { untilMs: 0, number: 0 },
      lookedFor: new Map(),
      shownTo: new Map(),
      typedAt: { atMs: -1, number: 0 },
    };
    this.sessions.set(spec.name, session);
    return session;
  }
}

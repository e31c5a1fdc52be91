import type { Signal } from "../agents/agent.ts";
import type { Screen } from "../agents/screen.ts";
import type { AgentMode, TaskId } from "../manifest/task.ts";

/** The answer of a probe. `unknown` is a value: a probe that could not answer did not answer no. */
export type Probe<T> =
  | { readonly kind: "known"; readonly value: T }
  | { readonly kind: "unknown"; readonly reason: string };

export const known = <T>(value: T): Probe<T> => ({ kind: "known", value });
export const unknown = (reason: string): Probe<never> => ({ kind: "unknown", reason });

/** A pull request as the forge knows it. */
export interface PullRequestFact {
  readonly number: number;
  readonly url: string;
  readonly state: "open" | "merged" | "closed";
  readonly headBranch: string;
  readonly headSha: string | null;
  readonly baseBranch: string;
  /** The task named by the hidden marker in the body, or null for a foreign pull request. */
  readonly markedTask: string | null;
  readonly draft: boolean;
}

/** What checks the newest commit of a pull request, and what came of it. */
export interface ChecksFact {
  /** The commit. */
  readonly sha: string;
  /**
   * `none`: nothing checks it, or not yet. `running`: not all have ended. `held`: one waits for a person, e.g. for an approval
   * on the forge. `failed`: all have ended, and at least one failed.
   */
  readonly state: "none" | "running" | "held" | "passed" | "failed";
  /** The names of those that run or are held. */
  readonly awaited: readonly string[];
  /** Those that failed, while others run too. */
  readonly failed: readonly FailedCheck[];
}

export interface FailedCheck {
  readonly name: string;
  /** The last lines of what it printed or said, the last one last; empty while others run, and where the forge tells none. */
  readonly tail: readonly string[];
}

/** A task's branch and worktree. */
export interface GitFact {
  readonly branch: string;
  readonly headSha: string;
  /** The worktree exists, is whole and belongs to this repository. */
  readonly worktreeReady: boolean;
  /** Null while the worktree rests on the branch. */
  readonly astray: Astray | null;
  /** Commits on the branch since its fork point. */
  readonly commitsAhead: number;
  /** Changed and untracked paths of the worktree, at most 50 named. */
  readonly dirtyFiles: readonly string[];
  /** Paths that the branch has changed since its fork point, and the dirty ones; null when there are too many to list. */
  readonly touched: readonly string[] | null;
  /** The branch's tip on `origin` as last seen, or null. */
  readonly remoteSha: string | null;
  readonly forkPoint: string | null;
  readonly lastCommitAtMs: number | null;
}

/** What a worktree does not rest on its branch for. */
export type Astray =
  /** It was begun there and neither committed nor given up. */
  | { readonly kind: "midst"; readonly of: "merge" | "rebase" | "cherry-pick" | "revert" }
  /** Another branch is checked out there; null: none. */
  | { readonly kind: "elsewhere"; readonly branch: string | null };

/** Lines of a file, the first and the last one included. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

/** A file at which two commits do not merge, with the lines that each side has changed, as they are there now. */
export interface ConflictFile {
  readonly path: string;
  readonly left: readonly LineRange[];
  readonly right: readonly LineRange[];
}

/** Two tasks whose committed work does not merge. */
export interface CollisionFact {
  readonly left: TaskId;
  readonly right: TaskId;
  readonly files: readonly ConflictFile[];
}

/** Two tasks of which git does not say whether their committed work merges, and why. */
export interface UntriedFact {
  readonly left: TaskId;
  readonly right: TaskId;
  readonly reason: string;
}

/** The newest launch of a task, read from its folder: all that the manifest is to say of it, also after a crash. */
export interface LaunchFact {
  readonly attempt: number;
  readonly agent: string;
  readonly startedAtMs: number;
  /** `nudge`: a headless agent is told something, for which its conversation is resumed. */
  readonly kind: "start" | "resume" | "restart" | "nudge";
  readonly mode: AgentMode;
  /** Absolute. */
  readonly worktree: string;
  readonly branch: string;
  /** The task whose branch this one's began from; null: the base, or several tasks' branches. */
  readonly parent: TaskId | null;
  readonly forkPoint: string | null;
  /** Its agent was told of failed checks of this commit. */
  readonly checks?: string | undefined;
}

/** How the newest launch ended, written by the session wrapper itself. */
export interface ExitFact {
  readonly attempt: number;
  /** Which part ended: the change of directory, the set-up command or the agent. */
  readonly stage: "directory" | "setup" | "agent";
  readonly code: number;
  readonly atMs: number;
  /** Last lines of the terminal, without escape sequences; at most 200. */
  readonly tail: readonly string[];
}

/** The result of the `verify` command on one commit. */
export interface VerifyFact {
  readonly sha: string;
  readonly code: number | null;
  /** Still running when `code` is null and this is true. */
  readonly running: boolean;
  readonly startedAtMs: number;
  readonly tail: readonly string[];
}

/** One tmux session that this run made. */
export interface SessionFact {
  readonly name: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly paneId: string;
  readonly panePid: number;
  readonly createdAtMs: number;
  /** Clients that are attached: a person is looking. */
  readonly attached: number;
  /** Processor seconds of the session's processes; null when not measured. */
  readonly cpuSeconds: number | null;
}

/** A line that an agent or its hooks wrote into the task's folder. */
export interface SignalFact extends Signal {
  readonly atMs: number;
  readonly attempt: number;
}

/** All that one beat knows of one task. `known(null)` means: looked, and there is none. */
export interface TaskEvidence {
  readonly taskId: TaskId;
  readonly takenAtMs: number;
  readonly pullRequest: Probe<PullRequestFact | null>;
  /** Of its open pull request; null where that is not asked. */
  readonly checks: Probe<ChecksFact | null>;
  readonly git: Probe<GitFact | null>;
  readonly launch: Probe<LaunchFact | null>;
  readonly exit: Probe<ExitFact | null>;
  readonly verify: Probe<VerifyFact | null>;
  readonly session: Probe<SessionFact | null>;
  readonly screen: Probe<Screen | null>;
  readonly signals: Probe<readonly SignalFact[]>;
}

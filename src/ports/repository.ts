import type { ConflictFile, GitFact, Probe } from "../classify/evidence.ts";

export interface WorktreeSpec {
  readonly taskId: string;
  readonly branch: string;
  /** Absolute; outside the repository. */
  readonly path: string;
  /** Branch names; the first is the start, the others are merged into it in this order. Never empty. */
  readonly startFrom: readonly string[];
  /** Branches that it may have been started from instead by an earlier call, on which nobody took note of it. */
  readonly mayStandOn: readonly string[];
  /** Globs of ignored files to copy from the checkout, e.g. `.env`. */
  readonly copyFiles: readonly string[];
}

export type WorktreeOutcome =
  | {
      readonly kind: "ready";
      readonly path: string;
      readonly forkPoint: string;
      /** The branch of `startFrom`, or else of `mayStandOn`, whose tip is the fork point; null when it is none's alone, e.g. a merge of several. */
      readonly from: string | null;
      readonly created: boolean;
    }
  /** The parents' branches do not merge. */
  | {
      readonly kind: "conflict";
      readonly files: readonly string[];
      readonly branches: readonly string[];
    }
  /** The branch or folder is in use by something that is not ours, a start branch is missing, a copy is refused … */
  | { readonly kind: "refused"; readonly reason: string; readonly hint: string };

export type PushOutcome =
  | { readonly kind: "pushed" | "up-to-date"; readonly sha: string }
  /** The remote said no, e.g. not a fast-forward, a protected branch, a hook. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** Network or log-in: ask again later. */
  | { readonly kind: "failed"; readonly reason: string };

/** Two commits, by full names. */
export interface CommitPair {
  readonly left: string;
  readonly right: string;
}

/** A commit merged with the base for a try. */
export interface BaseTrial {
  /** The base's commit, by its full name. */
  readonly tip: string;
  /** Where the two do not merge. */
  readonly files: readonly string[];
}

/** What a pull request's body tells. */
export interface WorkSummary {
  readonly headSha: string;
  readonly commits: readonly { readonly sha: string; readonly subject: string }[];
  readonly files: readonly {
    readonly path: string;
    readonly added: number;
    readonly removed: number;
  }[];
}

/** The repository that the tasks work on. Every write goes through one lock per repository. */
export interface Repository {
  /** Absolute top folder of the checkout. */
  readonly root: string;
  /** Absolute folder in git's own one for what belongs to the repository; all its worktrees share it. */
  readonly stateDir: string;
  /** The base branch: the one asked for, else `origin`'s default, else the current branch. */
  baseBranch(asked: string | undefined): Promise<string>;
  /** `origin`'s URL without credentials, or null. */
  remoteUrl(): Promise<string | null>;
  /** The identity that commits in this repository get, or null when none is configured. */
  commitIdentity(): Promise<{ readonly name: string; readonly email: string } | null>;
  /** Every path of the base commit, `/`-separated. */
  listFiles(ref: string): Promise<readonly string[]>;
  /** Refreshes `origin`; at most once per beat. Quiet failure is an outcome. */
  fetch(): Promise<
    { readonly kind: "fetched" } | { readonly kind: "failed"; readonly reason: string }
  >;
  /** Makes, repairs or adopts the worktree of a task; safe to repeat. */
  ensureWorktree(spec: WorktreeSpec): Promise<WorktreeOutcome>;
  /** Facts of a task's branch and worktree; `known(null)`: no such branch. */
  probe(task: {
    readonly taskId: string;
    readonly branch: string;
    readonly worktree: string;
    readonly ignore: readonly string[];
  }): Promise<Probe<GitFact | null>>;
  /**
   * For each pair of commits, by full names, the files at which they do not merge; upkeep files are left out. Of one pair
   * git may know no answer, e.g. because a commit is gone; the others get theirs all the same.
   */
  conflicts(
    pairs: readonly CommitPair[],
  ): Promise<Probe<readonly Probe<readonly ConflictFile[]>[]>>;
  /** Tries a merge of a commit with the base as it is now on `origin`, which is asked first. */
  mergesOnto(commit: string, base: string): Promise<Probe<BaseTrial>>;
  /** `commit` and `forkPoint` are full names. What came in from the base by a merge or rebase is left out. */
  summary(commit: string, forkPoint: string): Promise<WorkSummary>;
  /** Pushes exactly `sha` to `refs/heads/<branch>` of `origin`; never forced, never to `base`. */
  push(push: {
    readonly branch: string;
    readonly sha: string;
    readonly base: string;
  }): Promise<PushOutcome>;
  /** Saves unpushed commits and uncommitted files of a task under `refs/coppice/preserved/<task>/<n>`; names the refs made. */
  preserve(task: {
    readonly taskId: string;
    readonly branch: string;
    readonly worktree: string;
  }): Promise<readonly string[]>;
  /** Removes our worktree and our branch, after `preserve`; refuses what is not ours. */
  removeWorktree(task: {
    readonly taskId: string;
    readonly branch: string;
    readonly worktree: string;
  }): Promise<{ readonly kind: "removed" } | { readonly kind: "refused"; readonly reason: string }>;
  /** True when every commit of the branch is in the base (local or `origin`'s). */
  isContained(branch: string, base: string): Promise<Probe<boolean>>;
}

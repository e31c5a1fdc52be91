import type { Screen } from "../../src/agents/screen.ts";
import type {
  ExitFact,
  GitFact,
  LaunchFact,
  PullRequestFact,
  SessionFact,
  VerifyFact,
} from "../../src/classify/evidence.ts";
import type { Verdict } from "../../src/classify/verdict.ts";
import type { VerdictKind } from "../../src/manifest/verdict-kind.ts";
import { NOW } from "./decision.ts";

export const HEAD = "a".repeat(40);
export const FORK = "f".repeat(40);

/** A pane in which a program shows these lines; as high as they are, where nothing else is said. */
export const screenFact = (lines: readonly string[], more: Partial<Screen> = {}): Screen => ({
  lines,
  cols: 120,
  rows: lines.length,
  cursor: { x: 0, y: 0, visible: true },
  title: "",
  currentCommand: "node",
  alternateOn: false,
  inMode: false,
  paneDead: false,
  paneDeadStatus: null,
  silentSeconds: 0,
  ...more,
});

/** A whole, clean worktree with one commit. */
export const gitFact = (more: Partial<GitFact> = {}): GitFact => ({
  branch: "fix/t1",
  headSha: HEAD,
  worktreeReady: true,
  astray: null,
  commitsAhead: 1,
  dirtyFiles: [],
  touched: [],
  remoteSha: null,
  forkPoint: FORK,
  lastCommitAtMs: NOW - 5000,
  ...more,
});

export const sessionFact = (more: Partial<SessionFact> = {}): SessionFact => ({
  name: "task-t1",
  taskId: "t1",
  attempt: 1,
  paneId: "%1",
  panePid: 4242,
  createdAtMs: NOW - 600_000,
  attached: 0,
  cpuSeconds: null,
  ...more,
});

export const launchFact = (more: Partial<LaunchFact> = {}): LaunchFact => ({
  attempt: 1,
  agent: "codex",
  startedAtMs: NOW - 600_000,
  kind: "start",
  mode: "interactive",
  worktree: "/w/worktrees/t1",
  branch: "fix/t1",
  parent: null,
  forkPoint: FORK,
  ...more,
});

export const exitFact = (more: Partial<ExitFact> = {}): ExitFact => ({
  attempt: 1,
  stage: "agent",
  code: 0,
  atMs: NOW - 1000,
  tail: [],
  ...more,
});

export const verifyFact = (more: Partial<VerifyFact> = {}): VerifyFact => ({
  sha: HEAD,
  code: 0,
  running: false,
  startedAtMs: NOW - 60_000,
  tail: [],
  ...more,
});

export const pullRequest = (more: Partial<PullRequestFact> = {}): PullRequestFact => ({
  number: 7,
  url: "https://forge.invalid/7",
  state: "open",
  headBranch: "fix/t1",
  headSha: HEAD,
  baseBranch: "main",
  markedTask: "t1",
  draft: false,
  ...more,
});

/** A verdict read off a screen; `fact: true` makes it one of a record. */
export const verdict = (kind: VerdictKind, more: Partial<Verdict> = {}): Verdict => ({
  kind,
  why: `looks ${kind}`,
  confidence: 0.9,
  fact: false,
  ...more,
});

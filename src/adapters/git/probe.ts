import picomatch from "picomatch";
import { type Astray, type GitFact, known, type Probe, unknown } from "../../classify/evidence.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { whyUnknown } from "../../manifest/machine-trouble.ts";
import type { Repository } from "../../ports/repository.ts";
import { baseRefs, type Checkout, canonical, commitOf, forkRef } from "./checkout.ts";
import { git, gitFailed, gitText } from "./command.ts";
import { isAncestor } from "./start-point.ts";
import { entryAt, isReady, lockReason, midstOf } from "./worktree-entry.ts";

type ProbeRequest = Parameters<Repository["probe"]>[0];

const DIRTY_FILES_MAX = 50;
const COUNTS_MAX = 10_000;
const TOUCHED_MAX = 200;

/** Facts of a branch and its worktree; `unknown` when git could not answer, `known(null)` when there is no such branch. */
export async function probeBranch(
  checkout: Checkout,
  request: ProbeRequest,
): Promise<Probe<GitFact | null>> {
  return answered(async () => {
    const [refs, worktree] = await Promise.all([
      readRefs(checkout, request.branch),
      readWorktree(checkout, request),
    ]);
    if (refs === null) return null;
    const [ahead, committed] = await Promise.all([
      commitsAhead(checkout, refs),
      committedFiles(checkout, refs),
    ]);
    const dirty = worktree?.dirty ?? [];
    return {
      branch: request.branch,
      headSha: refs.head,
      worktreeReady: worktree !== null,
      astray: worktree?.astray ?? null,
      commitsAhead: ahead,
      dirtyFiles: dirty,
      touched: committed && upTo(TOUCHED_MAX, [...new Set([...committed, ...dirty])]),
      remoteSha: refs.remote,
      forkPoint: refs.fork,
      lastCommitAtMs: refs.committedAtMs,
    };
  });
}

/** True when every commit of the branch is in the base, here or on `origin`. */
export async function isBranchContained(
  checkout: Checkout,
  branch: string,
  base: string,
): Promise<Probe<boolean>> {
  const tip = await commitOf(checkout, `refs/heads/${branch}`);
  if (tip === null) return unknown(`there is no branch ${branch}`);
  return answered(async () => {
    for (const ref of [`refs/remotes/origin/${base}`, `refs/heads/${base}`]) {
      const commit = await commitOf(checkout, ref);
      if (commit !== null && (await isAncestor(checkout, tip, commit))) return true;
    }
    return false;
  });
}

/** "Could not ask" is an unknown answer. */
export async function answered<T>(ask: () => Promise<T>): Promise<Probe<T>> {
  try {
    return known(await ask());
  } catch (cause) {
    if (cause instanceof CoppiceError && cause.kind === "machine")
      return unknown(whyUnknown(cause));
    throw cause;
  }
}

interface BranchRefs {
  readonly head: string;
  readonly committedAtMs: number;
  readonly remote: string | null;
  readonly fork: string | null;
  /** Tips of the base. */
  readonly bases: readonly string[];
}

async function readRefs(checkout: Checkout, branch: string): Promise<BranchRefs | null> {
  const [head, remote, fork] = [
    `refs/heads/${branch}`,
    `refs/remotes/origin/${branch}`,
    forkRef(branch),
  ];
  const format = "%(refname)%00%(objectname)%00%(committerdate:unix)";
  const bases = baseRefs(checkout);
  const args = ["for-each-ref", `--format=${format}`, head, remote, fork, ...bases];
  const lines = (await gitText(checkout.root, args)).split("\n").map((line) => line.split("\0"));
  const found = new Map(lines.map(([name = "", sha = "", at = ""]) => [name, { sha, at }]));
  const tip = found.get(head);
  if (tip === undefined) return null;
  return {
    head: tip.sha,
    committedAtMs: Number(tip.at) * 1000,
    remote: found.get(remote)?.sha ?? null,
    fork: found.get(fork)?.sha ?? null,
    bases: bases.flatMap((ref) => found.get(ref)?.sha ?? []),
  };
}

/** Commits of the branch itself: what came in from the base by a merge or rebase is not work. */
async function commitsAhead(checkout: Checkout, refs: BranchRefs): Promise<number> {
  const others = othersOf(refs);
  if (others.includes(refs.head)) return 0;
  const args = ["rev-list", "--count", refs.head, "--not", ...others];
  return remembered(checkout.counts, args, async () => Number(await gitText(checkout.root, args)));
}

/** Files that those commits change, without those of merges; null when they are too many to list. */
async function committedFiles(
  checkout: Checkout,
  refs: BranchRefs,
): Promise<readonly string[] | null> {
  const others = othersOf(refs);
  if (others.includes(refs.head)) return [];
  const what = ["--format=", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"];
  const args = ["log", ...what, refs.head, "--not", ...others];
  return remembered(checkout.changes, args, async () => {
    const names = (await gitText(checkout.root, args)).split("\0");
    return upTo(TOUCHED_MAX, [...new Set(names.filter((name) => name !== ""))]);
  });
}

const othersOf = (refs: BranchRefs): readonly string[] => [
  ...(refs.fork === null ? [] : [refs.fork]),
  ...refs.bases,
];

const upTo = <T>(max: number, all: readonly T[]): readonly T[] | null =>
  all.length > max ? null : all;

/** The answer to a question that names commits: it is asked once. */
async function remembered<T>(
  answers: Map<string, T>,
  args: readonly string[],
  ask: () => Promise<T>,
): Promise<T> {
  const question = args.join(" ");
  const known = answers.get(question);
  if (known !== undefined) return known;
  const answer = await ask();
  if (answers.size >= COUNTS_MAX) answers.clear();
  answers.set(question, answer);
  return answer;
}

interface WorktreeReading {
  /** Changed and untracked files. */
  readonly dirty: readonly string[];
  readonly astray: Astray | null;
}

/** The task's worktree; null when it is gone, not ours or half-made. */
async function readWorktree(
  checkout: Checkout,
  { taskId, branch, worktree, ignore }: ProbeRequest,
): Promise<WorktreeReading | null> {
  const path = await canonical(worktree);
  const entry = await entryAt(checkout, path);
  const isOurs = entry?.whole && entry.reason === lockReason(checkout, taskId);
  if (!isOurs || !isReady(entry)) return null;
  // Where git looks is said here: settings that an agent wrote could lead it elsewhere.
  const place = [`--git-dir=${entry.adminDir}`, `--work-tree=${path}`];
  const args = ["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal"];
  const env = { GIT_COMMON_DIR: checkout.commonDir };
  const said = await git(path, [...place, ...args], { env });
  if (/not a git repository/.test(said.stderr)) return null;
  if (said.code !== 0) throw gitFailed(path, args, said);
  const isIgnored = picomatch([...ignore], { dot: true });
  const dirty = readStatus(said.stdout).filter((name) => !isIgnored(name));
  const head = /(?:^|\0)# branch\.head ([^\0]*)/.exec(said.stdout)?.[1];
  return {
    dirty: dirty.slice(0, DIRTY_FILES_MAX),
    astray: astrayOf(midstOf(entry), head, branch),
  };
}

function astrayOf(
  midst: ReturnType<typeof midstOf>,
  head: string | undefined,
  branch: string,
): Astray | null {
  if (midst !== undefined) return { kind: "midst", of: midst };
  if (head === branch) return null;
  return { kind: "elsewhere", branch: head === undefined || head === DETACHED ? null : head };
}

/** How `git status --porcelain=v2` names the branch when none is checked out. */
const DETACHED = "(detached)";

/** The paths of `git status --porcelain=v2 -z`; a renamed file counts with its new name. */
function readStatus(output: string): readonly string[] {
  const paths: string[] = [];
  const records = output.split("\0");
  for (let at = 0; at < records.length; at++) {
    const record = records[at] ?? "";
    // Fields before the path, by kind of record: changed, renamed (its old name follows), unmerged, untracked.
    const fields = { "1": 8, "2": 9, u: 10, "?": 1 }[record[0] ?? ""];
    if (fields === undefined) continue;
    paths.push(record.split(" ").slice(fields).join(" "));
    if (record.startsWith("2")) at++;
  }
  return paths;
}

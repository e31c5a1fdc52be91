import picomatch from "picomatch";
import { type GitFact, known, type Probe, unknown } from "../../classify/evidence.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import type { Repository } from "../../ports/repository.ts";
import { baseCommits, type Checkout, canonical, commitOf, forkRef } from "./checkout.ts";
import { gitText } from "./command.ts";
import { isAncestor } from "./start-point.ts";
import { standsOn } from "./worktree.ts";
import { entryAt, isReady, lockReason } from "./worktree-entry.ts";

type ProbeRequest = Parameters<Repository["probe"]>[0];

const DIRTY_FILES_MAX = 50;

/** Facts of a branch and its worktree; `unknown` when git could not answer, `known(null)` when there is no such branch. */
export async function probeBranch(
  checkout: Checkout,
  request: ProbeRequest,
): Promise<Probe<GitFact | null>> {
  return answered(async () => {
    const refs = await readRefs(checkout, request.branch);
    if (refs === null) return null;
    const path = await canonical(request.worktree);
    const worktreeReady = await isUsable(checkout, request, path);
    const [ahead, dirty] = await Promise.all([
      commitsAhead(checkout, refs),
      worktreeReady ? dirtyFiles(path, request.ignore) : [],
    ]);
    return {
      branch: request.branch,
      headSha: refs.head,
      worktreeReady,
      commitsAhead: ahead,
      dirtyFiles: dirty,
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
async function answered<T>(ask: () => Promise<T>): Promise<Probe<T>> {
  try {
    return known(await ask());
  } catch (cause) {
    if (cause instanceof CoppiceError && cause.kind === "machine") return unknown(cause.message);
    throw cause;
  }
}

interface BranchRefs {
  readonly head: string;
  readonly committedAtMs: number;
  readonly remote: string | null;
  readonly fork: string | null;
}

async function readRefs(checkout: Checkout, branch: string): Promise<BranchRefs | null> {
  const [head, remote, fork] = [
    `refs/heads/${branch}`,
    `refs/remotes/origin/${branch}`,
    forkRef(branch),
  ];
  const format = "%(refname)%00%(objectname)%00%(committerdate:unix)";
  const args = ["for-each-ref", `--format=${format}`, head, remote, fork];
  const lines = (await gitText(checkout.root, args)).split("\n").map((line) => line.split("\0"));
  const found = new Map(lines.map(([name = "", sha = "", at = ""]) => [name, { sha, at }]));
  const tip = found.get(head);
  if (tip === undefined) return null;
  return {
    head: tip.sha,
    committedAtMs: Number(tip.at) * 1000,
    remote: found.get(remote)?.sha ?? null,
    fork: found.get(fork)?.sha ?? null,
  };
}

/** Commits of the branch itself: what came in from the base by a merge or rebase is not work. */
async function commitsAhead(checkout: Checkout, refs: BranchRefs): Promise<number> {
  const others = [...(refs.fork === null ? [] : [refs.fork]), ...(await baseCommits(checkout))];
  const args = ["rev-list", "--count", refs.head, "--not", ...others];
  return Number(await gitText(checkout.root, args));
}

async function isUsable(checkout: Checkout, request: ProbeRequest, path: string): Promise<boolean> {
  const entry = await entryAt(checkout, path);
  return (
    entry !== null &&
    entry.reason === lockReason(checkout, request.taskId) &&
    (await isReady(entry)) &&
    standsOn(checkout, path, request.branch)
  );
}

async function dirtyFiles(path: string, ignore: readonly string[]): Promise<readonly string[]> {
  const args = ["status", "--porcelain=v2", "-z", "--untracked-files=normal"];
  const isIgnored = picomatch([...ignore], { dot: true });
  return readStatus(await gitText(path, args))
    .filter((name) => !isIgnored(name))
    .slice(0, DIRTY_FILES_MAX);
}

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

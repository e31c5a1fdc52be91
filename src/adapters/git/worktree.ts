import { access, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CoppiceError } from "../../manifest/errors.ts";
import type { Repository, WorktreeOutcome, WorktreeSpec } from "../../ports/repository.ts";
import { effect } from "../fault-point.ts";
import {
  type Checkout,
  canonical,
  commitOf,
  commitsOf,
  forkRef,
  withRepositoryLock,
  withTaskLock,
} from "./checkout.ts";
import { git, gitFailed, gitText, gitWrite, reasonOf } from "./command.ts";
import { copyIgnoredFiles } from "./copy-files.ts";
import { preserveWork } from "./preserve.ts";
import { remoteTip } from "./push.ts";
import { branchAt, headAt, startPoint } from "./start-point.ts";
import {
  discardEntry,
  discardFolder,
  isDeserted,
  isReady,
  linkOf,
  lockReason,
  namesIn,
  readyMark,
  type WorktreeEntry,
  worktreeEntries,
} from "./worktree-entry.ts";

type Refusal = Extract<WorktreeOutcome, { kind: "refused" }>;
type Problem = Exclude<WorktreeOutcome, { kind: "ready" }>;
type Origin = Pick<Extract<WorktreeOutcome, { kind: "ready" }>, "forkPoint" | "from">;
/** A worktree without its files; `origin` is known when its branch was made with it. */
type Added = { readonly kind: "added"; readonly origin: Origin | null };
type RemoveOutcome = Awaited<ReturnType<Repository["removeWorktree"]>>;
type TaskWorktree = Parameters<Repository["removeWorktree"]>[0];

const CHECKOUT_TIMEOUT_MS = 600_000;
const DESERTED_TIMEOUT_MS = 10_000;
const INDEX_LOCK_AGE_MS = 5_000;
const POLL_MS = 50;

/** Makes, mends or adopts a task's worktree; what an earlier, killed call left is made whole, and no work in it is lost. */
export function ensureWorktree(checkout: Checkout, spec: WorktreeSpec): Promise<WorktreeOutcome> {
  return withTaskLock(checkout, spec.taskId, async () => {
    const path = await canonical(spec.path);
    if (!relative(checkout.root, path).startsWith("..")) {
      return refused(`${path} is inside the repository`, "Give a --workdir outside of it.");
    }
    if (!(await isSettled(checkout, spec.taskId, path))) {
      return refused(
        `another process is at work in ${path}`,
        "Leave that folder, or wait until its git command has ended.",
      );
    }
    const entry = await entryToUse(checkout, spec, path);
    if (entry !== null && "kind" in entry) return entry;
    const added =
      entry === null ? await withRepositoryLock(checkout, () => add(checkout, spec, path)) : null;
    if (added !== null && added.kind !== "added") return added;
    return await complete(checkout, spec, path, added);
  });
}

/** Saves what would be lost, then takes worktree and branch away; never the checkout, never what is not ours. */
export function removeWorktree(checkout: Checkout, task: TaskWorktree): Promise<RemoveOutcome> {
  return withTaskLock(checkout, task.taskId, async () => {
    const path = await canonical(task.worktree);
    const found = await ourEntry(checkout, task.taskId, path);
    if (found.kind === "refused") return { kind: "refused", reason: found.reason };
    const { entry } = found;
    const objection = entry === undefined ? null : await objectionToRemoval(entry);
    if (objection !== null) return { kind: "refused", reason: objection };
    const { nested } = await preserveWork(checkout, task, entry);
    if (nested.length > 0) {
      const names = nested.slice(0, 5).join(", ");
      return { kind: "refused", reason: `${path} holds repositories of their own: ${names}` };
    }
    if (entry !== undefined) {
      await effect("worktree-remove", () => discardFolder(path, path));
      await withRepositoryLock(checkout, () =>
        effect("worktree-forget", () => discardEntry(checkout, entry)),
      );
    }
    await sweep(path);
    return withRepositoryLock(checkout, () => removeBranch(checkout, task.branch));
  });
}

/** What HEAD names in a folder in which git commands mean this repository; null: they do not. */
async function headOf(checkout: Checkout, path: string): Promise<string | null> {
  if ((await namesIn(path)).length === 0) return null;
  const found = await git(path, [
    "rev-parse",
    "--path-format=absolute",
    "--show-toplevel",
    "--git-common-dir",
    "--symbolic-full-name",
    "HEAD",
  ]);
  const [top = "", common = "", head = ""] = found.stdout.split("\n");
  const isOurs = found.code === 0 && top === path;
  return isOurs && (await canonical(common)) === checkout.commonDir ? head : null;
}

/** The entry of a task at its path, if any; refuses when someone else's is there or ours is elsewhere. */
export async function ourEntry(
  checkout: Checkout,
  taskId: string,
  path: string,
): Promise<Refusal | { readonly kind: "entry"; readonly entry: WorktreeEntry | undefined }> {
  const reason = lockReason(checkout, taskId);
  const entries = await worktreeEntries(checkout);
  const entry = entries.find((candidate) => candidate.path === path);
  if (entry !== undefined && entry.reason !== reason) {
    const owner = entry.reason === null ? "someone else" : `"${entry.reason}"`;
    return refused(
      `the worktree ${path} belongs to ${owner}`,
      "Use another --workdir, or remove that worktree with git worktree remove.",
    );
  }
  const elsewhere = entries.find(
    (candidate) =>
      candidate.reason === reason && candidate.path !== null && candidate.path !== path,
  );
  if (elsewhere?.path && (await namesIn(elsewhere.path)).length > 0) {
    return refused(
      `the worktree of ${taskId} is at ${elsewhere.path}`,
      "Use the --workdir of the earlier run, or clean that one up first.",
    );
  }
  return { kind: "entry", entry };
}

/** False when a process is at work in a worktree that is not ready, for longer than we wait. */
async function isSettled(checkout: Checkout, taskId: string, path: string): Promise<boolean> {
  const deadline = performance.now() + DESERTED_TIMEOUT_MS;
  for (;;) {
    const found = await ourEntry(checkout, taskId, path);
    const entry = found.kind === "entry" ? found.entry : undefined;
    if (entry !== undefined && isReady(entry)) return true;
    if (!(await exists(path)) || (await isDeserted(path))) return true;
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
}

/** The entry to go on with, mended as far as git needs it; null when a new one has to be made. */
async function entryToUse(
  checkout: Checkout,
  spec: WorktreeSpec,
  path: string,
): Promise<WorktreeEntry | Refusal | null> {
  const found = await ourEntry(checkout, spec.taskId, path);
  if (found.kind === "refused") return found;
  const { entry } = found;
  if (entry === undefined) return null;
  const link = await linkOf(entry);
  if (link === "foreign") return refused(`${path} holds a repository of its own now`, SAVE_HINT);
  const isEmpty = (await namesIn(path)).every((name) => name === ".git");
  if (entry.whole && link === "absent" && !isEmpty) {
    await writeFile(join(path, ".git"), `gitdir: ${entry.adminDir}\n`);
    return entry;
  }
  if (entry.whole && link === "ours") return entry;
  if (!isEmpty) return refused(`git's entry ${entry.adminDir} of ${path} is damaged`, SAVE_HINT);
  if (entry.whole) await preserveWork(checkout, spec, entry);
  return null;
}

/** Adds the worktree without its files. The repository's lock is held: concurrent adds fail. */
async function add(checkout: Checkout, spec: WorktreeSpec, path: string): Promise<Added | Problem> {
  await discardLeftovers(checkout, spec.taskId);
  if ((await namesIn(path)).some((name) => name !== ".git")) {
    return refused(
      `${path} exists and is no worktree of ${spec.taskId}`,
      "Move the folder away, or use another --workdir.",
    );
  }
  await rm(join(path, ".git"), { force: true });
  const start = await branchToUse(checkout, spec);
  if (start.kind !== "branch") return start;
  await mkdir(path, { recursive: true });
  const reason = lockReason(checkout, spec.taskId);
  const args = ["worktree", "add", "--no-checkout", "--lock", "--reason", reason];
  const branch =
    start.fresh === null
      ? [path, spec.branch]
      : ["--no-track", "-b", spec.branch, path, start.fresh.forkPoint];
  // It runs in the new folder, so that the next call sees a git that outlives this process (see isSettled).
  const result = await effect("worktree-add", () =>
    gitWrite(path, [`--git-dir=${checkout.commonDir}`, ...args, ...branch]),
  );
  if (result.code === 0) return { kind: "added", origin: start.fresh };
  if (start.fresh !== null && (await commitOf(checkout, `refs/heads/${spec.branch}`)) === null) {
    await gitText(checkout.root, ["update-ref", "-d", forkRef(spec.branch)]);
  }
  if (!/already|cannot lock ref|not a valid/.test(result.stderr)) {
    throw gitFailed(path, args, result);
  }
  return refused(reasonOf(result), `Free the branch ${spec.branch}, or give the task another one.`);
}

/** Entries of the task that a killed `git worktree add` or a deleted folder left. */
async function discardLeftovers(checkout: Checkout, taskId: string): Promise<void> {
  const reason = lockReason(checkout, taskId);
  for (const entry of await worktreeEntries(checkout)) {
    if (entry.reason === reason) await discardEntry(checkout, entry);
  }
}

/** `fresh` is where a branch begins that is still to be made. */
async function branchToUse(
  checkout: Checkout,
  spec: WorktreeSpec,
): Promise<{ readonly kind: "branch"; readonly fresh: Origin | null } | Problem> {
  const { branch } = spec;
  const hint = `Rename or delete that branch, or give the task ${spec.taskId} another "branch".`;
  const refs = [`refs/heads/${branch}`, forkRef(branch), `refs/remotes/origin/${branch}`] as const;
  const [here, fork, remote] = refs;
  const commits = await commitsOf(checkout, refs);
  if (commits.has(here)) {
    if (commits.has(fork)) return { kind: "branch", fresh: null };
    return refused(`the branch ${branch} exists and was not made by Coppice`, hint);
  }
  if (commits.has(remote) && (await isStillOnOrigin(checkout, branch))) {
    return refused(`the branch ${branch} exists on origin and not here`, hint);
  }
  const start = await startPoint(checkout, spec.startFrom);
  if (start.kind === "conflict") return start;
  if (start.kind === "missing") {
    return refused(
      `the branch ${start.branch} that ${spec.taskId} starts from does not exist`,
      "Fetch it, or correct the base of the manifest.",
    );
  }
  const args = ["update-ref", forkRef(branch), start.sha];
  const recorded = await effect("fork-record", () => gitWrite(checkout.root, args));
  return recorded.code === 0
    ? { kind: "branch", fresh: { forkPoint: start.sha, from: start.from } }
    : refused(reasonOf(recorded), hint);
}

/** Asks `origin` itself: the branch may have been deleted there since the last fetch. */
async function isStillOnOrigin(checkout: Checkout, branch: string): Promise<boolean> {
  const tip = await remoteTip(checkout, branch);
  if (tip.kind === "unknown") {
    throw new CoppiceError({
      code: "origin-unreachable",
      kind: "machine",
      message: `cannot ask origin whether the branch ${branch} is there: ${tip.reason}`,
      hint: "Mend the connection or the log-in, then run the command again.",
    });
  }
  if (tip.value !== null) return true;
  await gitText(checkout.root, ["update-ref", "-d", `refs/remotes/origin/${branch}`]);
  return false;
}

/** Checks the files out and copies what is to be copied; the mark is written last. */
async function complete(
  checkout: Checkout,
  spec: WorktreeSpec,
  path: string,
  added: Added | null,
): Promise<WorktreeOutcome> {
  const found = await ourEntry(checkout, spec.taskId, path);
  if (found.kind === "refused") return found;
  const { entry } = found;
  const wasReady = entry !== undefined && isReady(entry);
  const own = `refs/heads/${spec.branch}`;
  const head = added === null ? await headOf(checkout, path) : own;
  // An agent that left its branch is told when its turn ends; its work is where it stands.
  const hasLeft = async () => wasReady && (await commitOf(checkout, own)) !== null;
  if (entry === undefined || head === null || (head !== own && !(await hasLeft()))) {
    return refused(
      `the worktree ${path} does not stand on ${spec.branch}`,
      `Run git switch ${spec.branch} there, after saving what it stands on now.`,
    );
  }
  const indexLock = join(entry.adminDir, "index.lock");
  if (!wasReady || (await isAbandoned(indexLock, path))) await rm(indexLock, { force: true });
  if (!wasReady && added === null) await preserveWork(checkout, spec, entry);
  const reset = ["reset", "--hard", "--quiet"];
  const [origin] = await Promise.all([
    added?.origin ?? originOf(checkout, spec),
    wasReady
      ? null
      : effect("checkout", () => gitText(path, reset, { timeoutMs: CHECKOUT_TIMEOUT_MS })),
  ]);
  const copied = await copyIgnoredFiles(checkout, path, spec.copyFiles, !wasReady);
  if (copied.kind === "refused") return copied;
  if (!wasReady) await effect("worktree-ready", () => writeFile(readyMark(entry), ""));
  return { kind: "ready", path: spec.path, ...origin, created: !wasReady };
}

/** A lock of the index that a killed git left: old, and nobody is in the worktree. */
async function isAbandoned(indexLock: string, path: string): Promise<boolean> {
  if (!(await exists(indexLock))) return false;
  const ageMs = Date.now() - (await stat(indexLock)).mtimeMs;
  return ageMs > INDEX_LOCK_AGE_MS && isDeserted(path);
}

/** Where a branch began: the commit, and which of the branches that it started from holds all others. */
async function originOf(
  checkout: Checkout,
  { branch, startFrom, mayStandOn }: WorktreeSpec,
): Promise<Origin> {
  const forkPoint = await commitOf(checkout, forkRef(branch));
  if (forkPoint !== null) {
    const from =
      (await branchAt(checkout, startFrom, forkPoint)) ??
      (await headAt(checkout, mayStandOn, forkPoint));
    return { forkPoint, from };
  }
  throw new CoppiceError({
    code: "fork-point-missing",
    kind: "machine",
    message: `${forkRef(branch)} is gone: the commit where ${branch} began`,
    hint: `Put it back with git update-ref ${forkRef(branch)} <commit>.`,
  });
}

async function objectionToRemoval(entry: WorktreeEntry): Promise<string | null> {
  const path = entry.path ?? entry.adminDir;
  const isEmpty = (await namesIn(path)).every((name) => name === ".git");
  if ((await linkOf(entry)) === "foreign") return `${path} holds a repository of its own now`;
  return entry.whole || isEmpty ? null : `git's entry ${entry.adminDir} of ${path} is damaged`;
}

/** What a killed removal left beside the worktree. */
async function sweep(path: string): Promise<void> {
  for (const name of await namesIn(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.removed-`)) continue;
    await rm(join(dirname(path), name), { recursive: true, force: true });
  }
}

async function removeBranch(checkout: Checkout, branch: string): Promise<RemoveOutcome> {
  if ((await commitOf(checkout, `refs/heads/${branch}`)) !== null) {
    if ((await commitOf(checkout, forkRef(branch))) === null) {
      return { kind: "refused", reason: `the branch ${branch} was not made by Coppice` };
    }
    const args = ["branch", "-D", "--quiet", "--", branch];
    const deleted = await effect("branch-delete", () => gitWrite(checkout.root, args));
    if (deleted.code !== 0) return { kind: "refused", reason: reasonOf(deleted) };
  }
  await effect("fork-delete", () => gitText(checkout.root, ["update-ref", "-d", forkRef(branch)]));
  return { kind: "removed" };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

const SAVE_HINT = "Save what you need from that folder, delete it and run coppice retry.";

const refused = (reason: string, hint: string): Refusal => ({ kind: "refused", reason, hint });

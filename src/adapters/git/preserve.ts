import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { effect } from "../fault-point.ts";
import {
  baseRefs,
  type Checkout,
  commitOf,
  commitsOf,
  committer,
  withRepositoryLock,
} from "./checkout.ts";
import { git, gitFailed, gitText } from "./command.ts";
import { namesIn, type WorktreeEntry } from "./worktree-entry.ts";

/** What a save found. */
export interface Preserved {
  /** The refs made. */
  readonly refs: readonly string[];
  /** Folders that are repositories of their own: their commits are nowhere else. */
  readonly nested: readonly string[];
}

/**
 * Saves what neither the base nor `origin` has: the branch's commits, a detached HEAD, and the files of the worktree,
 * which stays as it is. What is saved already is not saved again. The task's lock is held.
 */
export async function preserveWork(
  checkout: Checkout,
  task: { readonly taskId: string; readonly branch: string },
  entry: WorktreeEntry | undefined,
): Promise<Preserved> {
  const snapshot = entry === undefined ? NOTHING : await snapshotOf(checkout, entry);
  const tips = [
    await commitOf(checkout, `refs/heads/${task.branch}`),
    entry === undefined ? null : await headOf(checkout, entry),
  ];
  return withRepositoryLock(checkout, async () => {
    const refs: string[] = [];
    for (const tip of new Set(tips)) {
      if (tip === null || (await isSafe(checkout, task.taskId, tip))) continue;
      refs.push(await keep(checkout, task.taskId, tip));
    }
    const { uncommitted, nested } = snapshot;
    if (uncommitted !== null && !(await isKept(checkout, task.taskId, uncommitted))) {
      refs.push(await keep(checkout, task.taskId, uncommitted));
    }
    return { refs, nested };
  });
}

interface Snapshot {
  /** A commit with the uncommitted and untracked files on top of HEAD; null when there are none. */
  readonly uncommitted: string | null;
  readonly nested: readonly string[];
}

const NOTHING: Snapshot = { uncommitted: null, nested: [] };

/** The files of a worktree as a commit, made with an index of its own. Deletions alone hold no work. */
async function snapshotOf(checkout: Checkout, entry: WorktreeEntry): Promise<Snapshot> {
  const head = await headOf(checkout, entry);
  if (head === null || entry.path === null || (await namesIn(entry.path)).length === 0) {
    return NOTHING;
  }
  const folder = await mkdtemp(join(tmpdir(), "coppice-index-"));
  try {
    const index = join(folder, "index");
    const env = {
      GIT_DIR: entry.adminDir,
      GIT_WORK_TREE: entry.path,
      GIT_INDEX_FILE: index,
      ...committer(checkout),
    };
    const run = (...args: string[]) => gitText(entry.path ?? "", args, { env, timeoutMs: 600_000 });
    // The worktree's own index spares reading every file again; a half-made worktree has none.
    const copied = await copyFile(join(entry.adminDir, "index"), index).then(
      () => true,
      () => false,
    );
    if (!copied) await run("read-tree", head);
    await run("add", "--all", "--", ".");
    const tree = await run("write-tree");
    const changes = await run("diff-tree", "-r", "-z", "--raw", "--no-renames", head, tree);
    const { holdsWork, nested } = readChanges(changes);
    const message = "Uncommitted files, saved by Coppice";
    const uncommitted = holdsWork
      ? await run("commit-tree", tree, "-p", head, "-m", message)
      : null;
    return { uncommitted, nested };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readChanges(raw: string): { holdsWork: boolean; nested: readonly string[] } {
  const parts = raw.split("\0");
  const nested: string[] = [];
  let holdsWork = false;
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [, mode, , , status] = (parts[at] ?? "").split(" ");
    if (status !== "D") holdsWork = true;
    if (mode === "160000") nested.push(parts[at + 1] ?? "");
  }
  return { holdsWork, nested };
}

async function headOf(checkout: Checkout, entry: WorktreeEntry): Promise<string | null> {
  const args = ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"];
  const found = await git(checkout.root, args, { env: { GIT_DIR: entry.adminDir } });
  return found.code === 0 ? found.stdout.trim() : null;
}

/** Every commit up to `tip` is in the base, on `origin` or preserved. */
async function isSafe(checkout: Checkout, taskId: string, tip: string): Promise<boolean> {
  const args = [
    "rev-list",
    "--max-count=1",
    tip,
    "--not",
    ...(await commitsOf(checkout, baseRefs(checkout))).values(),
    "--remotes=origin",
    `--glob=${preservedPrefix(taskId)}*`,
  ];
  const result = await git(checkout.root, args);
  if (result.code !== 0) throw gitFailed(checkout.root, args, result);
  return result.stdout.trim() === "";
}

/** A commit with the same files on the same parent is kept. */
async function isKept(checkout: Checkout, taskId: string, commit: string): Promise<boolean> {
  const format = "%(tree) %(parent)";
  const kept = await gitText(checkout.root, [
    "for-each-ref",
    `--format=${format}`,
    preservedPrefix(taskId),
  ]);
  const wanted = await gitText(checkout.root, ["show", "-s", "--format=%T %P", commit]);
  return kept.split("\n").includes(wanted);
}

async function keep(checkout: Checkout, taskId: string, commit: string): Promise<string> {
  const prefix = preservedPrefix(taskId);
  const refs = await gitText(checkout.root, ["for-each-ref", "--format=%(refname)", prefix]);
  const numbers = refs.split("\n").map((ref) => Number(ref.slice(prefix.length)) || 0);
  const ref = `${prefix}${Math.max(0, ...numbers) + 1}`;
  // The empty old value: never over a ref that is there.
  await effect("preserve", () => gitText(checkout.root, ["update-ref", ref, commit, ""]));
  return ref;
}

const preservedPrefix = (taskId: string): string => `refs/coppice/preserved/${taskId}/`;

import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile, readlink, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { exec } from "../exec.ts";
import type { Checkout } from "./checkout.ts";

/**
 * One folder of `<common>/worktrees` (gitrepository-layout). It is read file by file, since `git worktree` gives up on
 * entries that a killed `git worktree add` left half-made.
 */
export interface WorktreeEntry {
  readonly adminDir: string;
  /** Absolute folder of the worktree; null when the entry does not say. */
  readonly path: string | null;
  /** Why it is locked, or null. Ours name project and task. */
  readonly reason: string | null;
  /** All that git needs to use the entry is there. */
  readonly whole: boolean;
}

export const lockReason = (checkout: Checkout, taskId: string): string =>
  `coppice ${checkout.project}/${taskId}`;

export async function worktreeEntries(checkout: Checkout): Promise<readonly WorktreeEntry[]> {
  const folder = join(checkout.commonDir, "worktrees");
  const names = await namesIn(folder);
  return names.map((name) => readEntry(join(folder, name)));
}

/** The entry that the `.git` link of a folder names, if it is one of this repository. */
export async function entryAt(checkout: Checkout, path: string): Promise<WorktreeEntry | null> {
  const link = await linkTarget(path);
  if (link.kind !== "link") return null;
  return dirname(link.adminDir) === join(checkout.commonDir, "worktrees")
    ? readEntry(link.adminDir)
    : null;
}

/** Read in one go: of hundreds of entries, which many tasks look at, as many files would be open at once. */
function readEntry(adminDir: string): WorktreeEntry {
  const [gitdir, locked, head, commondir] = ["gitdir", "locked", "HEAD", "commondir"].map((name) =>
    readTrimmed(join(adminDir, name)),
  );
  return {
    adminDir,
    path: gitdir ? dirname(resolve(adminDir, gitdir)) : null,
    reason: locked ?? null,
    whole: Boolean(gitdir && head && commondir),
  };
}

/** Written when checkout and copies are complete; a worktree without it is half-made. */
export const readyMark = (entry: WorktreeEntry): string => join(entry.adminDir, "coppice-ready");

export const isReady = (entry: WorktreeEntry): boolean =>
  readTrimmed(readyMark(entry)) !== undefined;

/** What git itself looks at to tell that an operation is under way (wt-status). */
const MIDSTS = [
  ["rebase-merge", "rebase"],
  ["rebase-apply", "rebase"],
  ["MERGE_HEAD", "merge"],
  ["CHERRY_PICK_HEAD", "cherry-pick"],
  ["REVERT_HEAD", "revert"],
] as const;

/** The operation that was begun in a worktree and has not ended. */
export const midstOf = ({ adminDir }: WorktreeEntry): (typeof MIDSTS)[number][1] | undefined =>
  MIDSTS.find(([name]) => existsSync(join(adminDir, name)))?.[1];

/** What a worktree's `.git` is: the link to its entry, nothing, or something that is not ours. */
export async function linkOf(entry: WorktreeEntry): Promise<"ours" | "absent" | "foreign"> {
  const link = entry.path === null ? { kind: "absent" as const } : await linkTarget(entry.path);
  if (link.kind === "link") return link.adminDir === entry.adminDir ? "ours" : "foreign";
  return link.kind === "absent" ? "absent" : "foreign";
}

async function linkTarget(
  path: string,
): Promise<{ kind: "link"; adminDir: string } | { kind: "absent" } | { kind: "folder" }> {
  try {
    const text = await readFile(join(path, ".git"), "utf8");
    const target = /^gitdir: (.*)$/m.exec(text)?.[1];
    return target === undefined
      ? { kind: "absent" }
      : { kind: "link", adminDir: resolve(path, target) };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "absent" };
    if (code === "EISDIR") return { kind: "folder" };
    throw cause;
  }
}

/** Takes an entry of ours away in one step. */
export async function discardEntry(checkout: Checkout, entry: WorktreeEntry): Promise<void> {
  await discardFolder(
    entry.adminDir,
    join(checkout.commonDir, "coppice", basename(entry.adminDir)),
  );
}

/** Moves a folder aside, so that a kill leaves it whole or gone, then deletes it. */
export async function discardFolder(folder: string, aside: string): Promise<void> {
  const grave = `${aside}.removed-${randomUUID()}`;
  try {
    await rename(folder, grave);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cause;
  }
  await rm(grave, { recursive: true, force: true });
}

/** The folder's names; empty when there is no folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw cause;
  }
}

/** Whether no process stands in the folder: a killed orchestrator's git may still be at work there. */
export async function isDeserted(folder: string): Promise<boolean> {
  const places = process.platform === "linux" ? await placesFromProc() : await placesFromLsof();
  return !places.some((place) => place === folder || place.startsWith(`${folder}/`));
}

async function placesFromProc(): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  // Other users' processes do not tell, and some end while we look.
  return Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
}

async function placesFromLsof(): Promise<readonly string[]> {
  const { stdout } = await exec("lsof", ["-w", "-d", "cwd", "-Fn"]);
  return stdout.split("\n").flatMap((line) => (line.startsWith("n") ? [line.slice(1)] : []));
}

function readTrimmed(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw cause;
  }
}

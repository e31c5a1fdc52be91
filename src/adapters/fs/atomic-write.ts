import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
} from "node:fs";
import { open, realpath, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CoppiceError } from "../../manifest/errors.ts";
import { boundary, effect } from "../fault-point.ts";

/** How a conditional replacement ended. */
export type ReplaceOutcome =
  | { readonly kind: "replaced" }
  /** The file is not what was expected; nothing was written. */
  | { readonly kind: "changed" }
  /** An editor was writing into the old file while it was replaced: this is what it wrote. */
  | { readonly kind: "overtaken"; readonly text: string };

const SETTLE_ATTEMPTS = 1000;
const SETTLE_MS = 2;

/**
 * Replaces a file in one step: temporary file beside it, fsync, comparison with `expected` (null: no file yet), rename,
 * fsync of the folder. Mode and owner stay, a symbolic link is followed. The caller holds a lock on the file, hence one
 * fixed temporary name. A save in place is never lost. Node has no compare-and-rename: only a save by rename that falls
 * into the microseconds between our last look and our own rename would be.
 */
export async function replaceFile(
  path: string,
  text: string,
  expected: string | null,
): Promise<ReplaceOutcome> {
  const target = await realpath(path).catch(() => path);
  const temporary = join(dirname(target), `.${basename(target)}.coppice-new`);
  const old = openIfThere(target);
  try {
    // Opened before the rename: were it wanting afterwards, a file that is new would be told as one that could not be written.
    const folder = await open(dirname(target), "r");
    try {
      await effect("manifest-draft", () => writeDurably(temporary, text, old));
      if (!renameOver(target, temporary, old, expected)) return { kind: "changed" };
      const overtaken = old === null || expected === null ? null : await lateText(old, expected);
      await effect("manifest-sync", () => folder.sync());
      return overtaken === null ? { kind: "replaced" } : { kind: "overtaken", text: overtaken };
    } finally {
      await folder.close();
    }
  } catch (cause) {
    throw writeFailed(path, cause);
  } finally {
    if (old !== null) closeSync(old);
    await rm(temporary, { force: true });
  }
}

async function writeDurably(temporary: string, text: string, old: number | null): Promise<void> {
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", 0o644);
  try {
    await file.writeFile(text);
    if (old !== null) keepOwnerAndMode(file.fd, old);
    await file.sync();
  } finally {
    await file.close();
  }
}

function keepOwnerAndMode(fd: number, old: number): void {
  const before = fstatSync(old);
  const now = fstatSync(fd);
  if (before.uid !== now.uid || before.gid !== now.gid) fchownSync(fd, before.uid, before.gid);
  fchmodSync(fd, before.mode & 0o7777);
}

/** Renames when the same file is still in its place and says what was expected. */
function renameOver(
  target: string,
  temporary: string,
  old: number | null,
  expected: string | null,
): boolean {
  const inode = old === null ? undefined : fstatSync(old).ino;
  if ((old === null ? null : readWhole(old)) !== expected) return false;
  if (statSync(target, { throwIfNoEntry: false })?.ino !== inode) return false;
  boundary("before-manifest-rename");
  renameSync(temporary, target);
  boundary("after-manifest-rename");
  return true;
}

/** What an in-place writer made of the replaced file, once it stands still; null when nobody wrote. */
async function lateText(old: number, expected: string): Promise<string | null> {
  let last = readWhole(old);
  if (last === expected) return null;
  for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
    await sleep(SETTLE_MS);
    const now = readWhole(old);
    if (now === last && now !== "") return now;
    last = now;
  }
  return last === "" ? null : last;
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw cause;
  }
}

function readWhole(fd: number): string {
  const buffer = Buffer.alloc(fstatSync(fd).size);
  let length = 0;
  while (length < buffer.length) {
    const read = readSync(fd, buffer, length, buffer.length - length, length);
    if (read === 0) break;
    length += read;
  }
  return buffer.toString("utf8", 0, length);
}

function writeFailed(path: string, cause: unknown): CoppiceError {
  return new CoppiceError({
    code: "write-failed",
    kind: "machine",
    message: `cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Free disk space or mend the permissions of the folder; the file is whole, as it was or as it was to be.",
    cause,
  });
}

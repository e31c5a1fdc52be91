import { mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Locks } from "../../ports/lock.ts";
import { effect } from "../fault-point.ts";

/** A file of lines that grows up to a limit. */
export interface LineFile {
  /** What its fault points are called after. */
  readonly name: "journal" | "history";
  /** The newest lines; those before are in `<path>.1`, older ones nowhere. */
  readonly path: string;
  /** A file that has grown beyond this becomes `<path>.1`. */
  readonly bytesMax: number;
  readonly locks: Locks;
}

const ROTATE_TIMEOUT_MS = 10_000;
const NEWLINE = "\n".charCodeAt(0);

/** Appends lines in one write, and flushes them to the disk. */
export async function appendLines(to: LineFile, lines: readonly string[]): Promise<void> {
  const { name, path } = to;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rotate(to);
  const file = await open(path, "a+", 0o600);
  try {
    const { size } = await file.stat();
    const end = size === 0 ? null : (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer;
    // A line that a crash tore off stays alone on its line.
    const separator = end === null || end[0] === NEWLINE ? "" : "\n";
    await effect(`${name}-append`, () => file.appendFile(`${separator}${lines.join("\n")}\n`));
    await effect(`${name}-sync`, () => file.datasync());
  } finally {
    await file.close();
  }
}

async function rotate({ name, path, bytesMax, locks }: LineFile): Promise<void> {
  if ((await bytesOf(path)) <= bytesMax) return;
  await locks.withLock(`${path}.lock`, `rotate the ${name}`, ROTATE_TIMEOUT_MS, async () => {
    if ((await bytesOf(path)) <= bytesMax) return;
    await effect(`${name}-rotate`, () => rename(path, `${path}.1`));
  });
}

/** The size of a file; 0 when it is missing. */
export async function bytesOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw cause;
  }
}

import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createLocks } from "../adapters/fs/locks.ts";
import { createManifestStore } from "../adapters/fs/manifest-store.ts";
import { readManifest } from "../app/read-manifest.ts";
import { formatManifest } from "../manifest/format.ts";
import type { ManifestStore } from "../ports/manifest-store.ts";
import { keyOf, stateHome } from "./places.ts";

export { armFaultPoints } from "../adapters/fault-point.ts";

/** One for the whole process: tasks of the same process queue in it. */
export const locks = createLocks();

/** The manifest alone: for commands that ask nothing of the world, so that they load next to nothing. */
export function openManifest(path: string): ManifestStore {
  const absolute = resolve(path);
  return createManifestStore({
    path: absolute,
    read: readManifest,
    format: formatManifest,
    locks,
    lockPath: join(stateHome(), "coppice", "locks", `${keyOf(absolute)}.lock`),
  });
}

export async function manifestExists(path: string): Promise<boolean> {
  return (await stat(resolve(path)).catch(() => null)) !== null;
}

import { statSync } from "node:fs";

/** Reads a file or folder again only when it has changed since; null when it is missing. */
export type KeptReading<T> = (path: string, read: () => Promise<T>) => Promise<T | null>;

/** A change within the file system's clock tick leaves no trace in the times: what is younger is not kept. */
const TRACELESS_MS = 100;

/**
 * What was read of each path, for as long as its inode, size and time of change stay the same. Hundreds of paths are looked
 * at in a row; asked one after the other, the system says that nothing changed in a fiftieth of the time that as many
 * promises take.
 */
export function keptReadings<T>(): KeptReading<T> {
  const kept = new Map<string, { readonly version: string; readonly value: T }>();
  return async (path, read) => {
    const found = statSync(path, { throwIfNoEntry: false });
    const last = kept.get(path);
    kept.delete(path);
    if (found === undefined) return null;
    const version = `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
    const value = last?.version === version ? last.value : await read();
    const ageMs = Date.now() - Math.max(found.mtimeMs, found.ctimeMs);
    if (ageMs > TRACELESS_MS) kept.set(path, { version, value });
    return value;
  };
}

/** The answer, or null when a file or folder is missing. */
export async function ifPresent<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

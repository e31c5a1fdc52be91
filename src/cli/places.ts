import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where programs of this user keep their state: `$XDG_STATE_HOME`, else `~/.local/state`. */
export const stateHome = (): string => userFolder("XDG_STATE_HOME", ".local/state");

/** Where we keep what can be made again: below `$XDG_CACHE_HOME`, else `~/.cache`. */
export const cacheFolder = (): string => join(userFolder("XDG_CACHE_HOME", ".cache"), "coppice");

function userFolder(variable: string, fallback: string): string {
  const asked = process.env[variable];
  return asked && isAbsolute(asked) ? asked : join(homedir(), fallback);
}

/** A short name for a path. */
export const keyOf = (path: string): string =>
  createHash("sha256").update(path).digest("hex").slice(0, 16);

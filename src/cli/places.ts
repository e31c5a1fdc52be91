import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where programs of this user keep their state: `$XDG_STATE_HOME`, else `~/.local/state`. */
export function stateHome(): string {
  const asked = process.env["XDG_STATE_HOME"];
  return asked && isAbsolute(asked) ? asked : join(homedir(), ".local", "state");
}

/** A short name for a path. */
export const keyOf = (path: string): string =>
  createHash("sha256").update(path).digest("hex").slice(0, 16);

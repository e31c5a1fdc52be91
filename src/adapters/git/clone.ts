import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { CoppiceError } from "../../manifest/errors.ts";
import { startingPrograms } from "../exec.ts";
import { git, porcelain, withoutCredentials } from "./command.ts";
import { namesIn } from "./worktree-entry.ts";

const CLONE_TIMEOUT_MS = 1_800_000;

/**
 * Clones `url` into the new folder `dir`, in one step as seen from outside. A clone of the same URL that is there already
 * is kept. Throws CoppiceError `url-refused`, `folder-taken` (kind input) or `clone-failed` (kind machine).
 */
export async function cloneRepository(url: string, dir: string): Promise<void> {
  if (withoutCredentials(url) !== url && /^https?:/i.test(url)) {
    throw new CoppiceError({
      code: "url-refused",
      kind: "input",
      message: `the URL ${withoutCredentials(url)} holds a user name or password`,
      hint: "Leave it out of the URL and keep it in git's credential helper: a URL is written into .git/config.",
    });
  }
  if (url.startsWith("-") || /^[a-z]+::/i.test(url)) {
    throw new CoppiceError({
      code: "url-refused",
      kind: "input",
      message: `${JSON.stringify(url)} is no URL of a repository`,
      hint: "Give an https, ssh or file URL, or a path.",
    });
  }
  if ((await namesIn(dir)).length > 0) return requireCloneOf(url, dir);
  const draft = `${dir}.clone-${process.pid}`;
  try {
    await mkdir(dirname(dir), { recursive: true });
    await startingPrograms(() =>
      porcelain(dirname(dir), CLONE_TIMEOUT_MS).clone(url, draft, ["--no-tags"]),
    );
    await rename(draft, dir);
  } catch (cause) {
    throw cloneFailed(url, cause);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function requireCloneOf(url: string, dir: string): Promise<void> {
  const origin = await git(dir, ["config", "--get", "remote.origin.url"]);
  if (origin.stdout.trim() === url) return;
  throw new CoppiceError({
    code: "folder-taken",
    kind: "input",
    message: `${dir} is not empty and no clone of ${url}`,
    hint: "Name another folder, or move that one away.",
  });
}

function cloneFailed(url: string, cause: unknown): CoppiceError {
  const said = cause instanceof Error ? cause.message.trim() : String(cause);
  return new CoppiceError({
    code: "clone-failed",
    kind: "machine",
    message: `cannot clone ${url}: ${withoutCredentials(said)}`,
    hint: "Check the URL, the connection and your log-in, then run the command again.",
    cause,
  });
}

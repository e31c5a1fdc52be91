import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { createHistory } from "../adapters/fs/history.ts";
import { journalTail } from "../adapters/fs/journal.ts";
import { createLocks } from "../adapters/fs/locks.ts";
import { createManifestStore } from "../adapters/fs/manifest-store.ts";
import { type Presence, presence } from "../app/presence.ts";
import { readManifest } from "../app/read-manifest.ts";
import { formatManifest } from "../manifest/format.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { History } from "../ports/history.ts";
import type { ManifestStore } from "../ports/manifest-store.ts";
import type { Repository } from "../ports/repository.ts";
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

/** Where a manifest's run keeps what it makes: as the manifest says, else a folder of this user for the project. */
export const workdirOf = (path: string, { workdir, repo, repoDir, project }: Manifest): string =>
  workdir
    ? resolve(dirname(path), workdir)
    : defaultWorkdir(repo ?? basename(repoRoot(path, repoDir)), project);

/** The checkout that a manifest is for; without a word of it the current folder. */
export const repoRoot = (path: string, repoDir: string | undefined): string =>
  repoDir ? resolve(dirname(path), repoDir) : process.cwd();

export const defaultWorkdir = (repo: string, project: string): string =>
  join(stateHome(), "coppice", slug(repo.replace("/", "-")), slug(project));

/** Who is at work in a workdir; the workdir need not be there. */
export const presenceIn = (workdir: string): Promise<Presence> =>
  presence({
    locks,
    lockPath: join(workdir, "run.lock"),
    journal: { tail: (lines) => journalTail(join(workdir, "events.jsonl"), lines) },
  });

/** It goes with the repository, whatever becomes of worktrees and workdirs. */
export const openHistory = (
  { stateDir }: Pick<Repository, "stateDir">,
  note: (text: string) => void,
): History => createHistory({ path: join(stateDir, "history.jsonl"), locks, onForeign: note });

export async function manifestExists(path: string): Promise<boolean> {
  return (await stat(resolve(path)).catch(() => null)) !== null;
}

const slug = (name: string): string =>
  name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "") || "project";

import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { ConflictFile } from "../../classify/evidence.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import type { Locks } from "../../ports/lock.ts";
import { git, gitText } from "./command.ts";

/** The opened repository, as every function of this adapter gets it. */
export interface Checkout {
  /** Absolute top folder. */
  readonly root: string;
  /** The shared git folder of the checkout and all its worktrees; absolute. */
  readonly commonDir: string;
  readonly project: string;
  /** The base branch that was asked for. */
  readonly base: string | undefined;
  readonly locks: Locks;
  /** All below is read once, before any agent could write it: where a push goes, and the settings that it goes with. */
  readonly pushUrl: string | null;
  readonly config: string;
  /** `origin`'s default branch as last seen, else the branch that the checkout stood on, else null. */
  readonly defaultBranch: string | null;
  /** The identity that the person has set for commits here, or null. */
  readonly identity: Identity | null;
  /** Answers of `git rev-list --count` by its arguments, which name commits: they never change. */
  readonly counts: Map<string, number>;
  /** Answers about commits by the commits' names: they never change either. */
  readonly changes: Map<string, readonly string[] | null>;
  readonly conflicts: Map<string, readonly ConflictFile[]>;
}

export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface RepositoryOptions {
  /** A folder of the checkout. */
  readonly root: string;
  readonly project: string;
  readonly locks: Locks;
  /** The manifest's base branch, when it names one. */
  readonly base?: string | undefined;
  /** Overrules the URL of `origin` for pushes. */
  readonly remoteUrl?: string | undefined;
}

/** Throws CoppiceError `not-a-repository` or `git-too-old`. */
export async function openCheckout(options: RepositoryOptions): Promise<Checkout> {
  await requireVersion(options.root);
  const found = await git(options.root, [
    "rev-parse",
    "--path-format=absolute",
    "--show-toplevel",
    "--git-common-dir",
  ]);
  const [root, commonDir] = found.stdout.split("\n");
  if (found.code !== 0 || !root || !commonDir) throw notARepository(options.root, found.stderr);
  const [pushUrl, config, branch, identity] = await Promise.all([
    options.remoteUrl ?? originUrl(root),
    readFile(join(commonDir, "config"), "utf8"),
    defaultBranch(root),
    configuredIdentity(root),
  ]);
  return {
    root,
    commonDir: await realpath(commonDir),
    project: options.project,
    base: options.base,
    locks: options.locks,
    pushUrl,
    config,
    defaultBranch: branch,
    identity,
    counts: new Map(),
    changes: new Map(),
    conflicts: new Map(),
  };
}

async function originUrl(root: string): Promise<string | null> {
  for (const key of ["remote.origin.pushurl", "remote.origin.url"]) {
    const found = await git(root, ["config", "--get", key]);
    if (found.code === 0) return found.stdout.trim();
  }
  return null;
}

async function requireVersion(folder: string): Promise<void> {
  const text = await gitText(folder, ["--version"]);
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(text)?.slice(1) ?? []).map(Number);
  if (major > 2 || (major === 2 && minor >= 38)) return;
  throw new CoppiceError({
    code: "git-too-old",
    kind: "machine",
    message: `${text} is too old: Coppice needs git 2.38`,
    hint: "Install a newer git; coppice doctor shows which one is found.",
  });
}

function notARepository(folder: string, said: string): CoppiceError {
  return new CoppiceError({
    code: "not-a-repository",
    kind: "input",
    message: `${folder} is no git checkout: ${said.trim() || "it has no working tree"}`,
    hint: 'Run the command in a checkout, or name one: --repo-dir when you plan, "repoDir" in the manifest.',
  });
}

/** Whatever changes refs or worktrees runs under this lock: git itself does not keep such commands apart. */
export function withRepositoryLock<T>(checkout: Checkout, work: () => Promise<T>): Promise<T> {
  const path = join(checkout.commonDir, "coppice", "repository.lock");
  return checkout.locks.withLock(path, "change the repository", 180_000, work);
}

/** One process at a time makes, saves or removes a task's worktree. Taken before the repository's lock, never after. */
export function withTaskLock<T>(
  checkout: Checkout,
  taskId: string,
  work: () => Promise<T>,
): Promise<T> {
  const path = join(checkout.commonDir, "coppice", `task-${taskId}.lock`);
  return checkout.locks.withLock(path, `prepare the worktree of ${taskId}`, 900_000, work);
}

/** The commit at which a branch of ours forked. Its presence says that the branch is ours. */
export const forkRef = (branch: string): string => `refs/coppice/fork/${branch}`;

/** The commit of a ref, or null. */
export async function commitOf(checkout: Checkout, ref: string): Promise<string | null> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`];
  const found = await git(checkout.root, args);
  return found.code === 0 ? found.stdout.trim() : null;
}

/** The commits of those refs that exist, asked in one go. */
export async function commitsOf(
  checkout: Checkout,
  refs: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const args = ["for-each-ref", "--format=%(refname)%00%(objectname)", ...refs];
  const lines = (await gitText(checkout.root, args)).split("\n");
  const found = lines.flatMap((line): [string, string][] => {
    const [ref = "", commit = ""] = line.split("\0");
    // A name also matches everything below it.
    return refs.includes(ref) ? [[ref, commit]] : [];
  });
  return new Map(found);
}

/** The refs that hold work which is safe: the base, here and on `origin`. */
export function baseRefs(checkout: Checkout): readonly string[] {
  const base = checkout.base ?? checkout.defaultBranch;
  return base === null ? [] : [`refs/remotes/origin/${base}`, `refs/heads/${base}`];
}

async function defaultBranch(root: string): Promise<string | null> {
  const [head, current] = await Promise.all(
    ["refs/remotes/origin/HEAD", "HEAD"].map((ref) =>
      git(root, ["symbolic-ref", "--quiet", "--short", ref]),
    ),
  );
  if (head?.code === 0) return head.stdout.trim().replace(/^origin\//, "");
  return current?.code === 0 ? current.stdout.trim() : null;
}

/** The path with the symbolic links of its existing part resolved, as git writes it. */
export async function canonical(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(await canonical(parent), basename(absolute));
  }
}

async function configuredIdentity(root: string): Promise<Identity | null> {
  const [name, email] = await Promise.all(
    ["user.name", "user.email"].map((key) => git(root, ["config", "--get", key])),
  );
  if (name?.code !== 0 || email?.code !== 0) return null;
  return { name: name.stdout.trim(), email: email.stdout.trim() };
}

/** Environment that lets git make commits where no identity is set. */
export function committer(checkout: Checkout): Readonly<Record<string, string>> {
  if (checkout.identity !== null) return {};
  const [name, email] = ["Coppice", "coppice@localhost"];
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}

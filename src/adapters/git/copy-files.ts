import { constants, copyFile, lstat, mkdir, readlink, rm, symlink } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, sep } from "node:path";
import picomatch from "picomatch";
import { effect } from "../fault-point.ts";
import { type Checkout, canonical } from "./checkout.ts";
import { git, gitFailed, gitText } from "./command.ts";

export type CopyOutcome =
  | { readonly kind: "copied" }
  | { readonly kind: "refused"; readonly reason: string; readonly hint: string };

/**
 * Copies ignored files of the checkout, such as `.env`, into a worktree. A file that git would not ignore there is
 * refused: an agent's `git add --all` would publish it. A file that is there already stays, unless `replace`.
 */
export async function copyIgnoredFiles(
  checkout: Checkout,
  worktree: string,
  globs: readonly string[],
  replace: boolean,
): Promise<CopyOutcome> {
  if (globs.length === 0) return { kind: "copied" };
  const wanted = picomatch(
    globs.flatMap((glob) => [glob, `${glob.replace(/\/$/, "")}/**`]),
    { dot: true },
  );
  const open = (await listed(checkout, ["--others"])).filter((path) => wanted(path));
  const ignored = (await ignoredFiles(checkout, globs)).filter((path) => wanted(path));
  for (const path of ignored) {
    const objection = await objectionTo(checkout.root, worktree, path);
    if (objection !== null) return refusal(objection, "Take the path out of copyFiles.");
  }
  const published = [...open, ...(await notIgnored(worktree, ignored))];
  if (published.length > 0) {
    return refusal(`git does not ignore ${published.slice(0, 5).join(", ")}`, ignoreHint(checkout));
  }
  for (const path of ignored) {
    await effect("file-copy", () => copyOne(checkout.root, worktree, path, replace));
  }
  return { kind: "copied" };
}

const refusal = (reason: string, hint: string): CopyOutcome => ({
  kind: "refused",
  reason: `copyFiles: ${reason}`,
  hint,
});

const ignoreHint = (checkout: Checkout): string =>
  `An agent could commit it. Add it to ${join(checkout.commonDir, "info/exclude")}, or to .gitignore on the base branch.`;

/** Ignored files; a folder that is ignored as a whole is entered only when a glob names it. */
async function ignoredFiles(
  checkout: Checkout,
  globs: readonly string[],
): Promise<readonly string[]> {
  const found = await listed(checkout, ["--others", "--ignored", "--directory"]);
  const named = found.filter((path) => path.endsWith("/") && globs.some((g) => enters(g, path)));
  const inside = named.length > 0 ? await listed(checkout, ["--others", "--ignored"], named) : [];
  return [...found.filter((path) => !path.endsWith("/")), ...inside];
}

function enters(glob: string, folder: string): boolean {
  const { base } = picomatch.scan(glob);
  return `${base}/`.startsWith(folder);
}

async function listed(
  checkout: Checkout,
  which: readonly string[],
  folders: readonly string[] = [],
): Promise<readonly string[]> {
  const literal = folders.map((folder) => `:(literal)${folder}`);
  const args = ["ls-files", "-z", "--exclude-standard", ...which, "--", ...literal];
  return (await gitText(checkout.root, args)).split("\0").filter((path) => path !== "");
}

async function notIgnored(worktree: string, paths: readonly string[]): Promise<readonly string[]> {
  if (paths.length === 0) return [];
  const args = ["check-ignore", "-z", "--stdin"];
  const result = await git(worktree, args, { input: paths.join("\0") });
  if (result.code > 1) throw gitFailed(worktree, args, result);
  const ignored = new Set(result.stdout.split("\0"));
  return paths.filter((path) => !ignored.has(path));
}

async function objectionTo(root: string, worktree: string, path: string): Promise<string | null> {
  if (!isInside(worktree, await canonical(dirname(join(worktree, path))))) {
    return `${path} would leave the worktree through a symbolic link`;
  }
  const from = join(root, path);
  const source = await lstat(from);
  if (source.isFile()) return null;
  if (!source.isSymbolicLink()) return `${path} is neither a file nor a folder`;
  const end = await canonical(from);
  const leaves = isAbsolute(await readlink(from)) || !isInside(root, end);
  return leaves ? `${path} is a symbolic link that leaves the repository` : null;
}

async function copyOne(
  root: string,
  worktree: string,
  path: string,
  replace: boolean,
): Promise<void> {
  const from = join(root, path);
  const to = join(worktree, path);
  if (!replace && (await isThere(to))) return;
  await rm(to, { force: true });
  await mkdir(dirname(to), { recursive: true });
  if ((await lstat(from)).isSymbolicLink()) await symlink(await readlink(from), to);
  else await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (!isAbsolute(way) && way !== ".." && !way.startsWith(`..${sep}`));
}

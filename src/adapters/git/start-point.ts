import { type Checkout, commitsOf, committer, forkRef } from "./checkout.ts";
import { git, gitFailed, gitTest, gitText } from "./command.ts";

export type StartPoint =
  /** `from`: the last of the branches whose tip is the commit, or null. */
  | { readonly kind: "start"; readonly sha: string; readonly from: string | null }
  | {
      readonly kind: "conflict";
      readonly files: readonly string[];
      readonly branches: readonly string[];
    }
  | { readonly kind: "missing"; readonly branch: string };

/**
 * The commit that a branch starts from: the first branch with the others merged into it. The merges are made in the
 * object store alone, so a kill leaves nothing behind.
 */
export async function startPoint(
  checkout: Checkout,
  branches: readonly string[],
): Promise<StartPoint> {
  let sha: string | undefined;
  const merged: { readonly branch: string; readonly tip: string }[] = [];
  for (const branch of branches) {
    const tip = await branchCommit(checkout, branch);
    if (tip === null) return { kind: "missing", branch };
    const next = sha === undefined ? tip : await mergeCommits(checkout, sha, tip, branch);
    merged.push({ branch, tip });
    if (typeof next !== "string") {
      return { kind: "conflict", files: next.files, branches: merged.map((one) => one.branch) };
    }
    sha = next;
  }
  if (sha === undefined) return { kind: "missing", branch: "(none)" };
  const from = merged.findLast(({ tip }) => tip === sha)?.branch ?? null;
  return { kind: "start", sha, from };
}

/** The last of the branches whose tip is this commit, or null. */
export async function branchAt(
  checkout: Checkout,
  branches: readonly string[],
  commit: string,
): Promise<string | null> {
  for (const branch of branches.toReversed()) {
    if ((await branchCommit(checkout, branch)) === commit) return branch;
  }
  return null;
}

/** The last of the branches here, of which there may be many, whose tip is this commit, or null. */
export async function headAt(
  checkout: Checkout,
  branches: readonly string[],
  commit: string,
): Promise<string | null> {
  const commits = await commitsOf(
    checkout,
    branches.map((branch) => `refs/heads/${branch}`),
  );
  return branches.findLast((branch) => commits.get(`refs/heads/${branch}`) === commit) ?? null;
}

/**
 * The commit that a branch name stands for. `origin`'s counts, for a person's local base may lag behind or hold commits
 * that are not for others; of a task's own branch the one here counts unless `origin`'s contains it.
 */
export async function branchCommit(checkout: Checkout, branch: string): Promise<string | null> {
  const [local, tracking] = [`refs/heads/${branch}`, `refs/remotes/origin/${branch}`];
  const commits = await commitsOf(checkout, [local, tracking, forkRef(branch)]);
  const [here, remote] = [commits.get(local), commits.get(tracking)];
  if (here === undefined || remote === undefined) return remote ?? here ?? null;
  const isOurs = commits.has(forkRef(branch));
  return !isOurs || (await isAncestor(checkout, here, remote)) ? remote : here;
}

/** Of two commits by their full names. */
export async function isAncestor(
  checkout: Checkout,
  older: string,
  newer: string,
): Promise<boolean> {
  return older === newer || gitTest(checkout.root, ["merge-base", "--is-ancestor", older, newer]);
}

async function mergeCommits(
  checkout: Checkout,
  ours: string,
  theirs: string,
  branch: string,
): Promise<string | { readonly files: readonly string[] }> {
  if (await isAncestor(checkout, theirs, ours)) return ours;
  if (await isAncestor(checkout, ours, theirs)) return theirs;
  const args = ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs];
  const result = await git(checkout.root, args);
  if (result.code > 1) throw gitFailed(checkout.root, args, result);
  const [tree = "", ...files] = result.stdout.split("\0").filter((part) => part.trim() !== "");
  if (result.code === 1) return { files: [...new Set(files)] };
  const message = `Merge branch '${branch}'`;
  return gitText(
    checkout.root,
    ["commit-tree", tree.trim(), "-p", ours, "-p", theirs, "-m", message],
    { env: committer(checkout) },
  );
}

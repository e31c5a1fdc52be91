import { join } from "node:path";
import { CoppiceError } from "../../manifest/errors.ts";
import type { BaseTrial, Repository, WorkSummary } from "../../ports/repository.ts";
import { startingPrograms } from "../exec.ts";
import { effect } from "../fault-point.ts";
import {
  baseRefs,
  type Checkout,
  canonical,
  commitOf,
  commitsOf,
  openCheckout,
  type RepositoryOptions,
  withRepositoryLock,
  withTaskLock,
} from "./checkout.ts";
import { git, gitText, porcelain, withoutCredentials } from "./command.ts";
import { conflictsOf } from "./conflicts.ts";
import { preserveWork } from "./preserve.ts";
import { answered, isBranchContained, probeBranch } from "./probe.ts";
import { pushCommit } from "./push.ts";
import { branchCommit, isAncestor } from "./start-point.ts";
import { ensureWorktree, ourEntry, removeWorktree } from "./worktree.ts";

const READ_TIMEOUT_MS = 60_000;
const FETCH_TIMEOUT_MS = 60_000;

/** Opens a checkout; throws CoppiceError `not-a-repository` (kind input) or `git-too-old` (kind machine). */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  const checkout = await openCheckout(options);
  return {
    root: checkout.root,
    stateDir: join(checkout.commonDir, "coppice"),
    baseBranch: (asked) => baseBranch(checkout, asked),
    remoteUrl: async () =>
      checkout.pushUrl === null ? null : withoutCredentials(checkout.pushUrl),
    commitIdentity: async () => checkout.identity,
    listFiles: (ref) => listFiles(checkout, ref),
    fetch: () => fetchOrigin(checkout),
    ensureWorktree: (spec) => ensureWorktree(checkout, spec),
    probe: (task) => probeBranch(checkout, task),
    conflicts: (pairs) => answered(() => conflictsOf(checkout, pairs)),
    mergesOnto: (commit, base) => answered(() => mergedWithBase(checkout, commit, base)),
    summary: (commit, forkPoint) => summarize(checkout, commit, forkPoint),
    push: (push) => pushCommit(checkout, push),
    preserve: (task) =>
      withTaskLock(checkout, task.taskId, async () => {
        const found = await ourEntry(checkout, task.taskId, await canonical(task.worktree));
        const entry = found.kind === "entry" ? found.entry : undefined;
        return (await preserveWork(checkout, task, entry)).refs;
      }),
    removeWorktree: (task) => removeWorktree(checkout, task),
    isContained: (branch, base) => isBranchContained(checkout, branch, base),
  };
}

async function baseBranch(checkout: Checkout, asked: string | undefined): Promise<string> {
  const branch = asked ?? checkout.base ?? checkout.defaultBranch;
  if (branch !== null && (await branchCommit(checkout, branch)) !== null) return branch;
  throw new CoppiceError({
    code: "no-base-branch",
    kind: "input",
    message:
      branch === null
        ? `${checkout.root} stands on no branch and origin names no default branch`
        : `the base branch ${branch} does not exist in ${checkout.root}`,
    hint: 'Name an existing branch as "base" in the manifest, or fetch it first; it needs at least one commit.',
  });
}

async function listFiles(checkout: Checkout, ref: string): Promise<readonly string[]> {
  const commit = (await branchCommit(checkout, ref)) ?? (await commitOf(checkout, ref));
  if (commit === null) {
    throw new CoppiceError({
      code: "no-such-commit",
      kind: "input",
      message: `${ref} is neither a branch nor a commit of ${checkout.root}`,
      hint: "Fetch it first, or name another one.",
    });
  }
  const output = await gitText(checkout.root, ["ls-tree", "-r", "-z", "--name-only", commit]);
  return output.split("\0").filter((path) => path !== "");
}

async function fetchOrigin(checkout: Checkout): ReturnType<Repository["fetch"]> {
  return withRepositoryLock(checkout, async () => {
    try {
      const options = ["--no-tags", "--no-write-fetch-head"];
      await effect("fetch", () =>
        startingPrograms(() => porcelain(checkout.root, FETCH_TIMEOUT_MS).fetch("origin", options)),
      );
      return { kind: "fetched" };
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      return { kind: "failed", reason: withoutCredentials(said.trim()) };
    }
  });
}

async function mergedWithBase(
  checkout: Checkout,
  commit: string,
  base: string,
): Promise<BaseTrial> {
  const fetched = await fetchOrigin(checkout);
  if (fetched.kind === "failed") throw baseUnknown(base, fetched.reason);
  const tip = await branchCommit(checkout, base);
  if (tip === null) throw baseUnknown(base, "there is no such branch");
  const [files] = await conflictsOf(checkout, [{ left: commit, right: tip }]);
  if (files?.kind !== "known") throw baseUnknown(base, files?.reason ?? "git gave no answer");
  return { tip, files: files.value.map(({ path }) => path) };
}

const baseUnknown = (base: string, why: string): CoppiceError =>
  new CoppiceError({
    code: "base-unknown",
    kind: "machine",
    message: `nobody can tell whether it merges with ${base}: ${why}`,
    hint: "Look whether git fetch works there.",
  });

async function summarize(
  checkout: Checkout,
  commit: string,
  forkPoint: string,
): Promise<WorkSummary> {
  const from = await ownStart(checkout, commit, forkPoint);
  const reader = () => porcelain(checkout.root, READ_TIMEOUT_MS);
  const range = ["--numstat", "--no-renames", "--no-ext-diff", "--no-textconv"];
  const [log, diff] = await startingPrograms(() =>
    Promise.all([
      reader().log({
        from,
        to: commit,
        symmetric: false,
        format: { sha: "%H", subject: "%s" },
      }),
      reader().diffSummary([...range, from, commit]),
    ]),
  );
  return {
    headSha: commit,
    commits: log.all.map(({ sha, subject }) => ({ sha, subject })).reverse(),
    files: diff.files.map((file) => ({
      path: file.file,
      added: "insertions" in file ? file.insertions : 0,
      removed: "deletions" in file ? file.deletions : 0,
    })),
  };
}

/** The fork point, or the newest commit of the base that was merged into the work since, or on which it was put anew. */
async function ownStart(checkout: Checkout, commit: string, forkPoint: string): Promise<string> {
  let from = forkPoint;
  for (const tip of (await commitsOf(checkout, baseRefs(checkout))).values()) {
    const common = await git(checkout.root, ["merge-base", commit, tip]);
    const met = common.code === 0 ? common.stdout.trim() : commit;
    if (met !== commit && (await isAncestor(checkout, from, met))) from = met;
  }
  return from;
}

import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CoppiceError } from "../../manifest/errors.ts";
import { exec } from "../exec.ts";

/** The folder that a remote's URL names on this machine, or null when it leads elsewhere. */
export function localOriginPath(remoteUrl: string | null, repositoryRoot: string): string | null {
  if (remoteUrl === null || remoteUrl === "") return null;
  if (/^file:\/\/(localhost)?\//i.test(remoteUrl)) return fileURLToPath(remoteUrl);
  const leadsElsewhere = /^[a-z][a-z0-9+.-]*:\/\//i.test(remoteUrl) || /^[^/]+:/.test(remoteUrl);
  return leadsElsewhere ? null : resolve(repositoryRoot, remoteUrl);
}

/** Where the pull requests of an origin are kept: beside it, `sample.git` → `sample.pulls`. */
export const recordsFolder = (originDir: string): string =>
  `${originDir.replace(/\/+$/, "").replace(/\/?\.git$/, "")}.pulls`;

/** The branches of an origin at one moment. */
export interface OriginTips {
  /** Commits by branch name. */
  readonly branches: ReadonlyMap<string, string>;
  /** The commit of the default branch; null while it has none. */
  readonly head: string | null;
}

/** The origin as git sees it; answers about two commits are remembered, since they never change. */
export interface Origin {
  tips(): Promise<OriginTips>;
  /** True when every commit of `sha` is in `tip`. */
  isContained(sha: string, tip: string): Promise<boolean>;
  /** True when `sha` holds a commit that `tip` lacks. */
  isAhead(sha: string, tip: string): Promise<boolean>;
}

/** Every failure of git is a CoppiceError `origin-unreadable` (kind machine). */
export function openOrigin(originDir: string): Origin {
  const contained = new Map<string, boolean>();
  const isContained = async (sha: string, tip: string): Promise<boolean> => {
    const key = `${sha} ${tip}`;
    const answer = contained.get(key) ?? (await askContained(originDir, sha, tip));
    contained.set(key, answer);
    return answer;
  };
  return {
    isContained,
    isAhead: async (sha, tip) => !(await isContained(sha, tip)),
    async tips() {
      // A star stands at the branch that HEAD names.
      const format = "--format=%(HEAD) %(objectname) %(refname:strip=2)";
      const refs = await git(originDir, [0], "for-each-ref", format, "refs/heads");
      const branches = new Map<string, string>();
      let head: string | null = null;
      for (const line of refs.stdout.split("\n")) {
        const [, mark, sha, name] = /^([* ]) (\S+) (.+)$/.exec(line) ?? [];
        if (sha === undefined || name === undefined) continue;
        branches.set(name, sha);
        if (mark === "*") head = sha;
      }
      return { branches, head };
    },
  };
}

async function askContained(originDir: string, sha: string, tip: string): Promise<boolean> {
  const run = await git(originDir, [0, 1], "merge-base", "--is-ancestor", sha, tip);
  return run.code === 0;
}

/** Runs git on the origin alone, without its hooks; other exit codes than `expected` throw. */
async function git(originDir: string, expected: readonly number[], ...args: readonly string[]) {
  const gitDir = await gitDirOf(originDir);
  const safe = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"];
  const run = await exec("git", [`--git-dir=${gitDir}`, ...safe, ...args]);
  if (expected.includes(run.code)) return run;
  throw new CoppiceError({
    code: "origin-unreadable",
    kind: "machine",
    message: `git ${args[0]} in ${originDir} failed: ${run.stderr.trim()}`,
    hint: "Look whether origin's folder is a whole git repository: git fsck shows it.",
  });
}

/** An origin is mostly bare; a checkout keeps its repository in `.git`. */
async function gitDirOf(originDir: string): Promise<string> {
  const inside = join(originDir, ".git");
  const isCheckout = await access(inside).then(
    () => true,
    () => false,
  );
  return isCheckout ? inside : originDir;
}

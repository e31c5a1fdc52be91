import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { exec } from "../../src/adapters/exec.ts";
import { createLocks } from "../../src/adapters/fs/locks.ts";
import { openRepository } from "../../src/adapters/git/repository.ts";
import type { Repository, WorktreeSpec } from "../../src/ports/repository.ts";

/** Names that a shell, git's pathspecs and git's own quoting would each misread. */
export const NASTY_FOLDER = `a b'c"d $(touch pwned) :(top) *é日`;

/** A checkout with a bare `origin`, one commit on `main`, below one temporary folder. */
export interface GitLab {
  readonly folder: string;
  readonly root: string;
  readonly origin: string;
  /** Runs git in a folder (default: the checkout) and gives its output; throws when it fails. */
  git(args: readonly string[], folder?: string): Promise<string>;
  /** Writes files and commits them in a folder (default: the checkout); gives the commit. */
  commit(files: Readonly<Record<string, string>>, folder?: string): Promise<string>;
  open(more?: { readonly base?: string; readonly project?: string }): Promise<Repository>;
  /** The worktree of a task, from `main`, on `fix/<taskId>`. */
  spec(taskId: string, more?: Partial<WorktreeSpec>): WorktreeSpec;
  close(): Promise<void>;
}

export async function openGitLab(name = "lab"): Promise<GitLab> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "cop-git-")));
  const folder = join(home, name);
  const root = join(folder, "checkout");
  const origin = join(folder, "origin.git");
  await mkdir(folder);
  const lab: GitLab = {
    folder,
    root,
    origin,
    async git(args, place = root) {
      const result = await exec("git", args, { cwd: place });
      if (result.code !== 0) throw new Error(`git ${args.join(" ")}: ${result.stderr}`);
      return result.stdout.trimEnd();
    },
    async commit(files, place = root) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(place, path)), { recursive: true });
        await writeFile(join(place, path), text);
      }
      await lab.git(["add", "--all"], place);
      const author = ["-c", "user.name=A Person", "-c", "user.email=person@example.com"];
      await lab.git([...author, "commit", "-q", "-m", Object.keys(files).join(" ")], place);
      return lab.git(["rev-parse", "HEAD"], place);
    },
    open: (more = {}) =>
      openRepository({ root, project: "demo", locks: createLocks(), base: undefined, ...more }),
    spec: (taskId, more = {}) => ({
      taskId,
      branch: `fix/${taskId}`,
      path: join(folder, "work", taskId),
      startFrom: ["main"],
      mayStandOn: [],
      copyFiles: [],
      ...more,
    }),
    close: () => rm(home, { recursive: true, force: true }),
  };
  await lab.git(["init", "-q", "--bare", "-b", "main", origin], folder);
  await lab.git(["init", "-q", "-b", "main", root], folder);
  await lab.git(["remote", "add", "origin", origin]);
  await lab.commit({ "README.md": "one\n", "src/a.txt": "a\n", ".gitignore": ".env*\nsecrets/\n" });
  await lab.git(["push", "-q", "origin", "main"]);
  await lab.git(["fetch", "-q", "origin"]);
  return lab;
}

import { cp, mkdir, mkdtemp, realpath, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CoppiceError } from "../../manifest/errors.ts";
import type { SampleRepository } from "../../ports/sample-repository.ts";
import { exec } from "../exec.ts";

const PERSON = {
  GIT_AUTHOR_NAME: "Sample Author",
  GIT_AUTHOR_EMAIL: "author@sample.invalid",
  GIT_COMMITTER_NAME: "Sample Author",
  GIT_COMMITTER_EMAIL: "author@sample.invalid",
};

/** Makes the demo's repository from the package's fixtures; each folder appears whole or not at all. */
export function createSampleRepository(options: {
  /** Absolute folder with `repository/`, `issues/` and `agent.mjs`. */
  readonly fixtures: string;
}): SampleRepository {
  const { fixtures } = options;
  return {
    async create(asked) {
      const dir =
        asked === undefined
          ? await realpath(await mkdtemp(join(tmpdir(), "coppice-demo-")))
          : await madeFolder(resolve(asked));
      const originDir = join(dir, "origin.git");
      const repoDir = join(dir, "repo");
      await once(originDir, (fresh) => makeOrigin(fresh, join(fixtures, "repository")));
      await once(repoDir, (fresh) => git(dir, ["clone", "-q", originDir, fresh]));
      return {
        dir,
        originDir,
        repoDir,
        issuesDir: join(fixtures, "issues"),
        agentPath: join(fixtures, "agent.mjs"),
      };
    },
  };
}

/** Makes a folder beside its place and moves it there, so that a killed demo leaves nothing half. */
async function once(path: string, make: (fresh: string) => Promise<unknown>): Promise<void> {
  if (await stat(path).catch(() => null)) return;
  const fresh = `${path}.new`;
  await rm(fresh, { recursive: true, force: true });
  await make(fresh);
  await rename(fresh, path);
}

async function makeOrigin(fresh: string, content: string): Promise<void> {
  const seed = `${fresh}.seed`;
  await rm(seed, { recursive: true, force: true });
  await cp(content, seed, { recursive: true });
  await git(seed, ["init", "-q", "--initial-branch=main"]);
  await git(seed, ["add", "--all"]);
  await git(seed, ["commit", "-q", "-m", "Add tally, the sample project"]);
  await git(seed, ["clone", "-q", "--bare", seed, fresh]);
  await rm(seed, { recursive: true });
}

async function git(cwd: string, args: readonly string[]): Promise<void> {
  const run = await exec(
    "git",
    ["-c", "core.hooksPath=/dev/null", "-c", "commit.gpgsign=false", ...args],
    { cwd, env: PERSON },
  );
  if (run.code === 0) return;
  throw new CoppiceError({
    code: "sample-failed",
    kind: "machine",
    message: `git ${args[0] ?? ""} failed while the sample was made: ${run.stderr.trim()}`,
    hint: "Try another --workdir, or look at that folder.",
  });
}

async function madeFolder(dir: string): Promise<string> {
  try {
    await mkdir(dir, { recursive: true });
    return await realpath(dir);
  } catch (cause) {
    throw unusable(dir, cause);
  }
}

const unusable = (dir: string, cause: unknown): CoppiceError =>
  new CoppiceError({
    code: "workdir-unusable",
    kind: "machine",
    message: `the folder ${dir} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Name a folder that you may write to with --workdir.",
    cause,
  });

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ExecResult, exec } from "../../src/adapters/exec.ts";
import { readManifest } from "../../src/app/read-manifest.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { coppice, type RunningCoppice, startCoppice } from "../../test/support/built-cli.ts";
import { type GitLab, openGitLab } from "../../test/support/git-repository.ts";
import { type GitHubServer, startGitHubServer } from "../../test/support/github-server.ts";
import { openPuppetStage, type PuppetStage } from "../../test/support/puppet.ts";
import type { Random } from "./random.ts";

export const REPOSITORY = "acme/soak";
export const QUESTION = "Keep the old name as an alias?";
const TOKEN = "ghp_aTokenForThisMachineAlone0123456789";

/** A repository, a GitHub, a stage for agents and a manifest, all below one temporary folder and on 127.0.0.1. */
export interface Ground {
  readonly lab: GitLab;
  readonly github: GitHubServer;
  readonly stage: PuppetStage;
  readonly workdir: string;
  readonly manifestPath: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): RunningCoppice;
  coppice(args: readonly string[]): Promise<ExecResult>;
  /** Throws when it cannot be read: nobody here writes mistakes into it. */
  manifest(): Promise<Manifest>;
  tmux(...words: string[]): Promise<ExecResult>;
  close(): Promise<void>;
}

export interface GroundOptions {
  readonly tasks: number;
  readonly maxParallel: number;
}

export async function openGround(options: GroundOptions, random: Random): Promise<Ground> {
  const lab = await openGitLab();
  const { folder } = lab;
  const github = await startGitHubServer({
    token: TOKEN,
    repositories: [{ name: REPOSITORY, bareRepository: lab.origin }],
    rateLimit: 1_000_000,
  });
  const stage = await openPuppetStage(folder);
  const [workdir, manifestPath] = [join(folder, "work"), join(folder, "manifest.json")];
  const home = join(folder, "home");
  await mkdir(home);
  const at = (env: Readonly<Record<string, string>> = {}) => ({
    cwd: folder,
    env: {
      HOME: home,
      XDG_STATE_HOME: join(home, "state"),
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_SYSTEM: "/dev/null",
      GITHUB_TOKEN: TOKEN,
      ...env,
    },
  });
  const ground: Ground = {
    lab,
    github,
    stage,
    workdir,
    manifestPath,
    start: (args, env) => startCoppice(args, at(env)),
    coppice: (args) => coppice(args, at()),
    async manifest() {
      const read = readManifest(await readFile(manifestPath, "utf8"), manifestPath);
      if (read.kind === "parsed") return read.manifest;
      throw new Error(`the manifest is invalid: ${JSON.stringify(read.problems)}`);
    },
    tmux: (...words) => exec("tmux", ["-S", join(workdir, "tmux.sock"), ...words]),
    async close() {
      await ground.tmux("kill-server");
      await stage.close();
      github.takeProblems();
      await github.close();
      await lab.close();
    },
  };
  await writeFile(manifestPath, JSON.stringify(plan(ground, options, random), null, 2));
  return ground;
}

/** Three tasks of ten build on another one. */
function plan({ lab, github, stage, workdir }: Ground, options: GroundOptions, random: Random) {
  const ids = Array.from({ length: options.tasks }, (_, index) => `t${index + 1}`);
  return {
    project: "soak",
    repo: REPOSITORY,
    repoDir: lab.root,
    workdir,
    forge: "github",
    apiUrl: github.url,
    agent: "command",
    command: stage.argv("{taskId}"),
    verify: 'test -s "$COPPICE_TASK.txt"',
    maxParallel: options.maxParallel,
    pullRequest: { labels: ["soak"] },
    policy: {
      attemptsMax: 20,
      backoffSeconds: 0.2,
      backoffMaxSeconds: 5,
      forgePollSeconds: 5,
      deliveryAttemptsMax: 20,
      pullRequestsPerHourMax: 500,
      answers: [{ question: QUESTION, answer: "y" }],
    },
    phases: [
      {
        name: "The night",
        tasks: ids.map((id, index) => {
          const parent = random.oneOf(ids.slice(Math.max(0, index - 10), index));
          const dependsOn = parent !== undefined && random.chance(0.3) ? [parent] : [];
          return { id, title: `Do ${id}`, files: [`${id}.txt`], dependsOn };
        }),
      },
    ],
  };
}

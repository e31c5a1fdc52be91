import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exec } from "../src/adapters/exec.ts";

/** A repository with a bare `origin` and everything that one measurement makes, below one temporary folder. */
export interface Ground {
  readonly folder: string;
  readonly root: string;
  readonly workdir: string;
  readonly socketPath: string;
  readonly manifestPath: string;
  /** Where agents note when they begin and end. */
  readonly stampsDir: string;
  /** Fires when the ground is left: what still runs on it has to end. */
  readonly leaving: AbortSignal;
  /** The agent's program and its arguments for a task: it works `seconds`, commits, and exits. */
  agent(taskId: string, seconds: number): readonly string[];
}

const FILES = 200;

/**
 * Notes the time, works, commits one file, notes the time. The name of the task is the name of the file, so that no two
 * tasks conflict. Commits need no identity of the user's.
 */
const AGENT = `set -eu
task=$1 seconds=$2 stamps=$3
date +%s%N >"$stamps/$task.begun"
[ "$seconds" = 0 ] || sleep "$seconds"
export GIT_AUTHOR_NAME=bench GIT_AUTHOR_EMAIL=bench@localhost
export GIT_COMMITTER_NAME=bench GIT_COMMITTER_EMAIL=bench@localhost
echo "$task" >"$task.txt"
git add "$task.txt"
git commit -q -m "Add $task"
date +%s%N >"$stamps/$task.ended"
`;

const departures = new Set<() => Promise<void>>();

/** Does the work on fresh ground; afterwards its processes, its tmux server and its folder are gone. */
export async function onGround<T>(work: (ground: Ground) => Promise<T>): Promise<T> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "coppice-bench-")));
  const leaving = new AbortController();
  const ground = await laidOut(folder, leaving.signal);
  const leave = async () => {
    leaving.abort();
    await tmux(ground, ["kill-server"]);
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  departures.add(leave);
  try {
    return await work(ground);
  } finally {
    departures.delete(leave);
    await leave();
  }
}

/** Leaves every ground at once: the bench is interrupted. */
export async function leaveGrounds(): Promise<void> {
  await Promise.all([...departures].map((leave) => leave()));
}

async function laidOut(folder: string, leaving: AbortSignal): Promise<Ground> {
  const [root, origin] = [join(folder, "checkout"), join(folder, "origin.git")];
  const [stampsDir, agentPath] = [join(folder, "stamps"), join(folder, "agent.sh")];
  await git(folder, ["init", "-q", "--bare", "-b", "main", origin]);
  await git(folder, ["init", "-q", "-b", "main", root]);
  await mkdir(join(root, "src"));
  for (let file = 0; file < FILES; file += 1) {
    await writeFile(
      join(root, "src", `part-${file}.ts`),
      `export const part = ${file};\n`.repeat(40),
    );
  }
  await git(root, ["remote", "add", "origin", origin]);
  await git(root, ["add", "--all"]);
  const person = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
  await git(root, [...person, "commit", "-q", "-m", "Begin"]);
  await git(root, ["push", "-q", "origin", "main"]);
  await git(root, ["fetch", "-q", "origin"]);
  await mkdir(stampsDir);
  await writeFile(agentPath, AGENT);
  return {
    folder,
    root,
    workdir: join(folder, "work"),
    socketPath: join(folder, "tmux.sock"),
    manifestPath: join(folder, "manifest.json"),
    stampsDir,
    leaving,
    agent: (taskId, seconds) => ["/bin/sh", agentPath, taskId, String(seconds), stampsDir],
  };
}

/** Runs git and gives its output; throws when it fails. */
export async function git(folder: string, args: readonly string[]): Promise<string> {
  const result = await exec("git", args, { cwd: folder });
  if (result.code !== 0) throw new Error(`git ${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

/** A raw tmux call on the ground's own server. */
export function tmux(ground: Ground, args: readonly string[]): ReturnType<typeof exec> {
  return exec("tmux", ["-S", ground.socketPath, "-f", "/dev/null", ...args]);
}

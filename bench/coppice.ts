import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CoppiceEvent, JournalLine } from "../src/ports/journal.ts";
import type { Ground } from "./ground.ts";

/** The built program: what a user starts. */
export const MAIN = resolve(import.meta.dirname, "../dist/cli/main.js");

/** A task of a measured run: its agent works `seconds` and commits. */
export interface BenchTask {
  readonly id: string;
  readonly seconds: number;
  readonly dependsOn?: readonly string[];
}

/** Writes the manifest of a run whose tasks each touch a file of their own. */
export async function writeManifest(
  ground: Ground,
  tasks: readonly BenchTask[],
  maxParallel: number,
): Promise<void> {
  const manifest = {
    project: "bench",
    repoDir: ground.root,
    workdir: ground.workdir,
    socket: ground.socketPath,
    agent: "command",
    maxParallel,
    policy: { pullRequestsPerHourMax: 500 },
    phases: [
      {
        name: "all",
        tasks: tasks.map(({ id, seconds, dependsOn = [] }) => ({
          id,
          title: `Add ${id}`,
          files: [`${id}.txt`],
          dependsOn,
          command: ground.agent(id, seconds),
        })),
      },
    ],
  };
  await writeFile(ground.manifestPath, JSON.stringify(manifest, null, 2));
}

/** A running `coppice run` and what it has told so far. */
export interface Run {
  readonly pid: number;
  /** Resolves with the exit code, or null after a signal. */
  readonly ended: Promise<number | null>;
  /** Interrupts it; its sessions go on. */
  stop(): Promise<void>;
}

export function startRun(ground: Ground, more: readonly string[] = []): Run {
  const log = openSync(join(ground.folder, "run.log"), "a");
  const child: ChildProcess = spawn(
    process.execPath,
    [MAIN, "run", ground.manifestPath, "--yes", ...more],
    {
      cwd: ground.folder,
      stdio: ["ignore", log, log],
      signal: ground.leaving,
      killSignal: "SIGKILL",
    },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error("coppice run cannot be started");
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("exit", resolve);
    // Leaving the ground kills it, and is told as an error, too.
    child.on("error", (error) => {
      if (!ground.leaving.aborted) reject(error);
    });
  });
  return {
    pid,
    ended,
    async stop() {
      child.kill("SIGINT");
      await ended;
    },
  };
}

/** Runs the manifest to its end, all tasks delivered, and gives the wall time in milliseconds. */
export async function runToEnd(ground: Ground): Promise<number> {
  const began = performance.now();
  const code = await startRun(ground).ended;
  const wallMs = performance.now() - began;
  if (code !== 0) {
    const said = await readFile(join(ground.folder, "run.log"), "utf8");
    throw new Error(`coppice run ended with ${code}:\n${said.slice(-2000)}`);
  }
  return wallMs;
}

/** The journal of the ground's runs. */
export async function journal(ground: Ground): Promise<readonly JournalLine[]> {
  const path = join(ground.workdir, "events.jsonl");
  if (!existsSync(path)) return [];
  const lines = (await readFile(path, "utf8")).split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as JournalLine);
}

/** When the first such event came, in Unix milliseconds. */
export function timeOf(
  lines: readonly JournalLine[],
  matches: (event: CoppiceEvent) => boolean,
): number {
  const line = lines.find(({ event }) => matches(event));
  if (line === undefined) throw new Error("the journal lacks an event that was to be measured");
  return Date.parse(line.at);
}

/** The beginning of an action of that kind on that task. */
export const begins =
  (kind: string, taskId: string) =>
  (event: CoppiceEvent): boolean =>
    event.kind === "action-begun" && event.action.kind === kind && event.action.taskId === taskId;

/** When an agent began or ended, by its own clock, in Unix milliseconds. */
export async function stamp(
  ground: Ground,
  taskId: string,
  what: "begun" | "ended",
): Promise<number> {
  return Number(await readFile(join(ground.stampsDir, `${taskId}.${what}`), "utf8")) / 1e6;
}

/** When the wrapper had written that the first attempt is over, in Unix milliseconds. */
export async function exitRecorded(ground: Ground, taskId: string): Promise<number> {
  return (await stat(join(ground.workdir, "tasks", taskId, "exit.1.json"))).mtimeMs;
}

/** Waits until the condition holds; throws with `what` when it does not in time. */
export async function until(
  what: string,
  maxMs: number,
  condition: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + maxMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not in ${maxMs / 1000} s: ${what}`);
    await sleep(100);
  }
}

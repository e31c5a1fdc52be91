import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test as plainTest } from "vitest";
import type { z } from "zod";
import { type ExecResult, exec } from "../../src/adapters/exec.ts";
import { createLocks } from "../../src/adapters/fs/locks.ts";
import { type PullRecord, readRecords } from "../../src/adapters/local-forge/records.ts";
import { readManifest } from "../../src/app/read-manifest.ts";
import { keyOf } from "../../src/cli/places.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { Task } from "../../src/manifest/task.ts";
import type { CoppiceEvent, JournalLine } from "../../src/ports/journal.ts";
import { coppice, type RunningCoppice, startCoppice } from "./built-cli.ts";
import { type GitLab, openGitLab } from "./git-repository.ts";
import { processesBelow } from "./processes-below.ts";
import { openPuppetStage, type PuppetStage } from "./puppet.ts";
import { until } from "./tmux.ts";

/** What a person writes: everything with a default may be left out. */
export type ManifestText = Omit<Partial<z.input<typeof Manifest>>, "phases">;
export type TaskText = z.input<typeof Task>;

/** A repository with a bare `origin`, a manifest, a workdir and a home, all below one temporary folder. */
export interface Workplace {
  readonly lab: GitLab;
  /** Commands are given here; `manifest.json` and `work` are in it. */
  readonly folder: string;
  readonly workdir: string;
  readonly manifestPath: string;
  readonly puppets: PuppetStage;
  /** Runs a command of the built CLI to its end. */
  coppice(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ExecResult>;
  /** The same, but anything else than exit code 0 is an error of the test. */
  succeed(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<ExecResult>;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): RunningCoppice;
  /** Writes a manifest with one phase for each list of tasks; agents are plain commands that commit one file. */
  plan(more: ManifestText, ...phases: readonly (readonly TaskText[])[]): Promise<void>;
  /** The manifest as Coppice reads it; throws with the mistakes when it is invalid. */
  manifest(): Promise<Manifest>;
  task(id: string): Promise<Task>;
  /** Nobody can write the manifest until the function that this gives is called. */
  holdManifest(): Promise<() => Promise<void>>;
  /** A person saves the manifest from an editor. */
  save(text: string): Promise<void>;
  events(): Promise<readonly CoppiceEvent[]>;
  /** What the session of an attempt left when it ended; null before. */
  exitRecord(taskId: string, attempt: number): Promise<unknown>;
  /** The pull requests of the local forge. */
  pullRequests(): Promise<readonly PullRecord[]>;
  /** Names of the live sessions, sorted; empty without a server. */
  sessions(): Promise<readonly string[]>;
  /** Every process that works below the folder or names it, as `pid words`. */
  processes(): Promise<readonly string[]>;
  /** Commits of a branch on `origin` that are not on main, newest first: their subjects. */
  delivered(branch: string): Promise<readonly string[]>;
}

/** An agent that commits one file named like its task, without a word. */
export const WORKER = [
  "sh",
  "-c",
  'echo "$COPPICE_TASK" >"$COPPICE_TASK.txt" && git add --all && git commit --quiet --message "Work on $COPPICE_TASK"',
];

/** The words of an agent that enters the stage under its task's name; its one argument is the prompt's file. */
export const puppet = (place: Workplace): string[] => [
  ...place.puppets.argv("{taskId}", "{promptFile}"),
];

/** `until`, with the patience that whole programs on a busy machine need. */
export const eventually = <T>(what: string, look: () => Promise<T | undefined | null | false>) =>
  until(what, look, 30_000);

/** A test at a workplace of its own. Afterwards nothing that it started may be left. */
export const test = plainTest.extend<{ place: Workplace }>({
  place: async ({ onTestFinished }, use) => {
    const { place, story, close } = await openWorkplace();
    onTestFinished(async ({ task }) => {
      if (task.result?.state === "fail") process.stderr.write(`${task.name}:\n${await story()}\n`);
      await close();
    }, 60_000);
    await use(place);
  },
});

interface OpenWorkplace {
  readonly place: Workplace;
  /** What a failed test needs to be understood: what the runs said, what they did last, and who lives. */
  story(): Promise<string>;
  close(): Promise<void>;
}

async function openWorkplace(): Promise<OpenWorkplace> {
  const lab = await openGitLab();
  const { folder } = lab;
  const puppets = await openPuppetStage(folder);
  const home = join(folder, "home");
  const workdir = join(folder, "work");
  const manifestPath = join(folder, "manifest.json");
  const socket = join(workdir, "tmux.sock");
  const locks = createLocks();
  const manifestLock = join(home, "state/coppice/locks", `${keyOf(manifestPath)}.lock`);
  const running: RunningCoppice[] = [];
  await mkdir(home);
  const at = (env: Readonly<Record<string, string>> = {}) => ({
    cwd: folder,
    env: { HOME: home, XDG_STATE_HOME: join(home, "state"), ...env },
  });
  const place: Workplace = {
    lab,
    folder,
    workdir,
    manifestPath,
    puppets,
    coppice: (args, env) => coppice(args, at(env)),
    async succeed(args, env) {
      const run = await coppice(args, at(env));
      if (run.code === 0) return run;
      throw new Error(
        `coppice ${args.join(" ")} ended with ${run.code}:\n${run.stdout}${run.stderr}`,
      );
    },
    start(args, env) {
      const started = startCoppice(args, at(env));
      running.push(started);
      return started;
    },
    async plan(more, ...phases) {
      const document = {
        project: "lab",
        repoDir: lab.root,
        workdir,
        forge: "local",
        agent: "command",
        command: WORKER,
        maxParallel: 4,
        policy: { backoffSeconds: 0.1 },
        ...more,
        phases: phases.map((tasks, index) => ({ name: `Phase ${index + 1}`, tasks })),
      };
      await writeFile(manifestPath, JSON.stringify(document, null, 2));
    },
    async manifest() {
      const read = readManifest(await readFile(manifestPath, "utf8"), manifestPath);
      if (read.kind === "parsed") return read.manifest;
      throw new Error(`the manifest is invalid: ${JSON.stringify(read.problems, null, 2)}`);
    },
    async task(id) {
      const { phases } = await place.manifest();
      const task = phases.flatMap((phase) => phase.tasks).find((one) => one.id === id);
      if (task === undefined) throw new Error(`the manifest has no task ${id}`);
      return task;
    },
    async holdManifest() {
      const lock = await eventually("the manifest's lock", async () => {
        const taken = await locks.tryAcquire(manifestLock, "a test");
        return taken.kind === "held" && taken.lock;
      });
      return () => lock.release();
    },
    async save(text) {
      await writeFile(`${manifestPath}~`, text);
      await rename(`${manifestPath}~`, manifestPath);
    },
    events: () => journalOf(workdir),
    async exitRecord(taskId, attempt) {
      const path = join(workdir, "tasks", taskId, `exit.${attempt}.json`);
      return JSON.parse(await readFile(path, "utf8").catch(() => "null"));
    },
    pullRequests: () => readRecords(join(folder, "origin.pulls")),
    async sessions() {
      const listed = await exec("tmux", ["-S", socket, "list-sessions", "-F", "#{session_name}"]);
      return listed.stdout
        .split("\n")
        .filter((name) => name !== "")
        .toSorted();
    },
    processes: () => processesBelow(folder),
    async delivered(branch) {
      const log = await lab.git(["log", "--format=%s", `main..${branch}`], lab.origin);
      return log === "" ? [] : log.split("\n");
    },
  };
  const story = async () =>
    [
      ...running.map((one) => `coppice ${one.pid} told:\n${one.told()}`),
      "Last events:",
      ...(await journalOf(workdir)).slice(-40).map((event) => JSON.stringify(event)),
      "Processes:",
      ...(await place.processes()),
    ].join("\n");
  const close = async () => {
    for (const one of running) one.signal("SIGKILL");
    await Promise.all(running.map((one) => one.ended));
    for (const server of [socket, join(folder, "demo", "work", "tmux.sock")]) {
      await exec("tmux", ["-S", server, "kill-server"]);
    }
    await puppets.close();
    let left: readonly string[] = [];
    await eventually("the end of everything that the test started", async () => {
      left = await place.processes();
      return left.length === 0;
    }).catch((cause: unknown) => {
      throw new Error(`the test left processes behind:\n${left.join("\n")}`, { cause });
    });
    await lab.close();
  };
  return { place, story, close };
}

/** The events of a workdir, oldest first. Every line must be whole. */
export async function journalOf(workdir: string): Promise<readonly CoppiceEvent[]> {
  const text = await readFile(join(workdir, "events.jsonl"), "utf8").catch(() => "");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as JournalLine).event);
}

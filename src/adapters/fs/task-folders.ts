import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { agentByName } from "../../agents/catalog.ts";
import {
  type ExitFact,
  known,
  type LaunchFact,
  type Probe,
  type SignalFact,
  unknown,
  type VerifyFact,
} from "../../classify/evidence.ts";
import { terminalLines } from "../../classify/terminal-text.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { whyUnknown } from "../../manifest/machine-trouble.ts";
import { AgentMode, TaskId } from "../../manifest/task.ts";
import { fromIso, toIso } from "../../manifest/time.ts";
import type { Ownership } from "../../ports/ownership.ts";
import type { TaskFolders } from "../../ports/task-folders.ts";
import { effect } from "../fault-point.ts";
import { ifPresent, keptReadings } from "./kept-readings.ts";

const LAUNCH_FILE = /^launch\.(\d+)\.json$/;
const TAIL_LINES = 200;
const LOG_BYTES_READ_MAX = 512 * 1024;
const SIGNAL_BYTES_MAX = 256 * 1024;
/** The wrapper's last word to the terminal: what stands before it in the log is everything. */
const END_OF_LOG = "\u001b]7717;ended\u0007";
const LOG_SETTLES_MS = 1000;
const LOOK_EVERY_MS = 5;

const Time = z.iso.datetime({ offset: true });
const LaunchRecord = z.strictObject({
  version: z.literal(1),
  attempt: z.number().int().min(1),
  agent: z.string(),
  startedAt: Time,
  kind: z.enum(["start", "resume", "restart", "nudge"]),
  mode: AgentMode.default("interactive"),
  worktree: z.string(),
  branch: z.string(),
  parent: TaskId.nullable(),
  forkPoint: z.string().nullable(),
  checks: z.string().optional(),
  /** The manifest that it was launched for. */
  manifest: z.string().optional(),
});
/** Written by the session's wrapper. */
const ExitRecord = z.strictObject({
  version: z.literal(1),
  attempt: z.number().int().min(1),
  stage: z.enum(["directory", "setup", "agent"]),
  code: z.number().int(),
  at: Time,
});
const VerifyRecord = z.strictObject({ version: z.literal(1), sha: z.string(), startedAt: Time });
/** One line of `signals.<attempt>.jsonl`, appended by `COPPICE_REPORT` for the agent's hooks. */
const SignalLine = z.object({ at: Time, agent: z.string(), notice: z.unknown() });

/**
 * The folders `<workdir>/tasks/<id>`, with, for each attempt n: `prompt.<n>.md`, `launch.<n>.json`, `session.<n>` (the plan
 * of the session's wrapper), `exit.<n>.json`, `logs/<n>.log` and `logs/<n>.log.old`, and what the agent says:
 * `signals.<n>.jsonl`, `done.<n>` and `fail.<n>`. `verify-<sha>` is such a folder for the verify command on one commit.
 * A file that cannot be read makes the fact unknown.
 */
export function createTaskFolders(options: {
  readonly workdir: string;
  /** Without it every task here is this manifest's. */
  readonly ownership?: Ownership;
}): TaskFolders {
  const { ownership } = options;
  const folderOf = (taskId: string) => join(options.workdir, "tasks", checkedId(taskId));
  const verifyFolder = (taskId: string, sha: string) =>
    join(folderOf(taskId), `verify-${checkedSha(sha)}`);

  const folders = keptReadings<FolderReading>();
  const said = keptReadings<readonly SignalFact[]>();
  const reading = async (path: string): Promise<FolderReading> =>
    (await folders(path, async () => readingOf(await readdir(path)))) ?? readingOf([]);
  /** The names in a folder; none when it is not there. */
  const namesIn = async (path: string) => (await reading(path)).names;

  const folder = async (taskId: string) => {
    const path = folderOf(taskId);
    await mkdir(path, { recursive: true, mode: 0o700 });
    return path;
  };

  return {
    folder,

    async launched() {
      const tasks = join(options.workdir, "tasks");
      const ids = await namesIn(tasks);
      const launches = await Promise.all(
        ids.map(async (name) => {
          const id = TaskId.safeParse(name);
          const files = id.success ? await namesIn(join(tasks, name)) : [];
          return files.some((file) => LAUNCH_FILE.test(file)) && id.success ? [id.data] : [];
        }),
      );
      return launches.flat();
    },

    async writePrompt(taskId, attempt, text) {
      const path = join(await folder(taskId), `prompt.${attempt}.md`);
      await effect("prompt-write", () => writePrivate(path, text));
      return path;
    },

    async recordLaunch(taskId, { startedAtMs, ...launch }) {
      const manifest = ownership?.manifest;
      const record = { version: 1, ...launch, startedAt: toIso(startedAtMs), manifest };
      const path = join(await folder(taskId), `launch.${launch.attempt}.json`);
      await effect("launch-record", () => writePrivate(path, json(record)));
    },

    launch: (taskId, noted) =>
      probe(async (): Promise<LaunchFact | null> => {
        const path = folderOf(taskId);
        const folder = await reading(path);
        const counts = (attempt: number) => attempt <= noted || hasBegun(path, folder, attempt);
        const attempt = numbers(folder.names, LAUNCH_FILE).find(counts);
        if (attempt === undefined) return null;
        const launched =
          folder.launches.get(attempt) ??
          (await readLaunch(join(path, `launch.${attempt}.json`), attempt));
        folder.launches.set(attempt, launched);
        const { fact, manifest = "" } = launched;
        const isOthers = manifest !== "" && (await ownership?.isOthers(manifest, taskId));
        if (isOthers) throw belongsElsewhere(path, manifest);
        return fact;
      }),

    exit: (taskId, attempt) =>
      probe(async () => {
        const path = folderOf(taskId);
        const folder = await reading(path);
        if (!folder.names.includes(exitName(attempt))) return null;
        const exit = folder.exits.get(attempt) ?? (await readExit(path, attempt));
        if (exit !== null) folder.exits.set(attempt, exit);
        return exit;
      }),

    async recordVerifyStart(taskId, sha, atMs) {
      await folder(taskId);
      const path = verifyFolder(taskId, sha);
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { mode: 0o700 });
      const record = { version: 1, sha, startedAt: toIso(atMs) };
      await effect("verify-record", () => writePrivate(join(path, "start.json"), json(record)));
      return path;
    },

    verify: (taskId, sha) =>
      probe(async (): Promise<VerifyFact | null> => {
        const path = verifyFolder(taskId, sha);
        if (!(await namesIn(folderOf(taskId))).includes(basename(path))) return null;
        const start = await ifPresent(() => readRecord(join(path, "start.json"), VerifyRecord));
        if (start === null) return null;
        const startedAtMs = fromIso(start.startedAt);
        const attempt = numbers(await readdir(path), /^exit\.(\d+)\.json$/)[0] ?? 1;
        const exit = await readExit(path, attempt);
        return exit === null
          ? { sha, code: null, running: true, startedAtMs, tail: [] }
          : { sha, code: exit.code, running: false, startedAtMs, tail: exit.tail };
      }),

    signals: (taskId, attempt) =>
      probe(async (): Promise<readonly SignalFact[]> => {
        const path = folderOf(taskId);
        const present = await namesIn(path);
        const readers = {
          [`signals.${attempt}.jsonl`]: readSignalLines,
          [`done.${attempt}`]: readSignalFile("done"),
          [`fail.${attempt}`]: readSignalFile("fail"),
        };
        const found: SignalFact[] = [];
        for (const [name, read] of Object.entries(readers)) {
          if (!present.includes(name)) continue;
          const file = join(path, name);
          found.push(...((await said(file, () => read(file, attempt))) ?? []));
        }
        return found.sort((a, b) => a.atMs - b.atMs);
      }),

    log: async (taskId, attempt, lines) =>
      lines > 0 ? terminalLines(await readLog(folderOf(taskId), attempt)).slice(-lines) : [],

    logPath: async (taskId, attempt) => logIn(folderOf(taskId), attempt),
  };
}

const logIn = (folder: string, attempt: number): string => join(folder, "logs", `${attempt}.log`);

/** A task's folder as long as no name in it changes; its records come by rename, so that none changes without that. */
interface FolderReading {
  readonly names: readonly string[];
  readonly launches: Map<number, Launched>;
  readonly exits: Map<number, ExitFact>;
}

/** A launch, and the manifest that it was for; launches of older versions do not say. */
interface Launched {
  readonly fact: LaunchFact;
  readonly manifest: string | undefined;
}

const readingOf = (names: readonly string[]): FolderReading => ({
  names,
  launches: new Map(),
  exits: new Map(),
});

/** Its terminal is written to a log from the first byte on; the log of an earlier launch with the same number is removed. */
const hasBegun = (path: string, { names }: FolderReading, attempt: number): boolean =>
  names.includes(exitName(attempt)) ||
  existsSync(logIn(path, attempt)) ||
  existsSync(`${logIn(path, attempt)}.old`);

const exitName = (attempt: number): string => `exit.${attempt}.json`;

async function readLaunch(path: string, attempt: number): Promise<Launched> {
  const { version: _, startedAt, manifest, ...launch } = await readRecord(path, LaunchRecord);
  return { fact: { ...launch, attempt, startedAtMs: fromIso(startedAt) }, manifest };
}

const belongsElsewhere = (folder: string, owner: string): CoppiceError =>
  new CoppiceError({
    code: "task-folder-taken",
    kind: "machine",
    message: `${folder} belongs to the manifest ${owner}; give one of the two another "workdir"`,
    hint: "Or give the task another id.",
  });

async function readExit(folder: string, attempt: number): Promise<ExitFact | null> {
  const path = join(folder, exitName(attempt));
  const record = await ifPresent(() => readRecord(path, ExitRecord));
  if (record === null) return null;
  const atMs = fromIso(record.at);
  const log = await settledLog(folder, attempt, atMs);
  const tail = terminalLines(log).slice(-TAIL_LINES);
  return { attempt, stage: record.stage, code: record.code, atMs, tail };
}

/** The record may be there some milliseconds before the terminal's last words are in the log. */
async function settledLog(folder: string, attempt: number, endedAtMs: number): Promise<string> {
  for (;;) {
    const log = await readLog(folder, attempt);
    // The record's time is in whole seconds.
    if (log.includes(END_OF_LOG) || Date.now() - endedAtMs > LOG_SETTLES_MS + 1000) return log;
    await wait(LOOK_EVERY_MS);
  }
}

async function readLog(folder: string, attempt: number): Promise<string> {
  const path = logIn(folder, attempt);
  const newer = await readEnd(path, LOG_BYTES_READ_MAX);
  const older = await readEnd(`${path}.old`, LOG_BYTES_READ_MAX - newer.length);
  return Buffer.concat([older, newer]).toString("utf8");
}

async function readSignalLines(path: string, attempt: number): Promise<SignalFact[]> {
  const text = (await readEnd(path, SIGNAL_BYTES_MAX)).toString("utf8");
  return text.split("\n").flatMap((line) => {
    const parsed = SignalLine.safeParse(parseJson(line));
    if (!parsed.success) return [];
    const { at, agent, notice } = parsed.data;
    const said = agentByName(agent)?.signals?.(notice) ?? [];
    return said.map((signal) => ({ ...signal, atMs: fromIso(at), attempt }));
  });
}

const readSignalFile =
  (kind: "done" | "fail") =>
  async (path: string, attempt: number): Promise<SignalFact[]> => {
    const { mtimeMs } = await stat(path);
    const words = await readEnd(path, SIGNAL_BYTES_MAX);
    return [{ kind, atMs: Math.floor(mtimeMs), attempt, text: words.toString("utf8").trim() }];
  };

/** The last bytes of a file; none when it is missing. */
async function readEnd(path: string, bytesMax: number): Promise<Buffer> {
  const found = await ifPresent(() => open(path));
  if (found === null) return Buffer.alloc(0);
  await using file = found;
  const { size } = await file.stat();
  const length = Math.min(size, bytesMax);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.subarray(0, bytesRead);
}

async function readRecord<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(parseJson(await readFile(path, "utf8")));
  if (parsed.success) return parsed.data;
  throw new CoppiceError({
    code: "task-record",
    kind: "machine",
    message: `${path} is not a record of Coppice: ${z.prettifyError(parsed.error)}`,
    hint: "Remove the file; the next beat looks at the world again.",
  });
}

/** The numbers of the files of a kind, the highest first. */
const numbers = (names: readonly string[], pattern: RegExp): readonly number[] =>
  names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((left, right) => right - left);

async function probe<T>(read: () => Promise<T>): Promise<Probe<T>> {
  try {
    return known(await read());
  } catch (error) {
    if (error instanceof CoppiceError && error.kind === "bug") throw error;
    if (error instanceof Error) return unknown(whyUnknown(error));
    throw error;
  }
}

const writePrivate = (path: string, text: string): Promise<void> =>
  writeFileAtomic(path, text, { mode: 0o600 });

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkedId(taskId: string): TaskId {
  const parsed = TaskId.safeParse(taskId);
  if (parsed.success) return parsed.data;
  throw notAName(`${JSON.stringify(taskId)} is no task id`);
}

function checkedSha(sha: string): string {
  if (/^[0-9a-f]{7,64}$/.test(sha)) return sha;
  throw notAName(`${JSON.stringify(sha)} is no commit`);
}

const notAName = (message: string): CoppiceError =>
  new CoppiceError({
    code: "task-folder-name",
    kind: "bug",
    message,
    hint: "Please report this with the manifest that you used.",
  });

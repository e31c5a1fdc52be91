import { type FSWatcher, watch } from "node:fs";
import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { basename, dirname, join } from "node:path";
import { CoppiceError } from "../../manifest/errors.ts";
import type { Signals, Wake } from "../../ports/signals.ts";

export interface SignalsOptions {
  readonly workdir: string;
  /** Absolute, at most 100 bytes. */
  readonly socketPath: string;
  /** Absolute path of the manifest; its folder is watched, since editors replace the file. */
  readonly manifestPath: string;
  /** Told once when folders cannot be watched (too many watchers, a file system without): the timer does without. */
  readonly onBlind: (reason: string) => void;
}

const SOCKET_BYTES_MAX = 100;
const LINE_BYTES_MAX = 4096;
const ANSWER_MAX_MS = 1000;
/** Files of a task folder that tell something new; logs stand in a folder of their own, which is not watched. */
const TELLING = /^(?:exit|done|fail|signals)\.\d+(?:\.jsonl?)?$/;

/** Wake-ups by a unix socket and by watching the task folders and the manifest's folder. */
export function createSignals(options: SignalsOptions): Signals {
  const { socketPath } = options;
  return {
    async listen(onWake) {
      checkLength(socketPath);
      await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
      const server = await listenAt(socketPath, onWake);
      const eyes = await watchFolders(options, onWake);
      return {
        socketPath,
        async close() {
          eyes.close();
          await closed(server);
        },
      };
    },

    async poke(taskId) {
      const socket = await connected(socketPath);
      if (socket === null) return false;
      return new Promise((resolve) => {
        socket.setTimeout(ANSWER_MAX_MS, () => socket.destroy());
        socket.once("close", (hadError) => resolve(!hadError));
        socket.on("error", () => socket.destroy());
        socket.resume();
        socket.end(`${JSON.stringify({ taskId })}\n`);
      });
    },
  };
}

async function listenAt(socketPath: string, onWake: (wake: Wake) => void): Promise<Server> {
  const listener = await connected(socketPath);
  if (listener !== null) {
    listener.destroy();
    throw new CoppiceError({
      code: "already-listening",
      kind: "machine",
      message: `another coppice of this workdir listens at ${socketPath}`,
      hint: "Wait until it ends, or look at it with coppice status.",
    });
  }
  await rm(socketPath, { force: true });
  const server = createServer((socket) => receive(socket, onWake));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  await chmod(socketPath, 0o600);
  return server;
}

/** One line names the task; whatever else comes in wakes the loop just so. */
function receive(socket: Socket, onWake: (wake: Wake) => void): void {
  let text = "";
  let told = false;
  const tell = () => {
    if (!told) onWake({ kind: "socket", taskId: taskIn(text) });
    told = true;
    socket.destroy();
  };
  socket.setEncoding("utf8");
  socket.setTimeout(ANSWER_MAX_MS, tell);
  socket.on("data", (chunk: string) => {
    text += chunk;
    if (text.includes("\n") || text.length > LINE_BYTES_MAX) tell();
  });
  socket.on("end", tell);
  socket.on("error", () => socket.destroy());
}

function taskIn(line: string): string | null {
  try {
    const { taskId } = JSON.parse(line) as { taskId?: unknown };
    return typeof taskId === "string" ? taskId : null;
  } catch {
    return null;
  }
}

/** Watches `tasks`, each folder in it, and the manifest's folder; a recursive watch would see every line of the logs. */
async function watchFolders(
  { workdir, manifestPath, onBlind }: SignalsOptions,
  onWake: (wake: Wake) => void,
): Promise<{ close(): void }> {
  const watchers = new Map<string, FSWatcher>();
  let blind = false;
  const goBlind = (error: Error) => {
    if (!blind) onBlind(error.message);
    blind = true;
  };
  const add = (folder: string, onName: (name: string) => void) => {
    if (watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => onName(name ?? ""));
      watcher.on("error", goBlind);
      watchers.set(folder, watcher);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!("code" in error && error.code === "ENOENT")) goBlind(error);
    }
  };
  const tasks = join(workdir, "tasks");
  const addTask = (name: string) =>
    add(join(tasks, name), (file) => {
      if (TELLING.test(file)) onWake({ kind: "folder", taskId: name });
    });
  await mkdir(tasks, { recursive: true, mode: 0o700 });
  add(tasks, (name) => {
    watchers.get(join(tasks, name))?.close();
    watchers.delete(join(tasks, name));
    addTask(name);
    onWake({ kind: "folder", taskId: null });
  });
  for (const name of await readdir(tasks)) addTask(name);
  add(dirname(manifestPath), (name) => {
    if (name === basename(manifestPath)) onWake({ kind: "manifest" });
  });
  return {
    close: () => {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** A connection to a live listener, or null when the socket is missing or its listener is dead. */
function connected(socketPath: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (["ENOENT", "ECONNREFUSED"].includes(error.code ?? "")) resolve(null);
      else reject(error);
    });
  });
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  });

function checkLength(socketPath: string): void {
  const bytes = Buffer.byteLength(socketPath);
  if (bytes <= SOCKET_BYTES_MAX) return;
  throw new CoppiceError({
    code: "workdir-path",
    kind: "input",
    message: `the socket path ${socketPath} has ${bytes} bytes; ${SOCKET_BYTES_MAX} is the most that every system takes`,
    hint: "Choose a shorter workdir with --workdir.",
  });
}

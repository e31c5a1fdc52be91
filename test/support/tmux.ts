import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { exec } from "../../src/adapters/exec.ts";
import { createTaskFolders } from "../../src/adapters/fs/task-folders.ts";
import { createProcesses } from "../../src/adapters/system/processes.ts";
import { createTmuxSessions } from "../../src/adapters/tmux/sessions.ts";
import type { Ownership } from "../../src/ports/ownership.ts";
import type { SessionSpec, Sessions } from "../../src/ports/sessions.ts";
import type { TaskFolders } from "../../src/ports/task-folders.ts";

/** A private tmux server with a workdir, a worktree and a signal socket path, all below one temporary folder. */
export interface Terminals {
  readonly sessions: Sessions;
  /** Those of a manifest that shares workdir and server with others. */
  sessionsOf(more: { readonly ownership: Ownership }): Sessions;
  readonly folders: TaskFolders;
  readonly workdir: string;
  readonly worktree: string;
  readonly socketPath: string;
  readonly signalSocketPath: string;
  /** Every tmux command that was run: one entry per process. */
  readonly calls: string[][];
  /** A session of task `id` that runs `argv`; anything else may be set by `more`. */
  spec(id: string, argv: readonly string[], more?: Partial<SessionSpec>): Promise<SessionSpec>;
  /** Writes a Node program and gives the words that run it. */
  program(source: string): Promise<readonly string[]>;
  tmux(...words: string[]): Promise<string>;
  close(): Promise<void>;
}

/** Names that a shell, tmux's formats and tmux's command separator would each misread. */
export const NASTY_NAME = `we ird #(touch pwned) $(touch pwned) 'q" {a,b} ;`;

/**
 * Opens terminals whose workdir has the given name, on a server that may have so many files open. `close` ends the server
 * and removes the folder.
 */
export async function openTerminals(name = "run", openFilesMax?: number): Promise<Terminals> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "cop-")));
  const workdir = join(home, name);
  const worktree = join(home, "work tree");
  const socketPath = join(home, "t");
  const signalSocketPath = join(home, "s");
  await mkdir(workdir);
  await mkdir(worktree);
  const { PATH: path, LANG: lang } = process.env;
  const calls: string[][] = [];
  const sessionsOf = (more: { readonly ownership?: Ownership }) =>
    createTmuxSessions({
      ...more,
      workdir,
      socketPath,
      signalSocketPath,
      nodePath: process.execPath,
      env: { PATH: path, LANG: lang, HOME: home, SECRET_TOKEN: "not for agents" },
      processes: createProcesses(),
      lock: (_, work) => work(),
      exec: (program, args, options) => {
        calls.push([program, ...args]);
        if (openFilesMax === undefined) return exec(program, args, options);
        const words = ["-c", `ulimit -n ${openFilesMax} && exec "$@"`, "sh", program, ...args];
        return exec("/bin/sh", words, options);
      },
    });
  const folders = createTaskFolders({ workdir });
  const tmux = async (...words: string[]) =>
    (await exec("tmux", ["-u", "-S", socketPath, ...words])).stdout;
  let programs = 0;
  return {
    sessions: sessionsOf({}),
    sessionsOf,
    folders,
    workdir,
    worktree,
    socketPath,
    signalSocketPath,
    calls,
    tmux,
    spec: async (id, argv, more = {}) => ({
      name: `task-${id}`,
      taskId: id,
      attempt: 1,
      taskDir: await folders.folder(id),
      worktree,
      argv,
      events: null,
      promptFile: undefined,
      setup: undefined,
      setupTimeoutSeconds: 30,
      env: { PATH: path ?? "", HOME: home, LANG: "C.UTF-8" },
      cols: 120,
      rows: 30,
      logBytesMax: 1024 * 1024,
      ...more,
    }),
    async program(source) {
      programs += 1;
      const file = join(home, `program-${programs}.mjs`);
      await writeFile(file, source);
      return [process.execPath, file];
    },
    async close() {
      await exec("tmux", ["-S", socketPath, "kill-server"]);
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Looks every 20 ms until `look` gives something; fails after `maxMs` with what was waited for. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | null | false>,
  maxMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + maxMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${maxMs} ms for ${what}`);
    await wait(20);
  }
}

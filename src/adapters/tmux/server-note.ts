import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import type { Processes } from "../../ports/processes.ts";

/** What a server does whose socket nobody answers at: there is none, its socket is back, or it has none and goes on. */
export type Reopened =
  | { readonly kind: "no-server" }
  | { readonly kind: "reopened" }
  | { readonly kind: "unreachable"; readonly pid: number };

/** Which process is the run's tmux server: its sessions go on when a cleaner of old files removes the socket. */
export interface ServerNote {
  /** Notes the server's process; costs nothing when it is noted already. */
  remember(pid: number): Promise<void>;
  /** Has a server that lives make its socket anew, until it answers. */
  reopen(answers: () => Promise<boolean>): Promise<Reopened>;
}

const Note = z.strictObject({ version: z.literal(1), pid: z.int(), startedAt: z.string() });
const COMES_BACK_MS = 2000;
const LOOK_EVERY_MS = 20;

/** The note lies in the workdir: `tmux.server.json`. */
export function createServerNote(options: {
  readonly workdir: string;
  readonly processes: Processes;
}): ServerNote {
  const { processes } = options;
  const path = join(options.workdir, "tmux.server.json");
  let remembered: number | undefined;

  const living = async () => {
    const note = await readNote(path);
    if (note === undefined) return undefined;
    const table = await processes.list();
    return table.find(({ pid, startedAt }) => pid === note.pid && startedAt === note.startedAt);
  };

  return {
    async remember(pid) {
      if (pid === remembered) return;
      const server = (await processes.list()).find((one) => one.pid === pid);
      if (server === undefined) return;
      const note = { version: 1, pid, startedAt: server.startedAt };
      await writeFileAtomic(path, `${JSON.stringify(note)}\n`, { mode: 0o600 });
      remembered = pid;
    },

    async reopen(answers) {
      const server = await living();
      if (server === undefined) return { kind: "no-server" };
      await processes.signal(server, "SIGUSR1");
      const deadline = Date.now() + COMES_BACK_MS;
      while (!(await answers())) {
        if ((await living()) === undefined) return { kind: "no-server" };
        if (Date.now() > deadline) return { kind: "unreachable", pid: server.pid };
        await wait(LOOK_EVERY_MS);
      }
      return { kind: "reopened" };
    },
  };
}

/** A note that cannot be read as one names no server. */
async function readNote(path: string): Promise<z.infer<typeof Note> | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "null";
    throw error;
  });
  try {
    return Note.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A program of `test/support` in a process of its own, spoken to line by line. */
export interface Child {
  readonly pid: number;
  /** Resolves with the next line that it prints; rejects when it ends before. */
  line(): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code, or null after a signal. */
  readonly ended: Promise<number | null>;
}

/** Starts `test/support/<name>` with JSON as its one argument. */
export function startChild(name: string, argument: unknown): Child {
  const file = join(import.meta.dirname, name);
  const child: ChildProcess = spawn(
    process.execPath,
    ["--import", "tsx", file, JSON.stringify(argument)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error(`cannot start ${name}`);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    pid,
    async line() {
      const next = await lines.next();
      if (next.done) throw new Error(`${name} ended without another line`);
      return next.value;
    },
    signal: (signal) => void child.kill(signal),
    ended: once(child, "exit").then(([code]) => code as number | null),
  };
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { type ExecResult, exec } from "../../src/adapters/exec.ts";
import { until } from "./tmux.ts";

const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");

/** Where a command is given. */
export interface CliPlace {
  readonly cwd: string;
  /** Added to the environment of the tests, which has no secrets. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs the built `coppice` to its end; throws when nothing is built. */
export async function coppice(args: readonly string[], place: CliPlace): Promise<ExecResult> {
  await access(MAIN).catch((cause: unknown) => {
    throw new Error(`${MAIN} is missing: npm run build makes it`, { cause });
  });
  return exec(process.execPath, [MAIN, ...args], { ...place, timeoutMs: 120_000 });
}

/** A `coppice` that is at work. */
export interface RunningCoppice {
  readonly pid: number;
  /** Resolves when its story on stderr matches. */
  tells(pattern: RegExp): Promise<void>;
  /** Its story on stderr so far. */
  told(): string;
  signal(name: NodeJS.Signals): void;
  /** `code` is null after a signal that it did not catch. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

/** Starts the built `coppice` and leaves it running. */
export function startCoppice(args: readonly string[], { cwd, env }: CliPlace): RunningCoppice {
  const { GITHUB_TOKEN: _, GH_TOKEN: __, ...clean } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { ...clean, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let told = "";
  let over = false;
  child.stderr.on("data", (chunk: Buffer) => {
    told += chunk.toString();
  });
  const ended = Promise.all([once(child, "close"), text(child.stdout)]).then(([[code], stdout]) => {
    over = true;
    return { code: code as number | null, stdout, stderr: told };
  });
  return {
    pid: child.pid ?? 0,
    async tells(pattern) {
      const look = async () => {
        if (pattern.test(told)) return true;
        if (over) throw new Error(`coppice ${args[0]} ended without ${pattern}:\n${told}`);
        return false;
      };
      await until(`${pattern} from coppice ${args[0]}`, look, 60_000);
    },
    told: () => told,
    signal: (name) => void child.kill(name),
    ended,
  };
}

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { EventEmitter } from "node:events";
import { setImmediate } from "node:timers/promises";
import { CoppiceError } from "../manifest/errors.ts";
import { machineTrouble } from "../manifest/machine-trouble.ts";

/** One run of a program. Expected exit codes are values; only "could not run" throws. */
export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly cwd?: string;
  /** Added to the inherited environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Uses `env` alone. */
  readonly bareEnv?: boolean;
  readonly input?: string;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** Default 64 MiB. */
  readonly maxBytes?: number;
  /** How stdout is read, default utf8; latin1 keeps every byte as one character. */
  readonly encoding?: "utf8" | "latin1";
  /** Keep tokens in the environment: only for the program that needs them. */
  readonly keepSecrets?: boolean;
}

/** A program that its time limit ends may clean up (git removes its lock files) before it is killed. */
const KILL_AFTER_MS = 2000;
const SECRET_NAMES = /TOKEN|SECRET|PASSWORD|PASSWD|_KEY$|CREDENTIAL/i;

/**
 * The one door to processes: arguments are an array, no shell, stdin ignored, a timeout, the C locale, no tokens.
 * Throws CoppiceError `program-missing`, `program-timeout` or `program-output-too-large` (kind machine), or the trouble
 * of a machine that can start no program now.
 */
export async function exec(
  program: string,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const execa = await loadExeca();
  const child = await startingPrograms(async () => ({
    running: execa(program, args, {
      cwd: options.cwd ?? process.cwd(),
      env: environment(options),
      extendEnv: false,
      reject: false,
      stripFinalNewline: false,
      encoding: options.encoding ?? "utf8",
      maxBuffer: options.maxBytes ?? 64 * 1024 * 1024,
      timeout: timeoutMs,
      killSignal: "SIGTERM",
      forceKillAfterDelay: KILL_AFTER_MS,
      ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
    }),
  }));
  // Somebody else may hold the pipes open after the program's end: a tmux client hands them to its server.
  const hangUp = setTimeout(() => {
    child.running.stdout.destroy();
    child.running.stderr.destroy();
  }, timeoutMs + KILL_AFTER_MS);
  const result = await child.running.finally(() => clearTimeout(hangUp));
  if (result.timedOut) {
    throw new CoppiceError({
      code: "program-timeout",
      kind: "machine",
      message: `${program} ${args[0] ?? ""} gave no answer within ${timeoutMs / 1000} s`,
      hint: "Look whether the machine or the program hangs, then run the command again.",
    });
  }
  if (result.isMaxBuffer) {
    throw new CoppiceError({
      code: "program-output-too-large",
      kind: "machine",
      message: `${program} ${args[0] ?? ""} wrote more than is read`,
      hint: "Run the command by hand and look at what it prints.",
    });
  }
  if (result.exitCode === undefined && result.signal === undefined) {
    const trouble = result.code === "EACCES" ? undefined : machineTrouble(result.cause);
    if (trouble) throw trouble;
    throw new CoppiceError({
      code: "program-missing",
      kind: "machine",
      message: `cannot run ${program}: ${result.originalMessage ?? "unknown reason"}`,
      hint: `Install ${program}, or mend PATH; coppice doctor shows what is found.`,
      cause: result,
    });
  }
  return { code: result.exitCode ?? 128, stdout: result.stdout, stderr: result.stderr };
}

/**
 * Runs `work`, which starts programs by a library. Out of file descriptors, Node makes a child without pipes and emits the
 * reason afterwards: libraries trip over the pipes, and a reason that nobody hears would end this whole process. It is
 * thrown as the trouble that it is.
 */
export async function startingPrograms<T>(work: () => Promise<T>): Promise<T> {
  const start: Start = { refusal: undefined };
  if (starts.size === 0) subscribe("child_process", hear);
  starts.add(start);
  try {
    return await work();
  } catch (error) {
    await setImmediate();
    throw machineTrouble(start.refusal) ?? error;
  } finally {
    starts.delete(start);
    if (starts.size === 0) unsubscribe("child_process", hear);
  }
}

interface Start {
  refusal: unknown;
}

/** Who is starting programs now. Whose child it is nobody can tell, but the machine refuses all alike. */
const starts = new Set<Start>();

/** One listener for each child, however many are starting programs. */
function hear(message: unknown): void {
  const { process: child } = message as { readonly process: EventEmitter };
  const concerned = [...starts];
  child.once("error", (reason) => {
    for (const start of concerned) start.refusal ??= reason;
  });
}

/** Loaded with the first program: it takes longer than most commands that start none. */
const loadExeca = async () => (await import("execa")).execa;

function environment(options: ExecOptions): Record<string, string> {
  const base = options.bareEnv ? {} : process.env;
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries(base)) {
    if (value !== undefined && (options.keepSecrets || !SECRET_NAMES.test(name)))
      merged[name] = value;
  }
  Object.assign(merged, { LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" });
  for (const [name, value] of Object.entries(options.env ?? {})) {
    if (value === undefined) delete merged[name];
    else merged[name] = value;
  }
  return merged;
}

/** Gives this terminal to a program, e.g. `tmux attach`, and returns its exit code. */
export async function execOnTerminal(argv: readonly string[]): Promise<number> {
  const [program = "", ...args] = argv;
  const { TMUX: _, ...env } = process.env;
  const execa = await loadExeca();
  const result = await execa(program, args, {
    stdio: "inherit",
    reject: false,
    env,
    extendEnv: false,
  });
  return result.exitCode ?? 128;
}

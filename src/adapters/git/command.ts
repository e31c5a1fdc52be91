import { setTimeout as sleep } from "node:timers/promises";
import { type SimpleGit, simpleGit } from "simple-git";
import { CoppiceError } from "../../manifest/errors.ts";
import { type ExecResult, exec } from "../exec.ts";

export interface GitOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  /** Default 64 MiB. */
  readonly maxBytes?: number;
  /** Default utf8. */
  readonly encoding?: "utf8" | "latin1";
  /** The command talks to a remote: the person's credential helper may need its variables. */
  readonly remote?: boolean;
}

/** Settings that keep the repository's own configuration, which agents may write, from running programs of its choice. */
const HARDENED = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "core.quotePath=false",
  "gc.auto=0",
  "maintenance.auto=false",
  "protocol.ext.allow=never",
  "submodule.recurse=false",
];

/** The caller's GIT_* variables that say who and how; those that say where (GIT_DIR, GIT_INDEX_FILE …) stay out. */
const KEPT =
  /^GIT_(AUTHOR_NAME|AUTHOR_EMAIL|COMMITTER_NAME|COMMITTER_EMAIL|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|CONFIG_COUNT|CONFIG_KEY_\d+|CONFIG_VALUE_\d+|ALLOW_PROTOCOL|ASKPASS|SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|HTTP_.*|PROXY_.*|EXEC_PATH)$/;

const TRANSIENT =
  /commondir|could not lock config|bad object worktrees|index\.lock|cannot lock ref|packed-refs\.lock|shallow\.lock/;
const TRIES = 5;
const RETRY_MS = 150;

/** Runs git in a folder. The exit code is a value; only "could not run" throws. Reads take no optional locks. */
export async function git(
  folder: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<ExecResult> {
  return exec("git", [...HARDENED.flatMap((setting) => ["-c", setting]), ...args], {
    cwd: folder,
    env: { ...foreignVariables(), GIT_OPTIONAL_LOCKS: "0", ...options.env },
    keepSecrets: options.remote ?? false,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
    ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
  });
}

/** Like `git`, tried again when another git process was in the way. */
export async function gitWrite(
  folder: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<ExecResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await git(folder, args, options);
    if (result.code === 0 || attempt === TRIES || !TRANSIENT.test(result.stderr)) return result;
    await sleep(RETRY_MS * attempt * (0.5 + Math.random()));
  }
}

/** The output of a command that has to succeed, without the last line break; throws CoppiceError `git-failed`. */
export async function gitText(
  folder: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<string> {
  const result = await gitWrite(folder, args, options);
  if (result.code !== 0) throw gitFailed(folder, args, result);
  return result.stdout.replace(/\n$/, "");
}

/** Exit code 0 is true, 1 is false; anything else throws CoppiceError `git-failed`. */
export async function gitTest(folder: string, args: readonly string[]): Promise<boolean> {
  const result = await git(folder, args);
  if (result.code > 1) throw gitFailed(folder, args, result);
  return result.code === 0;
}

export function gitFailed(
  folder: string,
  args: readonly string[],
  result: ExecResult,
): CoppiceError {
  const ownership = /dubious ownership/.test(result.stderr);
  return new CoppiceError({
    code: "git-failed",
    kind: "machine",
    message: `git ${args[0] ?? ""} failed in ${folder} (exit ${result.code}): ${reasonOf(result)}`,
    hint: ownership
      ? "Run Coppice as the user that owns the repository, or name the folder in git's safe.directory."
      : "Run the same git command in that folder to see what is wrong.",
  });
}

/** What git said, on one line, without credentials. */
export function reasonOf(result: ExecResult): string {
  const lines = (result.stderr.trim() || result.stdout.trim())
    .split("\n")
    .map((line) => line.trim());
  const said = lines.filter((line) => line !== "").slice(0, 4);
  return withoutCredentials(said.join("; ") || `exit code ${result.code}`);
}

/** Takes user and password out of every URL. */
export function withoutCredentials(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, "$1");
}

/** simple-git for what it reads well and for clone and fetch, with the same settings; it rejects on every exit code but 0. */
export function porcelain(folder: string, timeoutMs: number): SimpleGit {
  const env = simpleGitEnvironment();
  return simpleGit({
    baseDir: folder,
    config: HARDENED,
    abort: AbortSignal.timeout(timeoutMs),
    allowEnvironment: Object.keys(env).filter((name) => name.startsWith("GIT_")),
    unsafe: {
      allowUnsafeHooksPath: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeProtocolOverride: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeAskPass: true,
      allowUnsafeSshCommand: true,
    },
    errors: (error, { exitCode, stdErr }) =>
      error ??
      (exitCode === 0 ? undefined : new Error(`exit ${exitCode}: ${Buffer.concat(stdErr)}`)),
  }).env(env);
}

function simpleGitEnvironment(): Record<string, string> {
  const skipped = { ...foreignVariables(), EDITOR: undefined, VISUAL: undefined, PAGER: undefined };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !Object.hasOwn(skipped, name)) env[name] = value;
  }
  return { ...env, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" };
}

function foreignVariables(): Record<string, undefined> {
  const names = Object.keys(process.env).filter(
    (name) => name.startsWith("GIT_") && !KEPT.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

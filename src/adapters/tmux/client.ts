import { setTimeout as wait } from "node:timers/promises";
import { CoppiceError } from "../../manifest/errors.ts";
import { MachineTrouble } from "../../manifest/machine-trouble.ts";
import type { ExecResult, exec } from "../exec.ts";

const TIMEOUT_MS = 5000;
const TRIES_MAX = 10;
const TRY_AGAIN_AFTER_MS = 100;

/** One tmux command with its arguments. */
export type Command = readonly string[];

/** Talks to one tmux server. Several commands in one call run one after the other until one fails. */
export type Client = (commands: readonly Command[], input?: string) => Promise<ExecResult>;

/**
 * A client of the server at `socketPath`, in the given environment and no other: a server takes over the environment of
 * whoever starts it. Every call has a time limit, since a tmux server out of files never answers.
 */
export function createClient(options: {
  readonly socketPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exec: typeof exec;
}): Client {
  const { socketPath, exec } = options;
  // LC_ALL=C, the door's default, would make tmux print question marks for everything beyond ASCII.
  const env = { ...options.env, LC_ALL: undefined, GIT_TERMINAL_PROMPT: undefined };
  return async (commands, input) => {
    const words = ["-u", "-S", socketPath, "-f", "/dev/null", ...joined(commands)];
    for (let tries = 1; ; tries += 1) {
      const asked = exec("tmux", words, {
        cwd: "/",
        env,
        bareEnv: true,
        timeoutMs: TIMEOUT_MS,
        ...(input === undefined ? {} : { input }),
      });
      const result = await asked.catch((error: unknown) => {
        throw isTimeout(error) ? hangs(socketPath, error) : error;
      });
      const again =
        result.code !== 0 && /server exited unexpectedly|lost server/.test(result.stderr);
      if (!again || tries === TRIES_MAX) return result;
      await wait(TRY_AGAIN_AFTER_MS);
    }
  };
}

const isTimeout = (error: unknown): boolean =>
  error instanceof CoppiceError && error.code === "program-timeout";

const hangs = (socketPath: string, cause: unknown): CoppiceError =>
  new MachineTrouble({
    code: "tmux-hangs",
    kind: "machine",
    message: `the tmux server at ${socketPath} gives no answer within ${TIMEOUT_MS / 1000} s`,
    hint: `ps -axo pid,stat,args | grep ${socketPath} names its process: in state T it is stopped, and kill -CONT PID wakes it; else kill -KILL PID ends it with its sessions, and their work is taken up again.`,
    cause,
  });

/** No server listens at the socket: there is nothing, which is an answer. */
export const saysNoServer = ({ code, stderr }: ExecResult): boolean =>
  code !== 0 &&
  /no server running on|error connecting to .*\((?:No such file or directory|Connection refused)\)/.test(
    stderr,
  );

/** A server without sessions has no "current" pane to list from. */
export const saysNoSession = ({ code, stderr }: ExecResult): boolean =>
  code !== 0 && /no current target/.test(stderr);

/** An answer that nobody foresaw, as an error. */
export function unexpectedAnswer(what: string, result: ExecResult): CoppiceError {
  const said = result.stderr.trim() || `exit code ${result.code}`;
  return new CoppiceError({
    code: "tmux-failed",
    kind: "machine",
    message: `tmux cannot ${what}: ${said}`,
    hint: "Look at tmux by hand; coppice doctor shows its version and known traps.",
  });
}

/** One list of words with `;` between the commands. tmux takes a last `;` of any word for that, too, unless escaped. */
const joined = (commands: readonly Command[]): string[] =>
  commands.flatMap((command, index) => [
    ...(index === 0 ? [] : [";"]),
    ...command.map((word) => (word.endsWith(";") ? `${word.slice(0, -1)}\\;` : word)),
  ]);

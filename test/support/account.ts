import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A user's account in which a real agent is installed. */
export interface Account {
  readonly home: string;
  /** Put first on PATH: holds the agent. */
  readonly binDir: string;
}

/** Makes an account below `dir` whose program `name` brings this environment, and the account's home, with it. */
export async function createAccount(
  dir: string,
  name: string,
  program: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Account> {
  const account = { home: join(dir, "home"), binDir: join(dir, "bin") };
  await mkdir(join(account.home, "tmp"), { recursive: true });
  await mkdir(account.binDir, { recursive: true });
  const values = { HOME: account.home, TMPDIR: join(account.home, "tmp"), ...environment };
  const exports = Object.entries(values).map(([key, value]) => `export ${key}=${quoted(value)}\n`);
  const words = program.map(quoted).join(" ");
  const wrapper = join(account.binDir, name);
  await writeFile(wrapper, `#!/bin/sh\n${exports.join("")}exec ${words} "$@"\n`);
  await chmod(wrapper, 0o755);
  return account;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

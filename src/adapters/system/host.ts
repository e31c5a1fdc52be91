import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import { availableParallelism, homedir } from "node:os";
import { delimiter, dirname, resolve } from "node:path";
import { CoppiceError } from "../../manifest/errors.ts";
import type { Host } from "../../ports/host.ts";
import { exec } from "../exec.ts";

const VERSION_TIMEOUT_MS = 15_000;

/** This machine, seen with the given environment (the user's own). */
export function createHost(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
}): Host {
  const { env } = options;
  const { HOME: home, PATH: path } = env;
  return {
    cores: availableParallelism(),
    get freeMemoryBytes() {
      return process.availableMemory();
    },
    nodeVersion: process.versions.node,
    homeDir: home ?? homedir(),
    env: (name) => env[name],
    randomHex: (bytes) => randomBytes(bytes).toString("hex"),
    which: (program) => which(program, path ?? ""),
    version: (program, argv) => firstLine(program, argv),
    freeDiskBytes,
  };
}

async function which(program: string, path: string): Promise<string | null> {
  const candidates = program.includes("/")
    ? [resolve(program)]
    : path.split(delimiter).flatMap((folder) => (folder === "" ? [] : resolve(folder, program)));
  for (const candidate of candidates) {
    if (await isProgram(candidate)) return candidate;
  }
  return null;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function firstLine(program: string, argv: readonly string[]): Promise<string | null> {
  try {
    const { code, stdout, stderr } = await exec(program, argv, { timeoutMs: VERSION_TIMEOUT_MS });
    const line = `${stdout}\n${stderr}`.split("\n").find((text) => text.trim() !== "");
    return code === 0 && line !== undefined ? line.trim() : null;
  } catch (error) {
    if (error instanceof CoppiceError) return null;
    throw error;
  }
}

async function freeDiskBytes(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT" && dirname(path) !== path;
    return missing ? await freeDiskBytes(dirname(path)) : null;
  }
}

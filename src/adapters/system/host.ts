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
  const versions = createVersions((program) => which(program, path ?? ""));
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
    version: (program, argv) => versions(program, argv),
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

/** Some agents take seconds to tell. What failed is asked again. */
function createVersions(find: (program: string) => Promise<string | null>): Host["version"] {
  const told = new Map<string, Promise<string | null>>();
  return async (program, argv) => {
    const key = JSON.stringify([await fileOf(await find(program)), program, ...argv]);
    const line = told.get(key) ?? firstLine(program, argv);
    told.set(key, line);
    const answer = await line;
    if (answer === null) told.delete(key);
    return answer;
  };
}

/** A file as itself: an update writes another one, or writes it anew. */
async function fileOf(path: string | null): Promise<readonly (string | number)[]> {
  if (path === null) return [];
  const { dev, ino, size, mtimeMs } = await stat(path);
  return [dev, ino, size, mtimeMs];
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

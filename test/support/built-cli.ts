import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { type ExecResult, exec } from "../../src/adapters/exec.ts";

const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");

/** Runs the built `coppice` in a folder, with the environment of the tests plus `env`; throws when nothing is built. */
export async function coppice(
  args: readonly string[],
  place: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<ExecResult> {
  await access(MAIN).catch((cause: unknown) => {
    throw new Error(`${MAIN} is missing: npm run build makes it`, { cause });
  });
  return exec(process.execPath, [MAIN, ...args], { ...place, timeoutMs: 120_000 });
}

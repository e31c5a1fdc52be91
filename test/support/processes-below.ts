import { readlink } from "node:fs/promises";
import { exec } from "../../src/adapters/exec.ts";

/** Every process whose words or current folder are below `folder`, as `pid words`. */
export async function processesBelow(folder: string): Promise<readonly string[]> {
  const { stdout } = await exec("ps", ["-axww", "-o", "pid=,args="]);
  const found: string[] = [];
  for (const line of stdout.split("\n")) {
    const pid = /^\s*(\d+)/.exec(line)?.[1];
    if (pid === undefined) continue;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    if (`${line} ${cwd}`.includes(folder)) found.push(line.trim());
  }
  return found;
}

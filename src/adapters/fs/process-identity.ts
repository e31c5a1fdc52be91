import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { exec } from "../exec.ts";

/** A process that no other can be mistaken for, neither after its pid is used again nor after a reboot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As the system writes it: clock ticks since boot on Linux, a date elsewhere. */
  readonly startTime: string;
  readonly bootId: string;
  readonly host: string;
}

/** Who this process is. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return {
    pid: process.pid,
    startTime: (await startTimeOf(process.pid)) ?? "",
    bootId: await bootId(),
    host: hostname(),
  };
}

/** Whether that process lives: `elsewhere` when another machine would have to be asked. A stopped process lives. */
export async function lifeOf(other: ProcessIdentity): Promise<"alive" | "dead" | "elsewhere"> {
  if (other.host !== hostname()) return "elsewhere";
  if (other.bootId !== (await bootId())) return "dead";
  const startTime = await startTimeOf(other.pid);
  if (startTime === null) return isHidden(other.pid) ? "alive" : "dead";
  return startTime === other.startTime ? "alive" : "dead";
}

/** Another user's process that this one may not see. */
function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Null when no such process lives; a zombie does not live. */
async function startTimeOf(pid: number): Promise<string | null> {
  if (process.platform !== "linux") {
    const ps = await exec("ps", ["-o", "stat=,lstart=", "-p", String(pid)]);
    const line = ps.stdout.trim();
    return line === "" || line.startsWith("Z") ? null : line.replace(/^\S+\s+/, "");
  }
  try {
    // The second field is the name in brackets and may hold anything, so count from the last bracket.
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw cause;
  }
}

let knownBootId: string | undefined;

async function bootId(): Promise<string> {
  knownBootId ??=
    process.platform === "linux"
      ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
      : (await exec("sysctl", ["-n", "kern.bootsessionuuid"])).stdout.trim();
  return knownBootId;
}

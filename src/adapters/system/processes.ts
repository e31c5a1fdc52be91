import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Processes, ProcessFact } from "../../ports/processes.ts";
import { exec } from "../exec.ts";

/** The unit of times in /proc: fixed at 100 for programs on Linux, whatever the kernel uses inside. */
const TICKS_PER_SECOND = 100;

/** The process table: read from /proc where there is one, else asked from `ps`. */
export function createProcesses(
  options: { readonly source: "proc" | "ps" } = {
    source: existsSync("/proc/self/stat") ? "proc" : "ps",
  },
): Processes {
  const fromProc = options.source === "proc";
  const list = async () => (fromProc ? readProc() : listByPs([]));
  const now = async (pid: number) =>
    fromProc ? readStat(pid) : (await listByPs(["-p", String(pid)]))[0];
  return {
    list,
    openFilesMax: async (pid) => {
      const limits = fromProc ? readIfThere(`/proc/${pid}/limits`) : undefined;
      const told =
        /^Max open files +(\S+)/m.exec(limits ?? "")?.[1] ??
        (await exec("/bin/sh", ["-c", "ulimit -n"])).stdout.trim();
      return told === "unlimited" ? Number.POSITIVE_INFINITY : Number(told);
    },
    async signal(target, name) {
      const current = await now(target.pid);
      if (current?.startedAt !== target.startedAt) return false;
      try {
        return process.kill(target.pid, name);
      } catch (error) {
        if (codeOf(error) === "ESRCH") return false;
        throw error;
      }
    },
  };
}

/** One synchronous pass: a stat file takes some 10 µs, less than handing the read to another thread. */
function readProc(): ProcessFact[] {
  return readdirSync("/proc").flatMap((name) =>
    /^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : [],
  );
}

/** A zombie is gone: it does nothing and nothing can end it. */
function readStat(pid: number): ProcessFact | undefined {
  const text = readIfThere(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The program's name stands in parentheses and may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (index: number) => Number(fields[index]);
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return {
    pid,
    parentPid: number(1),
    sessionId: number(3),
    cpuSeconds: (number(11) + number(12) + number(13) + number(14)) / TICKS_PER_SECOND,
    startedAt: fields[19] ?? "",
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

async function listByPs(selection: readonly string[]): Promise<ProcessFact[]> {
  const columns = ["pid=", "ppid=", "stat=", "time=", "lstart="].flatMap((name) => ["-o", name]);
  const { stdout } = await exec("ps", [
    ...(selection.length > 0 ? selection : ["-ax"]),
    ...columns,
  ]);
  return parsePs(stdout);
}

/** Reads `ps -o pid= -o ppid= -o stat= -o time= -o lstart=`; it names no session, so that is 0. */
export function parsePs(text: string): ProcessFact[] {
  return text.split("\n").flatMap((line) => {
    const [pid, parentPid, state, time, ...started] = line.trim().split(/\s+/);
    if (!pid || !parentPid || !state || !time || state.startsWith("Z")) return [];
    return {
      pid: Number(pid),
      parentPid: Number(parentPid),
      sessionId: 0,
      cpuSeconds: secondsOf(time),
      startedAt: started.join(" "),
    };
  });
}

/** `[days-][hours:]minutes:seconds[.hundredths]` as seconds. */
function secondsOf(time: string): number {
  const [clock = "", days = "0"] = time.split("-").reverse();
  return clock.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";

import { readdir } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { EFFECTS } from "../../src/adapters/fault-point.ts";
import type { RunningCoppice } from "../../test/support/built-cli.ts";
import type { Ground } from "./ground.ts";
import type { Random } from "./random.ts";

/** `coppice run`, given again whenever it was killed, until nothing is left to do. */
export interface Orchestrator {
  /** False when none runs. */
  kill(): boolean;
  /** Stops it, gives another command that acts, and lets it go on. False when none ran, or the other had nothing to fear. */
  suspendWhileAnotherBegins(): Promise<boolean>;
  /** No more deaths at fault points from the next start on. */
  calm(): void;
  readonly deaths: { kills: number; faultPoints: number };
  /** The most files that one had open. */
  readonly filesMax: number;
  /** What a command said that ended as none should. */
  readonly mistakes: readonly string[];
  /** How often a person gave a task that had failed back to it. */
  readonly retries: number;
  readonly ended: Promise<void>;
}

const RETRIES_PER_TASK_MAX = 3;
const SUSPENDED_MS = 5000;
const BUSY_MS = 1000;

export function startOrchestrator(ground: Ground, random: Random, over: AbortSignal): Orchestrator {
  const deaths = { kills: 0, faultPoints: 0 };
  const mistakes: string[] = [];
  const retried = new Map<string, number>();
  let running: RunningCoppice | undefined;
  let isCalm = false;
  let filesMax = 0;

  const oneRun = async (): Promise<"again" | "ended"> => {
    const env = isCalm || !random.chance(0.7) ? {} : { COPPICE_FAULT_POINT: somePoint(random) };
    const run = ground.start(["run", "--interval", "2"], env);
    running = run;
    const { code, stdout, stderr } = await run.ended;
    running = undefined;
    if (code === null) {
      if (/^coppice: fault point /m.test(stderr)) deaths.faultPoints += 1;
      else deaths.kills += 1;
      return "again";
    }
    if (code === 0) return "ended";
    if (code === 4) return (await retryFailed()) ? "again" : "ended";
    if (code === 3 && stderr.includes("coppice heartbeat (process")) {
      await wait(BUSY_MS);
      return "again";
    }
    mistakes.push(`coppice run ended with ${code}:\n${stdout}${stderr}`);
    return "again";
  };

  /** A person has a look at what failed, and has it done again. */
  const retryFailed = async (): Promise<boolean> => {
    const { phases } = await ground.manifest();
    let any = false;
    for (const { id, status } of phases.flatMap(({ tasks }) => tasks)) {
      const times = retried.get(id) ?? 0;
      if (status !== "error" || times >= RETRIES_PER_TASK_MAX) continue;
      retried.set(id, times + 1);
      const retry = await ground.coppice(["retry", id]);
      if (retry.code !== 0) mistakes.push(`coppice retry ${id}: ${retry.stderr}`);
      any = true;
    }
    return any;
  };

  const untilTheEnd = async (): Promise<void> => {
    while (!over.aborted && mistakes.length < 5) if ((await oneRun()) === "ended") return;
  };

  over.addEventListener("abort", () => running?.signal("SIGKILL"));
  const watch = setInterval(() => {
    if (running === undefined) return;
    readdir(`/proc/${running.pid}/fd`).then(
      (files) => {
        filesMax = Math.max(filesMax, files.length);
      },
      // It has just ended, or there is no /proc.
      () => undefined,
    );
  }, 500);

  return {
    kill() {
      running?.signal("SIGKILL");
      return running !== undefined;
    },
    async suspendWhileAnotherBegins() {
      const run = running;
      if (run === undefined) return false;
      run.signal("SIGSTOP");
      const beat = ground.start(["heartbeat"]).ended;
      await Promise.race([beat, wait(SUSPENDED_MS)]);
      run.signal("SIGCONT");
      // It may not have come to its lock yet: then the other acts, and has its time.
      const { code, stderr } = await beat;
      return code === 0 && stderr.includes(`process ${run.pid} `);
    },
    calm() {
      isCalm = true;
    },
    deaths,
    mistakes,
    get filesMax() {
      return filesMax;
    },
    get retries() {
      return [...retried.values()].reduce((sum, times) => sum + times, 0);
    },
    ended: untilTheEnd().finally(() => clearInterval(watch)),
  };
}

/** The N-th time on one side of some effect. */
function somePoint(random: Random): string {
  const side = random.chance(0.5) ? "before" : "after";
  return `${side}-${random.oneOf(EFFECTS) ?? "push"}:${random.whole(1, 4)}`;
}

import { setTimeout as wait } from "node:timers/promises";
import type { Puppet } from "../../test/support/puppet.ts";
import { type Ground, QUESTION } from "./ground.ts";
import type { Random } from "./random.ts";

/** What the agents of a night did, as they saw it themselves. */
export interface Cast {
  /** Agents that are alive, by process. */
  readonly alive: ReadonlyMap<number, { readonly taskId: string }>;
  /** Subjects of commits that were made for certain. */
  readonly committed: ReadonlySet<string>;
  /** Subjects of commits that an agent may have made just before it died. */
  readonly doubtful: ReadonlySet<string>;
  readonly launches: number;
  readonly answers: number;
  /** Two agents at work on one task, or an attempt that came twice. */
  readonly doubled: readonly string[];
}

/** How an agent of a task behaves; all but `tidy` do so once, and work as they should from then on. */
const PARTS = ["tidy", "tidy", "tidy", "fails", "asks", "untidy", "idle"] as const;
type Part = (typeof PARTS)[number];

/** Lets agents enter and play until the ground is closed. `workMs` is how long one works on average. */
export function openCast(
  ground: Ground,
  taskIds: readonly string[],
  random: Random,
  workMs: number,
): Cast {
  const alive = new Map<number, { readonly taskId: string }>();
  const committed = new Set<string>();
  const doubtful = new Set<string>();
  const doubled: string[] = [];
  const begun = new Set<string>();
  let answers = 0;

  const commit = async (puppet: Puppet, taskId: string, subject: string): Promise<void> => {
    doubtful.add(subject);
    await puppet.commit(`${taskId}.txt`, `${subject}\n`, subject);
    doubtful.delete(subject);
    committed.add(subject);
  };

  const work = async (puppet: Puppet, taskId: string, part: Part): Promise<void> => {
    const attempt = puppet.hello.env["COPPICE_ATTEMPT"] ?? "?";
    const pauses = Array.from({ length: 3 }, () => (random.fraction() * 2 * workMs) / 3);
    const [first = 0, second = 0, third = 0] = pauses;
    await wait(first);
    if (part === "idle") return await puppet.exit(0);
    await commit(puppet, taskId, `${taskId} begins, attempt ${attempt}`);
    await wait(second);
    if (part === "fails") return await puppet.exit(3);
    if (part === "asks") {
      await puppet.ask(`${QUESTION} [y/n] `);
      answers += 1;
    }
    if (part === "untidy") {
      await puppet.commit(`${taskId}.left.txt`, "not committed\n", null);
      return await puppet.exit(0);
    }
    await wait(third);
    await commit(puppet, taskId, `${taskId} ends, attempt ${attempt}`);
    await puppet.exit(0);
  };

  const enter = (puppet: Puppet, taskId: string): void => {
    const { pid, env } = puppet.hello;
    const name = `${taskId}, attempt ${env["COPPICE_ATTEMPT"]}`;
    if (begun.has(name)) doubled.push(`${name} began twice`);
    begun.add(name);
    for (const [other, { taskId: theirs }] of alive) {
      if (theirs === taskId && lives(other)) doubled.push(`${name} and process ${other}`);
    }
    alive.set(pid, { taskId });
    void puppet.gone.then(() => alive.delete(pid));
  };

  /** An agent that is killed leaves its work where it was; anything else that stops it is our own mistake. */
  const died = async (puppet: Puppet, error: unknown): Promise<void> => {
    await Promise.race([puppet.gone, wait(1000)]);
    if (alive.has(puppet.hello.pid)) throw error;
  };

  for (const taskId of taskIds) {
    let part: Part = random.oneOf(PARTS) ?? "tidy";
    const playOn = async (): Promise<never> => {
      for (;;) {
        const puppet = await ground.stage.enter(taskId);
        enter(puppet, taskId);
        work(puppet, taskId, part).catch((error: unknown) => died(puppet, error));
        part = part === "asks" ? part : "tidy";
      }
    };
    void playOn();
  }
  return {
    alive,
    committed,
    doubtful,
    doubled,
    get launches() {
      return begun.size;
    },
    get answers() {
      return answers;
    },
  };
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

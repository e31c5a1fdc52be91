import { rm } from "node:fs/promises";
import { join } from "node:path";
import { FAULTS, type FaultAnswer, secondaryLimit } from "../../test/support/github-server.ts";
import type { Cast } from "./cast.ts";
import type { Ground } from "./ground.ts";
import type { Orchestrator } from "./orchestrator.ts";
import type { Random } from "./random.ts";

/** Where trouble is made. */
export interface Scene {
  readonly ground: Ground;
  readonly cast: Cast;
  readonly orchestrator: Orchestrator;
  readonly taskIds: readonly string[];
  readonly random: Random;
}

/** What a person has set by hand, by task: it has to be there in the end. */
export type Edits = Map<string, (typeof PRIORITIES)[number]>;

interface Trouble {
  readonly name: string;
  readonly weight: number;
  /** False when there was nothing to hit. */
  strike(scene: Scene, edits: Edits): Promise<boolean>;
}

const ANSWERS: readonly FaultAnswer[] = [
  FAULTS.badGateway,
  secondaryLimit(1),
  { kind: "truncated" },
  { kind: "dropped" },
];
const PRIORITIES = ["critical", "high", "medium", "low"] as const;

const TROUBLES: readonly Trouble[] = [
  {
    name: "agent killed",
    weight: 6,
    async strike({ cast, random }) {
      const pid = random.oneOf([...cast.alive.keys()]);
      return pid !== undefined && killed(pid);
    },
  },
  {
    name: "session killed",
    weight: 4,
    async strike({ ground, random }) {
      const listed = await ground.tmux("list-sessions", "-F", "#{session_name}");
      const name = random.oneOf(listed.stdout.split("\n").filter((line) => line !== ""));
      return name !== undefined && (await ground.tmux("kill-session", "-t", `=${name}`)).code === 0;
    },
  },
  {
    name: "tmux server killed",
    weight: 1,
    async strike({ ground }) {
      const asked = await ground.tmux("display-message", "-p", "#{pid}");
      const pid = Number(asked.stdout);
      return asked.code === 0 && pid > 0 && killed(pid);
    },
  },
  {
    name: "orchestrator killed",
    weight: 5,
    strike: async ({ orchestrator }) => orchestrator.kill(),
  },
  {
    name: "orchestrator stopped while another begins",
    weight: 1,
    strike: ({ orchestrator }) => orchestrator.suspendWhileAnotherBegins(),
  },
  {
    name: "GitHub in trouble",
    weight: 4,
    async strike({ ground, random }) {
      const answer = random.oneOf(ANSWERS) ?? FAULTS.badGateway;
      const on = random.chance(0.7) ? /^POST / : /^GET .*\/pulls/;
      // Only what was made has an answer that can be torn.
      const afterEffect = answer.kind !== "status" || random.chance(0.5);
      ground.github.fail({ on, answer, afterEffect });
      return true;
    },
  },
  {
    name: "wake-up socket removed",
    weight: 1,
    async strike({ ground }) {
      await rm(join(ground.workdir, "wake.sock"), { force: true });
      return true;
    },
  },
  {
    name: "manifest edited",
    weight: 1,
    async strike({ ground, taskIds, random }, edits) {
      const taskId = random.oneOf(taskIds) ?? "";
      const priority = random.oneOf(PRIORITIES) ?? "low";
      const set = await ground.coppice(["set", `${taskId}.priority`, priority]);
      if (set.code === 0) edits.set(taskId, priority);
      return set.code === 0;
    },
  },
];

/** Makes one trouble, by weight; its name, or undefined when it hit nothing. */
export async function makeTrouble(scene: Scene, edits: Edits): Promise<string | undefined> {
  const trouble = scene.random.oneOf(
    TROUBLES.flatMap((one) => Array.from({ length: one.weight }, () => one)),
  );
  return trouble && (await trouble.strike(scene, edits)) ? trouble.name : undefined;
}

/** False when it was dead already. */
function killed(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

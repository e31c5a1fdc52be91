import { setTimeout as sleep } from "node:timers/promises";
import { withSessions } from "./beat.ts";
import { startRun } from "./coppice.ts";
import { onGround } from "./ground.ts";
import { cpuSeconds, residentMegabytes } from "./process.ts";
import type { Figure } from "./report.ts";

const SETTLE_MS = 6000;

/** What a run costs that only watches: its own processor time with that of the programs it calls, and its memory. */
export async function idle(options: {
  readonly quick: boolean;
  readonly full: boolean;
}): Promise<readonly Figure[]> {
  const seconds = options.quick ? 15 : 30;
  const figures = [...(await idleWith(20, seconds, ["below 0.5 %", "below 90 MB"]))];
  if (options.full) figures.push(...(await idleWith(300, seconds, ["", "below 200 MB"])));
  return figures;
}

function idleWith(
  sessions: number,
  seconds: number,
  [shareAim, memoryAim]: readonly [string, string],
): Promise<readonly Figure[]> {
  return onGround(async (ground) => {
    await withSessions(
      ground,
      Array.from({ length: sessions }, (_, index) => `t${index + 1}`),
    );
    const run = startRun(ground);
    await sleep(SETTLE_MS);
    const before = await cpuSeconds(run.pid);
    await sleep(seconds * 1000);
    const share = (100 * ((await cpuSeconds(run.pid)) - before)) / seconds;
    const megabytes = await residentMegabytes(run.pid);
    await run.stop();
    return [
      {
        name: `share of a core, run idle with ${sessions} sessions`,
        unit: "%",
        value: share,
        aim: shareAim,
        samples: 1,
      },
      {
        name: `memory, run with ${sessions} sessions`,
        unit: "MB",
        value: megabytes,
        aim: memoryAim,
        samples: 1,
      },
    ];
  });
}

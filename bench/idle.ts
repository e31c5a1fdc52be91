import { setTimeout as sleep } from "node:timers/promises";
import { withSessions } from "./beat.ts";
import { startRun } from "./coppice.ts";
import { onGround } from "./ground.ts";
import { cpuSeconds, residentMegabytes } from "./process.ts";
import type { Figure } from "./report.ts";

const SESSIONS = 20;
const SETTLE_MS = 6000;

/** What a run costs that only watches: its own processor time with that of the programs it calls, and its memory. */
export async function idle(options: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const seconds = options.quick ? 15 : 30;
  return onGround(async (ground) => {
    await withSessions(
      ground,
      Array.from({ length: SESSIONS }, (_, index) => `t${index + 1}`),
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
        name: `share of a core, run idle with ${SESSIONS} sessions`,
        unit: "%",
        value: share,
        aim: "below 0.5 %",
        samples: 1,
      },
      {
        name: `memory, run with ${SESSIONS} sessions`,
        unit: "MB",
        value: megabytes,
        aim: "below 90 MB",
        samples: 1,
      },
    ];
  });
}

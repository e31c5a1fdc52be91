import { MAIN, writeManifest } from "./coppice.ts";
import { onGround } from "./ground.ts";
import { bareProcess } from "./process.ts";
import { type Figure, figure } from "./report.ts";
import { inTurn, timed } from "./statistics.ts";

/** `coppice status` from nothing, against Node's own start. */
export async function coldStart(options: { readonly quick: boolean }): Promise<readonly Figure[]> {
  return onGround(async (ground) => {
    const tasks = Array.from({ length: 20 }, (_, index) => ({ id: `t${index + 1}`, seconds: 0 }));
    await writeManifest(ground, tasks, 20);
    const node = (...args: string[]) => timed(() => bareProcess(process.execPath, args));
    const { ours, floor } = await inTurn(
      options.quick ? 7 : 15,
      () => node(MAIN, "status", ground.manifestPath),
      () => node("-e", "0"),
    );
    const name = "coppice status, 20 tasks";
    return [
      figure({ name, unit: "ms", aim: "within 2x of node -e 0" }, ours, {
        name: "node -e 0",
        samples: floor,
      }),
    ];
  });
}

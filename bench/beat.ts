import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { exec } from "../src/adapters/exec.ts";
import { openWorkspace } from "../src/cli/compose.ts";
import { createOutput } from "../src/cli/output.ts";
import { createHeartbeat } from "../src/heartbeat/beat.ts";
import { stamp, startRun, until, writeManifest } from "./coppice.ts";
import { type Ground, onGround, tmux } from "./ground.ts";
import { type Figure, figure } from "./report.ts";
import { inTurn, timed } from "./statistics.ts";

/** Agents that outlive the measurement. */
const LONG_SECONDS = 3600;
/** So long after its last output a session counts as quiet. */
const QUIET_MS = 3500;

/** One look at many sessions and all that follows from it, against the raw tmux calls that show the same. */
export async function beat(options: {
  readonly quick: boolean;
  readonly full: boolean;
}): Promise<readonly Figure[]> {
  const sizes = options.quick ? [10] : options.full ? [10, 100, 300] : [10, 100];
  const figures: Figure[] = [];
  for (const size of sizes) figures.push(...(await onGround((ground) => beatsAt(ground, size))));
  return figures;
}

async function beatsAt(ground: Ground, size: number): Promise<readonly Figure[]> {
  const ids = Array.from({ length: size }, (_, index) => `t${index + 1}`);
  await withSessions(ground, ids);
  const { beatOnce, close } = await heartbeatOf(ground, size);
  const panes = (await tmux(ground, ["list-panes", "-a", "-F", "#{pane_id} #{pane_tty}"])).stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" "));
  try {
    await sleep(QUIET_MS);
    await beatOnce();
    await beatOnce();
    const floor = async () =>
      timed(() =>
        rawLook(
          ground,
          panes.map(([id = ""]) => id),
        ),
      );
    const quiet = await inTurn(7, () => timed(beatOnce), floor);
    const loud = await inTurn(
      5,
      async () => {
        await Promise.all(panes.map(([, tty = ""]) => writeFile(tty, `${performance.now()}\n`)));
        await sleep(50);
        return timed(beatOnce);
      },
      floor,
    );
    const name = "list-panes + captures";
    const aim = "within 3x of its floor";
    return [
      figure({ name: `one beat, ${size} quiet sessions`, unit: "ms", aim }, quiet.ours, {
        name,
        samples: quiet.floor,
      }),
      figure({ name: `one beat, ${size} sessions that all wrote`, unit: "ms", aim }, loud.ours, {
        name,
        samples: loud.floor,
      }),
    ];
  } finally {
    await close();
  }
}

/** Starts a session for each task and leaves them running. */
export async function withSessions(ground: Ground, ids: readonly string[]): Promise<void> {
  const tasks = ids.map((id) => ({ id, seconds: LONG_SECONDS }));
  await writeManifest(ground, tasks, ids.length);
  const run = startRun(ground);
  await until(`${ids.length} agents run`, 120_000, async () => {
    const begun = await Promise.allSettled(ids.map((id) => stamp(ground, id, "begun")));
    return begun.every(({ status }) => status === "fulfilled");
  });
  await run.stop();
}

/** The heartbeat of `coppice run`, beat by beat. */
async function heartbeatOf(
  ground: Ground,
  maxParallel: number,
): Promise<{ readonly beatOnce: () => Promise<void>; readonly close: () => Promise<void> }> {
  const output = createOutput({ json: true });
  const workspace = await openWorkspace({ manifest: ground.manifestPath }, output, {
    onEvent: () => undefined,
  });
  const taken = await workspace.locks.tryAcquire(workspace.lockPath, "the bench");
  if (taken.kind === "busy") throw new Error("the run that started the sessions has not ended");
  const { lock } = taken;
  const journal = workspace.journal(lock.holder.fence, () => 0);
  const heartbeat = createHeartbeat({
    ports: workspace.ports,
    workdir: workspace.workdir,
    base: "main",
    maxParallelDefault: maxParallel,
    cleanup: false,
    watches: true,
    lock,
    emit: (event) => journal.append(event),
  });
  return {
    async beatOnce() {
      const report = await heartbeat.beat();
      if (report.acted > 0) throw new Error("a session changed while beats were measured");
    },
    close: () => lock.release(),
  };
}

/** What any watcher has to ask: one listing, and the text of every pane in one call per 15 kB of command. */
async function rawLook(ground: Ground, paneIds: readonly string[]): Promise<void> {
  const format = "#{pane_id} #{window_activity} #{pane_dead} #{pane_current_command}";
  await expectZero(tmux(ground, ["list-panes", "-a", "-F", format]));
  for (let from = 0; from < paneIds.length; from += 300) {
    const chunk = paneIds.slice(from, from + 300);
    const captures = chunk.flatMap((id) => [";", "capture-pane", "-p", "-t", id]).slice(1);
    await expectZero(tmux(ground, captures));
  }
}

async function expectZero(running: ReturnType<typeof exec>): Promise<void> {
  const result = await running;
  if (result.code !== 0) throw new Error(`tmux: ${result.stderr}`);
}

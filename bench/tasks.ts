import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { begins, journal, runToEnd, stamp, timeOf, writeManifest } from "./coppice.ts";
import { type Ground, onGround } from "./ground.ts";
import { bareProcess } from "./process.ts";
import { type Figure, figure } from "./report.ts";
import { inTurn, median, timed } from "./statistics.ts";

interface Timing {
  readonly wallMs: number;
  /** From the first request for a session to the first instruction of the last agent. */
  readonly spawnMs: number;
}

/**
 * The same with nothing but git and tmux: worktrees one after the other, for git loses some that are made side by side;
 * each push as soon as its agent has ended.
 */
const BARE = `set -eu
root=$1 workdir=$2 socket=$3 stamps=$4 agent=$5 tasks=$6
tmux() { command tmux -S "$socket" -f /dev/null "$@"; }
task=0
while [ "$task" -lt "$tasks" ]; do
  task=$((task + 1))
  date +%s%N >"$stamps/t$task.asked"
  git -C "$root" worktree add -q --no-track -b "fix/t$task" "$workdir/t$task" origin/main
  tmux new-session -d -s "t$task" -c "$workdir/t$task" \\
    "/bin/sh '$agent' t$task 0 '$stamps'; tmux -S '$socket' wait-for -S t$task; exec sleep 60"
  (
    tmux wait-for "t$task"
    git -C "$root" push -q origin "refs/heads/fix/t$task:refs/heads/fix/t$task"
  ) &
done
wait
`;

/** What Coppice adds to the bare calls, for one task and for many at once. */
export async function tasks(options: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const one = await compared(1, options.quick ? 3 : 7);
  const many = await compared(20, options.quick ? 1 : 3);
  const bare = "bare git and tmux";
  const aim = "within 1.5x of bare";
  return [
    figure({ name: "1 task, command to end", unit: "ms" }, walls(one.ours), {
      name: bare,
      samples: walls(one.floor),
    }),
    figure({ name: "20 tasks at once, command to end", unit: "ms" }, walls(many.ours), {
      name: bare,
      samples: walls(many.floor),
    }),
    overhead(1, one),
    overhead(20, many),
    figure(
      { name: "tasks a minute (agents that commit at once)", unit: "a minute" },
      walls(many.ours).map((ms) => (20 * 60_000) / ms),
      { name: bare, samples: walls(many.floor).map((ms) => (20 * 60_000) / ms) },
    ),
    figure({ name: "1 task, spawn to running agent", unit: "ms", aim }, spawns(one.ours), {
      name: bare,
      samples: spawns(one.floor),
    }),
    figure({ name: "20 tasks, first spawn to last agent", unit: "ms", aim }, spawns(many.ours), {
      name: bare,
      samples: spawns(many.floor),
    }),
  ];
}

type Compared = { readonly ours: readonly Timing[]; readonly floor: readonly Timing[] };

const compared = (count: number, repetitions: number): Promise<Compared> =>
  inTurn(
    repetitions,
    () => onGround((ground) => withCoppice(ground, count)),
    () => onGround((ground) => withBareCalls(ground, count)),
  );

const walls = (timings: readonly Timing[]): readonly number[] => timings.map((one) => one.wallMs);
const spawns = (timings: readonly Timing[]): readonly number[] => timings.map((one) => one.spawnMs);

async function withCoppice(ground: Ground, count: number): Promise<Timing> {
  const ids = idsOf(count);
  await writeManifest(
    ground,
    ids.map((id) => ({ id, seconds: 0 })),
    count,
  );
  const wallMs = await runToEnd(ground);
  const lines = await journal(ground);
  const asked = ids.map((id) => timeOf(lines, begins("start", id)));
  return { wallMs, spawnMs: (await lastBegun(ground, ids)) - Math.min(...asked) };
}

async function withBareCalls(ground: Ground, count: number): Promise<Timing> {
  const ids = idsOf(count);
  const script = join(ground.folder, "bare.sh");
  const [, agentPath = ""] = ground.agent("", 0);
  await writeFile(script, BARE);
  await mkdir(ground.workdir);
  const words = [ground.root, ground.workdir, ground.socketPath, ground.stampsDir, agentPath];
  const wallMs = await timed(() => bareProcess("/bin/sh", [script, ...words, String(count)]));
  const asked = await readFile(join(ground.stampsDir, "t1.asked"), "utf8");
  return { wallMs, spawnMs: (await lastBegun(ground, ids)) - Number(asked) / 1e6 };
}

async function lastBegun(ground: Ground, ids: readonly string[]): Promise<number> {
  return Math.max(...(await Promise.all(ids.map((id) => stamp(ground, id, "begun")))));
}

const idsOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `t${index + 1}`);

function overhead(count: number, { ours, floor }: Compared): Figure {
  return {
    name: `overhead per task, ${count === 1 ? "1 task" : `${count} tasks at once`}`,
    unit: "ms",
    value: (median(walls(ours)) - median(walls(floor))) / count,
    samples: ours.length,
  };
}

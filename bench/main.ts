import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { beat } from "./beat.ts";
import { coldStart } from "./cold-start.ts";
import { detection } from "./detection.ts";
import { leaveGrounds } from "./ground.ts";
import { idle } from "./idle.ts";
import { makespan } from "./makespan.ts";
import { reaction } from "./reaction.ts";
import { type Figure, tableOf } from "./report.ts";
import { repository } from "./repository.ts";
import { tasks } from "./tasks.ts";
import { decisions, reading } from "./thinking.ts";
import { worktrees } from "./worktrees.ts";

/** Measured claims of the README; each stands beside its floor, measured in turn on the same machine. */
const BENCHES: Readonly<
  Record<string, (options: { quick: boolean; full: boolean }) => Promise<readonly Figure[]>>
> = {
  tasks,
  makespan,
  reaction,
  detection,
  beat,
  idle,
  "cold-start": coldStart,
  decisions,
  reading,
  worktrees,
  index: repository,
};

const USAGE = `usage: npm run -s bench -- [--quick] [--full] [--json] [--only NAME]…

  --quick      fewer and smaller repetitions: about a minute
  --full       300 sessions and 80,000 files, too
  --only NAME  one of ${Object.keys(BENCHES).join(", ")}; may be repeated
  --json       the figures as one JSON array on stdout
`;

let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    interrupted = true;
    await leaveGrounds();
    process.exit(130);
  });
}
process.exitCode = await main().catch((error: unknown) => {
  // What is measured on a ground that is being left fails.
  if (interrupted) return 130;
  throw error;
});

async function main(): Promise<number> {
  const options = read();
  if (typeof options === "string") {
    process.stderr.write(`${options}\n${USAGE}`);
    return 2;
  }
  const figures: Figure[] = [];
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (options.only.length > 0 && !options.only.includes(name)) continue;
    process.stderr.write(`${name} …\n`);
    figures.push(...(await bench(options)));
  }
  const [load = 0] = loadavg();
  process.stderr.write(
    `${cpus().length} cores, load ${load.toFixed(1)}, Node ${process.version}\n`,
  );
  process.stdout.write(`${options.json ? JSON.stringify(figures, null, 2) : tableOf(figures)}\n`);
  return 0;
}

type Options = Record<"quick" | "full" | "json", boolean> & { readonly only: readonly string[] };

/** The options, or what is wrong with them. */
function read(): Options | string {
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      options: {
        quick: flag,
        full: flag,
        json: flag,
        only: { type: "string", multiple: true, default: [] },
      },
    });
    const unknown = values.only.find((name) => !Object.hasOwn(BENCHES, name));
    return unknown === undefined ? values : `there is no bench ${unknown}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

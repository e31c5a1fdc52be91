import { parseArgs } from "node:util";
import { type NightOptions, spendNight } from "./soak/night.ts";

const USAGE = `usage: npm run -s soak -- [--minutes N] [--tasks N] [--seed N]

Runs real tmux, git and agents' processes against a GitHub on this machine, and breaks something every few seconds.

  --minutes N  how long (default 10)
  --tasks N    how many (default 100)
  --seed N     which troubles, in which order (default: another one each time; times are the machine's)
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = read();
  if (typeof options === "string") {
    process.stderr.write(`${options}\n${USAGE}`);
    return 2;
  }
  const { counts, findings } = await spendNight(options);
  for (const [name, count] of Object.entries(counts)) {
    process.stdout.write(`${String(count).padStart(6)}  ${name}\n`);
  }
  for (const finding of findings) process.stdout.write(`WRONG: ${finding}\n`);
  const seed = `seed ${options.seed}`;
  process.stdout.write(
    findings.length === 0
      ? `nothing lost, nothing doubled, nothing left behind (${seed})\n`
      : `${findings.length} wrong: again with --seed ${options.seed}\n`,
  );
  return findings.length === 0 ? 0 : 1;
}

/** The options, or what is wrong with them. */
function read(): NightOptions | string {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({ options: { minutes: text, tasks: text, seed: text } });
    const { minutes = "10", tasks = "100", seed = String(Date.now() % 1_000_000) } = values;
    const numbers = { seconds: 60 * Number(minutes), tasks: Number(tasks), seed: Number(seed) };
    const isWhole = Number.isInteger(numbers.tasks) && Number.isInteger(numbers.seed);
    if (!(numbers.seconds > 0 && isWhole && numbers.tasks > 0)) return "each N is a number above 0";
    return { ...numbers, tell: (line) => void process.stderr.write(`${line}\n`) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

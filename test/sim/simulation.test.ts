import { test } from "@fast-check/vitest";
import { expect } from "vitest";
import { FINDINGS } from "./findings.ts";
import { scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

// COPPICE_SIM_RUNS=10000 searches long; COPPICE_SIM_SEED, as a failure prints it, replays.
const { COPPICE_SIM_RUNS: runs = "200", COPPICE_SIM_SEED: seed } = process.env;
const numRuns = Number(runs);

test.prop([scenario], { numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) })(
  "whatever agents, machine and person do, nothing forbidden happens",
  async (planned) => {
    const { breaches } = await simulate(planned);
    const open = FINDINGS.filter((finding) => finding.open);
    expect(breaches.filter((one) => !open.some(({ breach }) => breach.test(one)))).toEqual([]);
  },
  30_000 + numRuns * 500,
);

/** Runs of tasks that meet in files which nobody foresaw, and whose agents are asked to settle that. */
const colliding = scenario.map((planned) => ({
  ...planned,
  collisions: "rebase" as const,
  overlap: "parallel" as const,
  maxParallel: 4,
  tasks: planned.tasks.map((task) => ({ ...task, dependsOn: [] })),
}));

test.prop([colliding], {
  numRuns: numRuns / 4,
  ...(seed === undefined ? {} : { seed: Number(seed) }),
})(
  "work that collides is settled by its agents or is a person's, and nothing forbidden happens",
  async (planned) => {
    const { breaches } = await simulate(planned);
    expect(breaches).toEqual([]);
  },
  30_000 + numRuns * 500,
);

for (const finding of FINDINGS) {
  const run = finding.open ? test.fails : test;
  run(finding.promise, async () => {
    const { breaches } = await simulate(finding.scenario);
    expect(breaches).toEqual([]);
  });
}

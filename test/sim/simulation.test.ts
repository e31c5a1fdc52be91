import { test } from "@fast-check/vitest";
import { expect } from "vitest";
import { scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const { COPPICE_SIM_RUNS: runs = "200", COPPICE_SIM_SEED: seed } = process.env;

test.prop([scenario], {
  numRuns: Number(runs),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
})("whatever agents, machine and person do, nothing forbidden happens", async (planned) => {
  const { breaches } = await simulate(planned);
  expect(breaches).toEqual([]);
});

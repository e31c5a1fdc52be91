import { resolve } from "node:path";
import { expect, test } from "vitest";
import { createLocalForge } from "../../src/adapters/local-forge/forge.ts";
import { createClock } from "../../src/adapters/system/clock.ts";
import { makePlan } from "../../src/app/plan.ts";
import type { PlanHeader } from "../../src/planner/plan.ts";

const issues = resolve(import.meta.dirname, "../../fixtures/demo/issues");
const planned = (header: Partial<PlanHeader>) =>
  makePlan(
    {
      forge: createLocalForge({ issues, originDir: undefined, clock: createClock() }),
      repository: undefined,
      history: undefined,
    },
    {
      query: { labels: [], milestone: undefined, numbers: [], limit: undefined },
      header: { project: "tally", ...header },
      breakCycles: false,
      predict: false,
    },
  );

test("what the options make wrong is told with its remedy, not written", async () => {
  await expect(planned({ agent: "codec" })).rejects.toMatchObject({
    code: "plan-invalid",
    kind: "input",
    message: 'there is no agent "codec" (agent)',
    hint: expect.stringContaining("codex"),
  });
  await expect(planned({ agent: "command" })).rejects.toMatchObject({ code: "plan-invalid" });
  await expect(planned({ agent: "command", command: ["./agent"] })).resolves.toBeDefined();
});

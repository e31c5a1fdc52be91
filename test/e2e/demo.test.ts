import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { expectDeliveredDemo, expectGreenWorktrees } from "../support/demo.ts";
import { processesBelow } from "../support/processes-below.ts";
import { journalOf, test } from "../support/workplace.ts";

test.concurrent("the demo turns six issues into six pull requests, leaves no process behind and does nothing twice", async ({
  place,
}) => {
  const dir = join(place.folder, "demo");
  const run = await place.succeed(["demo", "--json", "--workdir", dir]);

  expect(run.stdout).toMatch(/^\{.*\}\n$/);
  const told = JSON.parse(run.stdout);
  expect(told).toMatchObject({ workdir: dir, seconds: expect.any(Number) });
  expect(told.tasks).toHaveLength(6);
  expect(told.pullRequests).toHaveLength(6);
  await expectDeliveredDemo(dir);
  await expectGreenWorktrees(dir);
  const events = await journalOf(join(dir, "work"));
  expect(events.at(-1)).toMatchObject({ kind: "run-ended", outcome: "delivered" });
  expect(await place.coppice(["validate", join(dir, "manifest.json")])).toMatchObject({ code: 0 });
  expect(await exec("tmux", ["-S", join(dir, "work/tmux.sock"), "ls"])).toMatchObject({ code: 1 });
  expect(await processesBelow(dir)).toEqual([]);

  const before = await readFile(join(dir, "manifest.json"), "utf8");
  const again = await place.succeed(["demo", "--workdir", dir]);
  expect(again.stdout).toContain("6 issues → 6 pull requests");
  expect(await readFile(join(dir, "manifest.json"), "utf8")).toBe(before);
  await expectDeliveredDemo(dir);
}, 180_000);

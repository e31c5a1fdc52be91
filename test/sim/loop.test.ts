import { expect, test } from "vitest";
import { runLoop } from "../../src/heartbeat/loop.ts";
import { calm, good } from "./findings.ts";
import { startProcess, worldOf } from "./simulate.ts";
import { BEGIN_MS } from "./world.ts";

const MINUTE_MS = 60_000;

async function loop(tasks: Parameters<typeof worldOf>[0]["tasks"], stop = new AbortController()) {
  const world = worldOf({ ...calm, tasks });
  const process = await startProcess(world);
  if (process === undefined) throw new Error("another orchestrator lives");
  const { signals, clock } = process.orchestrator.ports;
  let beats = 0;
  const { outcome } = await runLoop({
    heartbeat: process.heartbeat,
    signals,
    clock,
    intervalMs: 15_000,
    stop: stop.signal,
    onReport: () => {
      beats += 1;
    },
    onTrouble: (trouble) => Promise.reject(trouble ?? new Error("over without trouble")),
  });
  return { outcome, world, beats, minutes: (world.nowMs - BEGIN_MS) / MINUTE_MS };
}

test("the loop runs until all is delivered, and no longer", async () => {
  const { outcome, world, minutes } = await loop([good, { ...good, dependsOn: [1] }, good]);
  expect(outcome).toBe("delivered");
  expect(world.pullRequests).toHaveLength(3);
  // Two agents one after the other, a minute each, and two readings of each end.
  expect(minutes).toBeLessThan(2.5);
});

test("the loop ends when only a person can go on", async () => {
  const asks = { ...good, agent: { costume: "codex", launches: ["approval"] } } as const;
  expect((await loop([asks, good])).outcome).toBe("waiting-for-person");
});

test("a loop that is told to stop ends after its beat", async () => {
  const stop = new AbortController();
  stop.abort();
  const { outcome, beats, world } = await loop([good], stop);
  expect({ outcome, beats }).toEqual({ outcome: "interrupted", beats: 1 });
  expect(world.sessions.size).toBe(1);
});

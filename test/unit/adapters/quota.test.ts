import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { GitHubError } from "../../../src/adapters/github/errors.ts";
import { type Cost, createQuota } from "../../../src/adapters/github/quota.ts";

const MINUTE = 60_000;
const BEGIN = Date.parse("2026-01-01T00:00:00Z");

/** A quota on a clock that only waiting moves on. */
function open() {
  const clock = {
    nowMs: BEGIN,
    now: () => clock.nowMs,
    sleep: async (ms: number) => {
      clock.nowMs += ms;
    },
  };
  const quota = createQuota({ clock });
  /** Asks again whenever it may, and tells when it was let through. */
  const pass = async (cost: Cost): Promise<number> => {
    for (;;) {
      try {
        await quota.take(cost);
        return clock.nowMs;
      } catch (error) {
        if (!(error instanceof GitHubError) || error.retryAtMs === undefined) throw error;
        expect(error.retryAtMs).toBeGreaterThan(clock.nowMs);
        clock.nowMs = error.retryAtMs;
      }
    }
  };
  return { clock, quota, pass };
}

/** The most that fell into any span of this length. */
const mostWithin = (times: readonly number[], spanMs: number): number =>
  Math.max(
    0,
    ...times.map((from) => times.filter((at) => at >= from && at < from + spanMs).length),
  );

describe("requests to GitHub", () => {
  test("create at most 80 things in any minute and 500 in any hour, and no fewer than 400", async () => {
    const { pass } = open();
    const times: number[] = [];
    while (times.length < 1200) times.push(await pass("create"));
    expect(mostWithin(times, MINUTE)).toBeLessThanOrEqual(80);
    expect(mostWithin(times, 60 * MINUTE)).toBeLessThanOrEqual(500);
    expect(mostWithin(times, 60 * MINUTE)).toBeGreaterThanOrEqual(400);
  });

  test.prop([
    fc.array(fc.tuple(fc.constantFrom<Cost>("read", "write", "create"), fc.nat({ max: 30_000 })), {
      maxLength: 300,
    }),
  ])("never cost more than 900 points in a minute, in whatever order they come", async (asked) => {
    const { clock, pass } = open();
    const points: number[] = [];
    for (const [cost, pauseMs] of asked) {
      clock.nowMs += pauseMs > 25_000 ? pauseMs : 0;
      const at = await pass(cost);
      points.push(...Array<number>(cost === "read" ? 1 : 5).fill(at));
    }
    expect(mostWithin(points, MINUTE)).toBeLessThanOrEqual(900);
  });

  test("are held as long as GitHub says, and a few at the end of its count are left to the person", async () => {
    const { clock, quota, pass } = open();
    await quota.hold({ untilMs: BEGIN + 10 * MINUTE, why: "a secondary limit" });
    await quota.hold({ untilMs: BEGIN + MINUTE, why: "a shorter one" });
    await expect(quota.take("read")).rejects.toThrow("a secondary limit");
    expect(await quota.held()).toMatchObject({ why: "a secondary limit" });
    expect(await pass("read")).toBe(BEGIN + 10 * MINUTE);
    expect(await quota.held()).toBeNull();

    const reset = clock.nowMs / 1000 + 1800;
    await quota.learn({ limit: 5000, remaining: 100, reset });
    await quota.take("read");
    await quota.learn({ limit: 5000, remaining: 99, reset });
    await expect(quota.take("read")).rejects.toMatchObject({
      code: "github-limited",
      retryAtMs: reset * 1000,
      message: expect.stringContaining("99 of the 5000"),
    });
  });

  test("go on when the clock is set back, or a hold was written with a wrong one", async () => {
    const { clock, quota } = open();
    await quota.take("read");
    clock.nowMs -= 24 * 60 * MINUTE;
    await quota.take("read");
    await quota.hold({ untilMs: clock.nowMs + 30 * 60 * MINUTE, why: "next year's clock" });
    await quota.take("read");
    expect(clock.nowMs).toBe(BEGIN - 24 * 60 * MINUTE);
  });
});

import { expect, test } from "vitest";
import { spendNight } from "../../bench/soak/night.ts";

test("a short soak has something to survive and finds nothing wrong", {
  timeout: 300_000,
}, async () => {
  const told: string[] = [];
  const night = { seconds: 5, tasks: 3, seed: 1, tell: (line: string) => void told.push(line) };
  const { counts, findings } = await spendNight(night);
  expect(findings).toEqual([]);
  expect(counts).toMatchObject({ tasks: 3, "pull requests merged": 3 });
  expect(counts["agents begun"]).toBeGreaterThanOrEqual(3);
});

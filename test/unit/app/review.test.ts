import { expect, test } from "vitest";
import { reviewPlan } from "../../../src/app/review.ts";
import { reviewTable } from "../../../src/cli/review-table.ts";
import type { FinishedTask } from "../../../src/manifest/finished-task.ts";

const finished = (task: string, more: Partial<FinishedTask>): FinishedTask => ({
  project: "shop",
  task,
  issue: null,
  title: `The ${task}`,
  labels: [],
  estimate: null,
  foreseen: [],
  files: [],
  durationMs: null,
  finishedAt: "2026-01-17T09:30:00Z",
  ...more,
});
const minutes = (count: number) => count * 60_000;

test("files and times stand beside what was foreseen, and the sums below", () => {
  const review = reviewPlan([
    finished("t1", {
      issue: 7,
      foreseen: ["src/cart/", "docs/faq.md", "./src/user.ts"],
      files: ["src/cart/total.ts", "src/user.ts", "test/cart.test.ts"],
      durationMs: minutes(20),
    }),
    finished("t2", { files: ["a.ts"], durationMs: minutes(60), estimate: 2 }),
    finished("t3", { durationMs: minutes(10) }),
    finished("t4", {}),
  ]);
  expect(review).toMatchObject({ recall: 0.5, precision: 2 / 3, minutesPerTask: 20, timeRatio: 1 });
  expect(review.tasks[0]).toMatchObject({
    hit: ["src/cart", "src/user.ts"],
    missed: ["test/cart.test.ts"],
    idle: ["docs/faq.md"],
  });
  expect(reviewTable(review)).toBe(`t1 #7  The t1: estimated 20 min, took 20 min
    foreseen and changed: src/cart, src/user.ts
    changed, not foreseen: test/cart.test.ts
    foreseen, not changed: docs/faq.md
t2  The t2: estimated 40 min, took 60 min
    changed, not foreseen: a.ts
t3  The t3: estimated 20 min, took 10 min
t4  The t4: estimated 20 min, time unknown
4 delivered; 50 % of the changed files were foreseen; 67 % of the foreseen ones were changed; an ordinary task takes 20 min; the middle one took 1 times its estimate`);
});

test("without deliveries there is nothing to compare, and that is said", () => {
  const review = reviewPlan([]);
  expect(review).toEqual({
    tasks: [],
    recall: null,
    precision: null,
    timeRatio: null,
    minutesPerTask: null,
  });
  expect(reviewTable(review)).toMatch(/was delivered yet/);
});

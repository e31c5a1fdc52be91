import { expect, test } from "vitest";
import type { FinishedTask } from "../../../src/manifest/finished-task.ts";
import { estimateOf, median, minutesPerTask } from "../../../src/planner/estimate.ts";
import { issue } from "../../support/issue.ts";

const finished = (minutes: number | null, more: Partial<FinishedTask> = {}): FinishedTask => ({
  project: "shop",
  task: "t1",
  issue: 1,
  title: "A task",
  labels: [],
  estimate: null,
  foreseen: [],
  files: [],
  durationMs: minutes === null ? null : minutes * 60_000,
  finishedAt: "2026-01-17T09:30:00Z",
  ...more,
});

test.each([
  ["size/XS", 0.25],
  ["size: S", 0.5],
  ["t-shirt: medium", 1],
  ["effort: high", 2],
  ["Size/XL", 4],
  ["story points: 6", 2],
  ["estimate: 2h", 0.5],
  ["estimate/3 days", 6],
  ["effort 120 minutes", 0.5],
])("the label %s says %f", (label, value) => {
  expect(estimateOf(issue(1, "", { labels: ["bug", label] }), [])?.value).toBe(value);
});

test.each(["small", "performance", "size matters", "points of sale", "estimate", "effort: 0"])(
  "the label %s says nothing of the size",
  (label) => {
    expect(estimateOf(issue(1, "", { labels: [label] }), [])).toBeNull();
  },
);

test("an issue's own field goes before its labels, and those before what took long before", () => {
  const docs = [5, 5, 5, 20, 20, 20, 20].map((minutes) =>
    finished(minutes, { labels: minutes === 5 ? ["docs"] : [] }),
  );
  const of = (fields: Parameters<typeof issue>[2]) => estimateOf(issue(1, "", fields), docs)?.value;
  expect(of({ estimate: "2h", labels: ["size/L", "docs"] })).toBe(0.5);
  expect(of({ labels: ["size/L", "docs"] })).toBe(2);
  expect(of({ labels: ["docs"] })).toBe(0.25);
  expect(of({ labels: ["bug"] })).toBeUndefined();
});

test("the pace of a repository is told by three finished tasks, each by its size", () => {
  const three = [finished(20), finished(60, { estimate: 2 }), finished(10, { estimate: 0.25 })];
  expect(minutesPerTask(three)).toBe(30);
  expect(minutesPerTask([finished(20), finished(20), finished(null)])).toBeNull();
});

test.each([
  [[], 0],
  [[3], 3],
  [[4, 1], 2.5],
  [[9, 1, 2], 2],
])("the median of %j is %f", (values, middle) => {
  expect(median(values)).toBe(middle);
});

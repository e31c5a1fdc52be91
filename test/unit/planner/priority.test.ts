import { expect, test } from "vitest";
import { priorityOf } from "../../../src/planner/priority.ts";

test.each([
  [
    "critical",
    "critical blocker urgent P0 p0 priority:critical priority/critical Priority:-Critical",
  ],
  [
    "critical",
    "severity:critical sev0 prio:0 release-blocker priority::urgent P-critical P0-critical",
  ],
  [
    "high",
    "high high-priority priority:high priority/high P1 prio:1 priority-1 HighPriority important",
  ],
  ["high", "🔥high priority:1 sev1 S1 priority_high P-high severity:major"],
  ["medium", "medium P2 priority:medium priority/normal prio:2 medium-priority"],
  [
    "low",
    "low P3 p4 priority:low priority/low low-priority severity:minor prio:3 priority:trivial",
  ],
])("%s is read from each of %s", (priority, labels) => {
  for (const label of labels.split(" ")) {
    expect([label, priorityOf([label])]).toEqual([label, { priority, label }]);
  }
});

test.each([
  "bug",
  "priority",
  "blocked",
  "low hanging fruit",
  "good first issue",
  "semver: minor",
  "major",
  "P",
  "0",
  "python3",
  "not a blocker",
  "highlight",
  "",
  "🔥",
])("%j says nothing about priority", (label) => {
  expect(priorityOf([label])).toBeNull();
});

test("the most urgent label wins, and words win over numbers", () => {
  expect(priorityOf(["low", "bug", "P1"])).toEqual({ priority: "high", label: "P1" });
  expect(priorityOf(["P3 - medium"])).toEqual({ priority: "medium", label: "P3 - medium" });
});

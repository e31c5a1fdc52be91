import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import type { Issue, IssueQuery } from "../../../src/planner/issue.ts";
import { selectIssues } from "../../../src/planner/select-issues.ts";

const issue = (number: number, fields: Partial<Issue> = {}): Issue => ({
  number,
  title: `Issue ${number}`,
  body: "",
  labels: [],
  state: "open",
  milestone: null,
  milestoneDue: null,
  type: null,
  priority: null,
  estimate: null,
  authorAssociation: null,
  url: null,
  blockedBy: [],
  parent: null,
  origin: `issues.json:${number}`,
  ...fields,
});

const everything: IssueQuery = {
  labels: [],
  milestone: undefined,
  numbers: [],
  limit: undefined,
};

const numbers = (issues: readonly Issue[], query: Partial<IssueQuery>) =>
  selectIssues(issues, { ...everything, ...query }).map((each) => each.number);

test("all labels must be there, whatever their case", () => {
  const issues = [issue(1, { labels: ["Bug", "ui"] }), issue(2, { labels: ["bug"] })];
  expect(numbers(issues, { labels: ["bug"] })).toEqual([1, 2]);
  expect(numbers(issues, { labels: ["bug", "UI"] })).toEqual([1]);
});

test("numbers reach closed issues, and no other condition counts then", () => {
  const issues = [issue(1), issue(2, { state: "closed" })];
  expect(numbers(issues, { numbers: [2], labels: ["bug"], limit: 0 })).toEqual([2]);
});

test("a milestone that no issue has is an error with the nearest one", () => {
  const ask = () => numbers([issue(1, { milestone: "Spring" })], { milestone: "Sprang" });
  expect(ask).toThrow(expect.objectContaining({ hint: expect.stringContaining('"Spring"') }));
  expect(() => numbers([issue(1)], { milestone: "x" })).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("leave out --milestone") }),
  );
});

test.prop([fc.uniqueArray(fc.integer({ min: 1, max: 50 })), fc.integer({ min: 0, max: 60 })])(
  "the answer is the lowest open numbers, in order, whatever the order of the source",
  (given, limit) => {
    const lowest = given.toSorted((a, b) => a - b).slice(0, limit);
    expect(
      numbers(
        given.map((number) => issue(number)),
        { limit },
      ),
    ).toEqual(lowest);
  },
);

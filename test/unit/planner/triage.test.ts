import { describe, expect, test } from "vitest";
import type { Issue } from "../../../src/planner/issue.ts";
import { issuesClosedBy, type OpenPullRequest } from "../../../src/planner/open-pull-request.ts";
import { type TriageFacts, triage } from "../../../src/planner/triage.ts";
import { issue } from "../../support/issue.ts";

const TEXT = "Totals of carts with more than one discount lose a cent.";

const fatesOf = (issues: readonly Issue[], facts: Partial<TriageFacts> = {}) => {
  const found = triage(issues, {
    repo: "acme/shop",
    pullRequests: [],
    asked: new Set(),
    allowVague: false,
    isOpen: () => false,
    ...facts,
  });
  return Object.fromEntries([...found].map(([number, { kind }]) => [number, kind]));
};
const fateOf = (given: Issue, facts: Partial<TriageFacts> = {}) =>
  fatesOf([given], facts)[given.number];

const pull = (fields: Partial<OpenPullRequest>): OpenPullRequest => ({
  number: 40,
  title: "Round once",
  body: "",
  headBranch: "round",
  url: "https://github.com/acme/shop/pull/40",
  ...fields,
});

describe("duplicates", () => {
  test.each([
    "Duplicate of #1",
    "This is a duplicate of #1.",
    "dup of acme/shop#1",
    "Seen today. Duplicate of https://github.com/acme/shop/issues/1",
    "Closing as duplicate of #1",
    "- Duplicates: #1",
  ])("“%s” is skipped", (said) => {
    expect(fatesOf([issue(1, TEXT), issue(2, `${TEXT}\n\n${said}`)])).toEqual({
      1: "task",
      2: "skipped",
    });
  });

  test.each([
    "This is not a duplicate of #1.",
    "Possible duplicate of #1",
    "Duplicate of #1?",
    "> Duplicate of #1",
    "`Duplicate of #1`",
    "Duplicate keys in #1 crash the reader.",
    "Duplicate of other/lib#1",
    "Duplicate of #2",
  ])("“%s” is a task", (said) => {
    expect(fateOf(issue(2, `${TEXT}\n\n${said}`), { isOpen: () => true })).toBe("task");
  });

  test("of one that is closed a person decides", () => {
    expect(fateOf(issue(2, "Duplicate of #1"))).toBe("draft");
    expect(fateOf(issue(2, "Duplicate of #1"), { isOpen: () => true })).toBe("skipped");
  });

  test("of each other leave the first", () => {
    const round = [issue(1, "Duplicate of #3"), issue(2, "Dup of #1"), issue(3, "Dup of #2")];
    expect(fatesOf(round)).toEqual({ 1: "task", 2: "skipped", 3: "skipped" });
  });

  test("by label are skipped", () => {
    expect(fateOf(issue(1, TEXT, { labels: ["Status: Duplicate"] }))).toBe("skipped");
  });
});

describe("questions and discussions", () => {
  test.each<Partial<Issue>>([
    { type: "Question" },
    { labels: ["question"] },
    { labels: ["ui", "Type: Discussion"] },
    { title: "[Question] Totals of carts" },
    { title: "Q&A: totals of carts" },
  ])("%j is skipped", (fields) => {
    expect(fateOf(issue(1, TEXT, fields))).toBe("skipped");
  });

  test.each<Partial<Issue>>([
    { labels: ["question", "bug"] },
    { labels: ["kind/question", "kind/documentation"] },
    { title: "Totals are wrong when two discounts apply?" },
    { title: "How discounts add up: describe it" },
    { title: "Is the total wrong?", labels: ["bug"] },
    { labels: ["supported platforms"] },
  ])("%j is a task", (fields) => {
    expect(fateOf(issue(1, TEXT, fields))).toBe("task");
  });

  test("what only reads like one is a draft, unless it lists work", () => {
    const title = "How do I change the rounding?";
    expect(fateOf(issue(1, TEXT, { title }))).toBe("draft");
    expect(fateOf(issue(1, "- [ ] Write a guide", { title }))).toBe("task");
  });
});

describe("issues that say too little", () => {
  test.each([
    ["Improve performance", ""],
    ["Fix the bug", "## Steps to reproduce\n\n## Expected\n\n<!-- what did you expect? -->"],
    ["It does not work", "- [ ] I have searched"],
  ])("“%s” is a draft, or a task when that is allowed", (title, body) => {
    expect(fateOf(issue(1, body, { title }))).toBe("draft");
    expect(fateOf(issue(1, body, { title }), { allowVague: true })).toBe("task");
  });

  test.each([
    ["Totals lose a cent with two discounts", ""],
    ["Fix `total`", ""],
    ["Crash in src/cart", ""],
    ["Support HTTP/3", ""],
    ["Add dark mode", ""],
    ["Dark mode", "The settings page gets a switch for dark colours."],
    ["合計が丸められる問題 を 直す", "二つの 割引 で 一円 足りない"],
  ])("“%s” is a task", (title, body) => {
    expect(fateOf(issue(1, body, { title }))).toBe("task");
  });
});

describe("issues in work", () => {
  test("with an open pull request are skipped, and it is named", () => {
    const pullRequests = [pull({ body: "Closes #1" })];
    const found = triage([issue(1, TEXT), issue(2, TEXT)], {
      repo: "acme/shop",
      pullRequests,
      asked: new Set(),
      allowVague: false,
      isOpen: () => false,
    });
    expect(found.get(1)).toMatchObject({
      kind: "skipped",
      why: "has the open pull request #40 “Round once” (https://github.com/acme/shop/pull/40)",
    });
    expect(found.get(2)).toEqual({ kind: "task" });
  });

  test.each([
    [{ title: "Fix #3: round once" }, [3]],
    [
      {
        body: "This fixes #3, resolves: acme/shop#4 and closes https://github.com/acme/shop/issues/5",
      },
      [3, 4, 5],
    ],
    [{ headBranch: "fix/issue-12" }, [12]],
    [{ headBranch: "12-round-once" }, []],
    [{ headBranch: "release/issue-2.1" }, []],
    [{ body: "See #3. Does not fix #4. Fixes other/lib#5. `fixes #6`" }, []],
    [{ body: "> fixes #3" }, []],
  ])("a pull request with %j closes %j", (fields, issues) => {
    expect(issuesClosedBy(pull(fields), "acme/shop")).toEqual(issues);
  });
});

test("what a person asked for by number is a task, whatever it looks like", () => {
  const asked = new Set([1]);
  const fields = { title: "Why?", labels: ["question", "duplicate"] };
  expect(fateOf(issue(1, "", fields), { asked, pullRequests: [pull({ body: "closes #1" })] })).toBe(
    "task",
  );
});

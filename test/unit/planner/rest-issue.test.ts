import { expect, test } from "vitest";
import {
  isPullRequest,
  issueFromRest,
  parentOf,
  RestIssue,
} from "../../../src/planner/rest-issue.ts";

const HERE = "https://api.github.example/repos/octo/sample";
const rest = (fields: object = {}): RestIssue =>
  RestIssue.parse({ number: 5, title: "Mend the door", ...fields });
const relations = { blockedBy: [], parent: null, origin: "issues.json:1" };

test("number and title are enough", () => {
  expect(issueFromRest(rest(), relations)).toEqual({
    number: 5,
    title: "Mend the door",
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
    ...relations,
  });
});

test("labels come as objects or as names; those without a name are left out", () => {
  const labels = [{ name: "bug", color: "ff0000" }, "ui", { name: null }, {}];
  expect(issueFromRest(rest({ labels }), relations).labels).toEqual(["bug", "ui"]);
});

test("a pull request is told from an issue", () => {
  expect(isPullRequest(rest({ pull_request: { url: "x" } }))).toBe(true);
  expect(isPullRequest(rest({ pull_request: null }))).toBe(false);
  expect(isPullRequest(rest())).toBe(false);
});

test.each([
  [`${HERE}/issues/3`, HERE, 3],
  [`${HERE}/issues/3`, undefined, 3],
  ["https://api.github.example/repos/octo/other/issues/3", HERE, null],
  [null, HERE, null],
  [`${HERE}/pulls/3`, HERE, null],
])("the parent %s of an issue in %s is %s", (parentIssueUrl, repositoryUrl, parent) => {
  expect(parentOf(rest({ parent_issue_url: parentIssueUrl, repository_url: repositoryUrl }))).toBe(
    parent,
  );
});

test.each([{ number: 0 }, { number: 1.5 }, { title: "" }, { state: "done" }, { labels: [7] }])(
  "%j is refused",
  (fields) => {
    expect(RestIssue.safeParse({ number: 5, title: "x", ...fields }).success).toBe(false);
  },
);

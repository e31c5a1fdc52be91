import type { Issue } from "../../src/planner/issue.ts";

/** An open issue of `acme/shop` with the given body and whatever else matters to the test. */
export function issue(number: number, body = "", fields: Partial<Issue> = {}): Issue {
  return {
    number,
    title: `Issue ${number}`,
    body,
    labels: [],
    state: "open",
    milestone: null,
    milestoneDue: null,
    type: null,
    priority: null,
    estimate: null,
    authorAssociation: "OWNER",
    url: `https://github.com/acme/shop/issues/${number}`,
    blockedBy: [],
    parent: null,
    origin: `issues.json:${number}`,
    ...fields,
  };
}

import { closest } from "fastest-levenshtein";
import { CoppiceError } from "../manifest/errors.ts";
import type { Issue, IssueQuery } from "./issue.ts";

/**
 * The issues that a query asks for, by ascending number. Without numbers: the open ones with all the labels and the
 * milestone. With numbers: exactly those, in any state, and the other conditions do not count.
 * Throws CoppiceError `issue-missing` or `milestone-missing` (kind input) that says what there is.
 */
export function selectIssues(issues: readonly Issue[], query: IssueQuery): readonly Issue[] {
  const ordered = issues.toSorted((a, b) => a.number - b.number);
  if (query.numbers.length > 0) {
    for (const number of query.numbers) requireIssue(ordered, number);
    return ordered.filter((issue) => query.numbers.includes(issue.number));
  }
  const milestone = query.milestone;
  if (milestone !== undefined) requireMilestone(ordered, milestone);
  return ordered
    .filter((issue) => issue.state === "open")
    .filter((issue) => query.labels.every((label) => hasLabel(issue, label)))
    .filter((issue) => milestone === undefined || same(issue.milestone ?? "", milestone))
    .slice(0, query.limit);
}

function requireIssue(issues: readonly Issue[], number: number): void {
  if (issues.some((issue) => issue.number === number)) return;
  throw issueMissing(number, `${issues.length} issues were read`);
}

/** Also for a forge that fetches issues one by one. */
export const issueMissing = (number: number, why: string): CoppiceError =>
  new CoppiceError({
    code: "issue-missing",
    kind: "input",
    message: `there is no issue #${number}: ${why}`,
    hint: "Correct the number given with --issue, or leave it out.",
  });

function requireMilestone(issues: readonly Issue[], asked: string): void {
  const titles = [...new Set(issues.flatMap((issue) => issue.milestone ?? []))];
  if (!titles.some((title) => same(title, asked))) throw milestoneMissing(asked, titles);
}

/** Also for a forge that knows its milestones from a list of their own. */
export const milestoneMissing = (asked: string, titles: readonly string[]): CoppiceError =>
  new CoppiceError({
    code: "milestone-missing",
    kind: "input",
    message: `there is no milestone ${JSON.stringify(asked)}`,
    hint:
      titles.length === 0
        ? "No milestone exists: leave out --milestone."
        : `Did you mean ${JSON.stringify(closest(asked, titles))}? There are: ${titles.join(", ")}.`,
  });

const hasLabel = (issue: Issue, label: string): boolean =>
  issue.labels.some((name) => same(name, label));

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

import { z } from "zod";
import type { Issue } from "./issue.ts";

/** GitHub writes a label as an object, or by its name alone. */
const Label = z.preprocess(
  (label) => (typeof label === "string" ? { name: label } : label),
  z.object({ name: z.string().nullish() }),
);

/** The fields that we read of an issue in GitHub's REST shape; others are dropped. */
export const RestIssue = z.object({
  number: z.int().positive(),
  title: z.string().min(1),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).default("open"),
  labels: z.array(Label).default([]),
  milestone: z.object({ number: z.int().optional(), title: z.string() }).nullish(),
  author_association: z.string().nullish(),
  html_url: z.string().nullish(),
  /** The API address of the issue's repository. */
  repository_url: z.string().nullish(),
  parent_issue_url: z.string().nullish(),
  sub_issues_summary: z.object({ total: z.int() }).nullish(),
  /** `blocked_by` counts the open ones only. */
  issue_dependencies_summary: z.object({ blocked_by: z.int() }).nullish(),
  /** Present on pull requests only. */
  pull_request: z.unknown().optional(),
});
export type RestIssue = z.infer<typeof RestIssue>;

/** What an issue in REST shape does not tell of itself. */
export interface IssueRelations {
  readonly blockedBy: readonly number[];
  readonly parent: number | null;
  readonly origin: string;
}

/** The issue as the planner sees it. */
export function issueFromRest(rest: RestIssue, relations: IssueRelations): Issue {
  return {
    number: rest.number,
    title: rest.title,
    body: rest.body ?? "",
    labels: rest.labels.map((label) => label.name ?? "").filter((name) => name !== ""),
    state: rest.state,
    milestone: rest.milestone?.title ?? null,
    authorAssociation: rest.author_association ?? null,
    url: rest.html_url ?? null,
    ...relations,
  };
}

export const isPullRequest = (rest: RestIssue): boolean =>
  rest.pull_request !== undefined && rest.pull_request !== null;

/** The number of the issue's parent, or null when it has none or has it in another repository. */
export function parentOf(rest: RestIssue): number | null {
  const [, repository, number] = /^(.*)\/issues\/(\d+)$/.exec(rest.parent_issue_url ?? "") ?? [];
  const isHere = repository === (rest.repository_url ?? repository);
  return number !== undefined && isHere ? Number(number) : null;
}

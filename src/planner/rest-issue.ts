import { z } from "zod";
import type { Issue } from "./issue.ts";

/** GitHub writes a label as an object, or by its name alone. */
const Label = z.preprocess(
  (label) => (typeof label === "string" ? { name: label } : label),
  z.object({ name: z.string().nullish() }),
);

const FieldValue = z.object({
  issue_field_name: z.string().nullish(),
  value: z.union([z.string(), z.number()]).nullish(),
  single_select_option: z.object({ name: z.string() }).nullish(),
});

/** The fields that we read of an issue in GitHub's REST shape; others are dropped. */
export const RestIssue = z.object({
  number: z.int().positive(),
  title: z.string().min(1),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).default("open"),
  labels: z.array(Label).default([]),
  milestone: z
    .object({ number: z.int().optional(), title: z.string(), due_on: z.string().nullish() })
    .nullish(),
  type: z.object({ name: z.string() }).nullish(),
  /** What organisations add to their issues, e.g. Priority or Effort. */
  issue_field_values: z.array(FieldValue).nullish(),
  author_association: z.string().nullish(),
  html_url: z.string().nullish(),
  /** The API address of the issue's repository. */
  repository_url: z.string().nullish(),
  parent_issue_url: z.string().nullish(),
  sub_issues_summary: z.object({ total: z.int() }).nullish(),
  /** `blocked_by` counts the open ones only. */
  issue_dependencies_summary: z.object({ blocked_by: z.int() }).nullish(),
  /** Numbers of the issues that block it: GitHub tells them by an address of their own, a file may say them here. */
  blocked_by: z.array(z.int().positive()).nullish(),
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
    milestoneDue: rest.milestone?.due_on ?? null,
    type: rest.type?.name ?? null,
    priority: fieldOf(rest, /^(?:priority|severity|urgency)$/i),
    estimate: fieldOf(rest, /^(?:estimate|effort|size|(?:story )?points?)$/i),
    authorAssociation: rest.author_association ?? null,
    url: rest.html_url ?? null,
    ...relations,
  };
}

function fieldOf({ issue_field_values: fields }: RestIssue, name: RegExp): string | null {
  const field = fields?.find((one) => name.test(one.issue_field_name ?? ""));
  const value = field?.single_select_option?.name ?? field?.value ?? null;
  return value === null ? null : String(value);
}

export const isPullRequest = (rest: RestIssue): boolean =>
  rest.pull_request !== undefined && rest.pull_request !== null;

/** The number of the issue's parent, or null when it has none or has it in another repository. */
export function parentOf(rest: RestIssue): number | null {
  const [, repository, number] = /^(.*)\/issues\/(\d+)$/.exec(rest.parent_issue_url ?? "") ?? [];
  const isHere = repository === (rest.repository_url ?? repository);
  return number !== undefined && isHere ? Number(number) : null;
}

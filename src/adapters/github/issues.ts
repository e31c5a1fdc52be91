import { z } from "zod";
import type { Issue, IssueQuery } from "../../planner/issue.ts";
import { isPullRequest, issueFromRest, parentOf, RestIssue } from "../../planner/rest-issue.ts";
import { issueMissing, milestoneMissing } from "../../planner/select-issues.ts";
import type { GitHubClient } from "./client.ts";
import { GitHubError } from "./errors.ts";
import type { GitHubRepository } from "./repository.ts";

/** Says something that a person should know and that stops nothing. */
export type Note = (text: string) => void;

/** The issues that a query asks for, with their relations. Throws GitHubError, or CoppiceError of kind input. */
export async function listIssues(
  client: GitHubClient,
  repository: GitHubRepository,
  query: IssueQuery,
  note: Note,
): Promise<readonly Issue[]> {
  const found =
    query.numbers.length > 0
      ? await fetchIssues(client, repository, query.numbers)
      : await searchIssues(client, repository, query);
  const issues = found.toSorted((a, b) => a.number - b.number);
  const [blockers, parents] = await Promise.all([
    blockersOf(client, repository, issues, note),
    parentsOf(client, repository, issues, note),
  ]);
  return issues.map((issue) =>
    issueFromRest(issue, {
      blockedBy: blockers.get(issue.number) ?? [],
      parent: parents.get(issue.number) ?? null,
      origin: issue.html_url ?? `${repository.fullName}#${issue.number}`,
    }),
  );
}

/** States of single issues or pull requests; numbers that GitHub does not know, or moved away, are absent. */
export async function issueStates(
  client: GitHubClient,
  repository: GitHubRepository,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, "open" | "closed">> {
  const found = await Promise.all(
    [...new Set(numbers)].map((number) => fetchIssue(client, repository, number)),
  );
  return new Map(
    found.flatMap((each) =>
      each.kind === "found" ? [[each.issue.number, each.issue.state] as const] : [],
    ),
  );
}

async function searchIssues(
  client: GitHubClient,
  repository: GitHubRepository,
  query: IssueQuery,
): Promise<RestIssue[]> {
  const pages = client.list(
    "GET /repos/{owner}/{repo}/issues",
    {
      owner: repository.owner,
      repo: repository.repo,
      state: "open",
      sort: "created",
      direction: "asc",
      ...(query.labels.length > 0 ? { labels: query.labels.join(",") } : {}),
      ...(query.milestone === undefined
        ? {}
        : { milestone: await milestoneNumber(client, repository, query.milestone) }),
    },
    RestIssue,
  );
  const found: RestIssue[] = [];
  for await (const issue of pages) {
    if (found.length === query.limit) break;
    if (!isPullRequest(issue)) found.push(issue);
  }
  return found;
}

const Milestone = z.object({ number: z.int(), title: z.string() });

/** A milestone by its title, else by its number. */
async function milestoneNumber(
  client: GitHubClient,
  { owner, repo }: GitHubRepository,
  asked: string,
): Promise<number> {
  const route = "GET /repos/{owner}/{repo}/milestones";
  const all = await collect(client.list(route, { owner, repo, state: "all" }, Milestone));
  const found =
    all.find((each) => each.title.toLowerCase() === asked.toLowerCase()) ??
    all.find((each) => String(each.number) === asked);
  if (found !== undefined) return found.number;
  throw milestoneMissing(
    asked,
    all.map((each) => each.title),
  );
}

async function fetchIssues(
  client: GitHubClient,
  repository: GitHubRepository,
  numbers: readonly number[],
): Promise<RestIssue[]> {
  const found = await Promise.all(
    [...new Set(numbers)].map(async (number) => ({
      number,
      answer: await fetchIssue(client, repository, number),
    })),
  );
  return found.map(({ number, answer }) => {
    if (answer.kind === "missing") throw issueMissing(number, answer.why);
    if (isPullRequest(answer.issue)) throw issueMissing(number, "it is a pull request");
    return answer.issue;
  });
}

type Fetched =
  | { readonly kind: "found"; readonly issue: RestIssue }
  | { readonly kind: "missing"; readonly why: string };

async function fetchIssue(
  client: GitHubClient,
  repository: GitHubRepository,
  number: number,
): Promise<Fetched> {
  const { owner, repo, fullName } = repository;
  const route = "GET /repos/{owner}/{repo}/issues/{issue_number}";
  try {
    const parameters = { owner, repo, issue_number: number };
    const { data } = await client.get(route, parameters, RestIssue);
    return isIn(data, fullName) && data.number === number
      ? { kind: "found", issue: data }
      : { kind: "missing", why: `it was moved to ${data.html_url ?? "another repository"}` };
  } catch (error) {
    if (isAbsent(error)) return { kind: "missing", why: `${fullName} does not have it` };
    throw error;
  }
}

/** Blockers by issue; asks only for those issues that say they have some. */
async function blockersOf(
  client: GitHubClient,
  repository: GitHubRepository,
  issues: readonly RestIssue[],
  note: Note,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const blocked = issues.filter((issue) => (issue.issue_dependencies_summary?.blocked_by ?? 0) > 0);
  const lists = await Promise.all(
    blocked.map(async (issue) => {
      const all = await related(client, repository, issue.number, "dependencies/blocked_by");
      for (const foreign of all?.filter((each) => !isIn(each, repository.fullName)) ?? []) {
        note(`#${issue.number} is blocked by ${foreign.html_url}, which this plan does not hold`);
      }
      return [issue.number, all] as const;
    }),
  );
  if (lists.some(([, all]) => all === null)) note(LACKS_RELATIONS);
  return new Map(lists.map(([number, all]) => [number, numbersIn(repository, all)]));
}

/** Parents by issue: an issue names its own; where none does, the parent's list of children is asked. */
async function parentsOf(
  client: GitHubClient,
  repository: GitHubRepository,
  issues: readonly RestIssue[],
  note: Note,
): Promise<ReadonlyMap<number, number>> {
  const parents = new Map<number, number>();
  for (const issue of issues) {
    const parent = parentOf(issue);
    if (parent !== null) parents.set(issue.number, parent);
  }
  const named = new Set(parents.values());
  const silent = issues.filter(
    (issue) => (issue.sub_issues_summary?.total ?? 0) > 0 && !named.has(issue.number),
  );
  const lists = await Promise.all(
    silent.map(async (issue) => {
      const children = await related(client, repository, issue.number, "sub_issues");
      return { parent: issue.number, children };
    }),
  );
  for (const { parent, children } of lists) {
    for (const child of numbersIn(repository, children)) parents.set(child, parent);
  }
  if (lists.some(({ children }) => children === null)) note(LACKS_RELATIONS);
  return parents;
}

const LACKS_RELATIONS =
  "this GitHub server does not tell of blocked-by and sub-issue relations: only the issues' text is read";

/** Related issues, or null where the server does not know this relation. */
async function related(
  client: GitHubClient,
  { owner, repo }: GitHubRepository,
  number: number,
  relation: "dependencies/blocked_by" | "sub_issues",
): Promise<readonly RestIssue[] | null> {
  const route = `GET /repos/{owner}/{repo}/issues/{issue_number}/${relation}`;
  try {
    return await collect(client.list(route, { owner, repo, issue_number: number }, RestIssue));
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

const numbersIn = (
  repository: GitHubRepository,
  issues: readonly RestIssue[] | null,
): readonly number[] =>
  (issues ?? []).filter((issue) => isIn(issue, repository.fullName)).map((issue) => issue.number);

/** An answer that does not name its repository is about the one that was asked. */
const isIn = (issue: RestIssue, fullName: string): boolean =>
  issue.repository_url === undefined ||
  issue.repository_url === null ||
  issue.repository_url.toLowerCase().endsWith(`/repos/${fullName.toLowerCase()}`);

const isAbsent = (error: unknown): boolean =>
  error instanceof GitHubError && (error.reason === "not-found" || error.reason === "gone");

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

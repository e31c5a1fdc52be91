import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { z } from "zod";
import {
  annotationShape,
  checkRunShape,
  combinedStatusShape,
  workflowRunShape,
} from "./github-checks.ts";
import { logAddress, startLogStorage } from "./github-logs.ts";
import { GitHubRepositoryState, type RepositoryOptions } from "./github-repository.ts";
import {
  accountShape,
  changedAt,
  foreignIssueShape,
  type IssueRecord,
  issueShape,
  labelShape,
  milestoneShape,
  pullShape,
  repositoryShape,
  type Schemas,
  wholePullShape,
} from "./github-shapes.ts";
import { type CheckExchange, type Description, gitHubDescription } from "./openapi.ts";

export interface GitHubServerOptions {
  readonly repositories: readonly RepositoryOptions[];
  /** The only token that is accepted. */
  readonly token?: string;
  readonly login?: string;
  /** Null: a fine-grained token, which does not tell its scopes. */
  readonly scopes?: readonly string[] | null;
  /** Requests until the limit is reached. */
  readonly rateLimit?: number;
}

/** How the next matching requests go wrong. */
export interface Fault {
  /** Matched against `METHOD /path?query`. */
  readonly on: RegExp;
  /** How many requests it hits; default 1. */
  readonly times?: number;
  /** The request takes effect all the same. */
  readonly afterEffect?: boolean;
  readonly answer: FaultAnswer;
}

export type FaultAnswer =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly errors?: readonly { readonly code: string; readonly message?: string }[];
    }
  /** No answer until the server closes. */
  | { readonly kind: "hang" }
  /** Half of the JSON, well-formed as HTTP. */
  | { readonly kind: "truncated" }
  /** The connection breaks within the answer. */
  | { readonly kind: "dropped" };

/** The refusals that GitHub really sends, by name. */
export const FAULTS = {
  unauthorized: { kind: "status", status: 401, message: "Bad credentials" },
  forbidden: {
    kind: "status",
    status: 403,
    message: "Resource not accessible by personal access token",
    headers: { "x-accepted-github-permissions": "pull_requests=write" },
  },
  notFound: { kind: "status", status: 404, message: "Not Found" },
  gone: { kind: "status", status: 410, message: "Issues has been disabled in this repository." },
  badGateway: { kind: "status", status: 502, message: "Server Error" },
  notModified: { kind: "status", status: 304, message: "" },
} as const satisfies Record<string, FaultAnswer>;

export const secondaryLimit = (retryAfterSeconds: number): FaultAnswer => ({
  kind: "status",
  status: 403,
  message: "You have exceeded a secondary rate limit. Please wait a few minutes.",
  headers: { "retry-after": String(retryAfterSeconds) },
});

/** One request as it came in, with the status that it got; 0: none. */
export interface ServedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: unknown;
  readonly status: number;
}

export interface GitHubServer {
  readonly url: string;
  /** The token that is accepted. */
  readonly token: string;
  /** `checked`: exchanges are held against GitHub's own description. */
  readonly description: "checked" | "unchecked";
  repository(name: string): GitHubRepositoryState;
  /** Faults that wait for their request; the first that matches is used. */
  fail(fault: Fault): void;
  readonly requests: readonly ServedRequest[];
  /** Hands out, and forgets, every departure from GitHub's description. */
  takeProblems(): readonly string[];
  /** Ends all connections; throws when a departure from GitHub's description was not taken. */
  close(): Promise<void>;
}

/** A stateful GitHub on 127.0.0.1, as far as Coppice speaks to it. */
export async function startGitHubServer(options: GitHubServerOptions): Promise<GitHubServer> {
  const token = options.token ?? "coppice-test-token";
  description ??= gitHubDescription(OPERATIONS);
  const gitHub = await description;
  const problems: string[] = [];
  const check: CheckExchange = gitHub.kind === "ready" ? gitHub.check : () => [];
  if (gitHub.kind === "unavailable") {
    process.stderr.write(
      `GitHub test server: ANSWERS ARE NOT CHECKED against GitHub's description: ${gitHub.reason}\n`,
    );
  }
  const requests: ServedRequest[] = [];
  const faults: { fault: Fault; left: number }[] = [];
  let remaining = options.rateLimit ?? 5000;

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      problems.push(`the test server failed: ${error instanceof Error ? error.stack : error}`);
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const repositories = options.repositories.map((each) => new GitHubRepositoryState(url, each));
  const storage = await startLogStorage(
    (name, id) =>
      repositories.find((each) => each.fullName === name)?.checks.runs.get(id)?.log ?? null,
  );

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "GET";
    const path = request.url ?? "/";
    const location = new URL(path, url);
    const raw = await text(request);
    const body: unknown = raw === "" ? undefined : JSON.parse(raw);
    const waiting = faults.find((each) => each.left > 0 && each.fault.on.test(`${method} ${path}`));
    if (waiting !== undefined) waiting.left -= 1;
    const fault = waiting?.fault;
    const question = { method, location, body, headers: request.headers };
    const proper =
      fault === undefined || fault.afterEffect === true ? await answer(question) : undefined;
    const faulty = fault?.answer.kind === "status" ? faultReply(fault.answer) : undefined;
    const reply = unlessUnchanged(
      faulty ?? proper ?? { status: 200, body: [] },
      request.headers["if-none-match"],
    );
    const isLost = fault !== undefined && fault.answer.kind !== "status";
    requests.push({ method, path, body, status: isLost ? 0 : reply.status });
    problems.push(
      ...check({
        method,
        path: location.pathname,
        query: location.searchParams,
        requestBody: body,
        status: reply.status,
        responseBody: reply.body,
      }).filter((problem) => !isExpected(problem, fault)),
    );
    send(response, reply, fault?.answer.kind ?? "status");
  }

  /** The limit and the token come before everything else. */
  async function answer(question: Question): Promise<Reply> {
    const { authorization } = question.headers;
    const given = authorization?.replace(/^(token|bearer) /i, "");
    if (given !== undefined && given !== token) {
      return refusal(401, "Bad credentials");
    }
    if (remaining === 0) return { ...refusal(403, "API rate limit exceeded"), headers: limits() };
    remaining -= 1;
    const reply = await route({
      ...question,
      login: authorization === undefined ? null : (options.login ?? "octocat"),
      scopes: options.scopes === undefined ? ["repo"] : options.scopes,
      url,
      storageUrl: storage.url,
      repositories,
    });
    return { ...reply, headers: { ...reply.headers, ...limits() } };
  }

  const limits = () => ({
    "x-ratelimit-limit": String(options.rateLimit ?? 5000),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + 600),
  });

  return {
    url,
    token,
    description: gitHub.kind === "ready" ? "checked" : "unchecked",
    repository(name) {
      const found = repositories.find((each) => each.fullName === name);
      if (found === undefined) throw new Error(`the server has no repository ${name}`);
      return found;
    },
    fail: (fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    requests,
    takeProblems: () => problems.splice(0),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await storage.close();
      if (problems.length > 0) {
        throw new Error(`departures from GitHub's description:\n${problems.join("\n")}`);
      }
    },
  };
}

/** A fault's answer need not be a proper one; and GitHub describes no null where a fork is gone, but sends it. */
const isExpected = (problem: string, fault: Fault | undefined): boolean =>
  (fault !== undefined && problem.includes(": answer ")) ||
  /\/head\/repo: must be object$/.test(problem);

interface Question {
  readonly method: string;
  readonly location: URL;
  readonly body: unknown;
  readonly headers: IncomingMessage["headers"];
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Call extends Question {
  /** Null: nobody is logged in. */
  readonly login: string | null;
  readonly scopes: readonly string[] | null;
  readonly url: string;
  /** Where logs lie: a server of its own, which takes no token. */
  readonly storageUrl: string;
  readonly repositories: readonly GitHubRepositoryState[];
}

interface RepositoryCall extends Call {
  readonly repository: GitHubRepositoryState;
  readonly login: string;
  /** The number in the path; 0 where there is none. */
  readonly number: number;
  /** The same part of the path as it stands there, e.g. a commit. */
  readonly target: string;
}

type Handler = (call: RepositoryCall) => Reply | Promise<Reply>;

const REPO = "/repos/{owner}/{repo}";

/** Read once per process: it is 13 MB. */
let description: Promise<Description> | undefined;

const HANDLERS: Readonly<Record<string, Handler>> = {
  [`GET ${REPO}`]: ({ repository }) => ok(repositoryShape(repository)),
  [`GET ${REPO}/issues`]: listIssues,
  [`GET ${REPO}/issues/{issue_number}`]: (call) =>
    withIssue(call, (issue) => ok(issueShape(call.repository, issue))),
  [`GET ${REPO}/issues/{issue_number}/dependencies/blocked_by`]: (call) =>
    withRelations(call, (issue) => page(call, issue.blockedBy, (each) => blocker(call, each))),
  [`GET ${REPO}/issues/{issue_number}/sub_issues`]: (call) =>
    withRelations(call, (issue) =>
      page(
        call,
        [...call.repository.issues.values()].filter((each) => each.parent === issue.number),
        (each) => issueShape(call.repository, each),
      ),
    ),
  [`POST ${REPO}/issues/{issue_number}/labels`]: addLabels,
  [`GET ${REPO}/milestones`]: (call) =>
    page(
      call,
      [...call.repository.milestones.values()].filter((each) => stateMatches(call, each.state)),
      (each) => milestoneShape(call.repository, each),
    ),
  [`GET ${REPO}/pulls`]: listPulls,
  [`POST ${REPO}/pulls`]: createPull,
  [`GET ${REPO}/pulls/{pull_number}`]: getPull,
  [`POST ${REPO}/pulls/{pull_number}/requested_reviewers`]: requestReviewers,
  [`GET ${REPO}/commits/{ref}/check-runs`]: listCheckRuns,
  [`GET ${REPO}/commits/{ref}/status`]: combinedStatus,
  [`GET ${REPO}/check-runs/{check_run_id}/annotations`]: (call) =>
    page(call, call.repository.checks.runs.get(call.number)?.annotations ?? [], (each) =>
      annotationShape(call.repository, each),
    ),
  [`GET ${REPO}/actions/runs`]: listWorkflowRuns,
  [`GET ${REPO}/actions/jobs/{job_id}/logs`]: redirectToLog,
};

const OPERATIONS = ["GET /user", ...Object.keys(HANDLERS)];

const PATTERNS = Object.entries(HANDLERS).map(([operation, handler]) => {
  const [method, template = ""] = operation.split(" ");
  return { method, handler, pattern: new RegExp(`^${template.replace(/\{\w+\}/g, "([^/]+)")}$`) };
});

async function route(call: Call): Promise<Reply> {
  const { pathname } = call.location;
  if (call.method === "GET" && pathname === "/user") return user(call);
  for (const { method, handler, pattern } of PATTERNS) {
    const [, owner, name, target = "0"] = pattern.exec(pathname) ?? [];
    if (method !== call.method || owner === undefined) continue;
    const asked = `${owner}/${name}`.toLowerCase();
    const repository = call.repositories.find((each) => each.fullName.toLowerCase() === asked);
    if (repository === undefined) return NOT_FOUND;
    if (call.method !== "GET" && call.login === null)
      return refusal(401, "Requires authentication");
    const login = call.login ?? "";
    const inside = { ...call, login, repository, target, number: Number(target) };
    try {
      return await handler(inside);
    } catch (error) {
      if (error instanceof z.ZodError) return refusal(422, `Invalid request.\n\n${error.message}`);
      throw error;
    }
  }
  return NOT_FOUND;
}

function user({ url, login, scopes }: Call): Reply {
  if (login === null) return refusal(401, "Requires authentication");
  const reply = ok(accountShape(url, login));
  return scopes === null ? reply : { ...reply, headers: { "x-oauth-scopes": scopes.join(", ") } };
}

function listIssues(call: RepositoryCall): Reply {
  const { repository, location } = call;
  if (!repository.hasIssues) return refusal(410, "Issues has been disabled in this repository.");
  const labels = (location.searchParams.get("labels") ?? "")
    .split(",")
    .filter((each) => each !== "");
  const milestone = location.searchParams.get("milestone");
  const found = [...repository.issues.values()]
    .filter((issue) => stateMatches(call, issue.state))
    .filter((issue) => labels.every((label) => issue.labels.includes(label)))
    .filter((issue) => milestone === null || String(issue.milestone) === milestone);
  const isAscending = location.searchParams.get("direction") === "asc";
  return page(call, isAscending ? found : found.toReversed(), (issue) =>
    issueShape(repository, issue),
  );
}

function blocker({ repository }: RepositoryCall, blockedBy: number | string): Schemas["issue"] {
  return typeof blockedBy === "string"
    ? foreignIssueShape(repository, blockedBy)
    : issueShape(repository, repository.issue(blockedBy));
}

function addLabels(call: RepositoryCall): Reply {
  return withIssue(call, (issue) => {
    const { labels } = z.object({ labels: z.array(z.string()) }).parse(call.body);
    issue.labels = [...new Set([...issue.labels, ...labels])];
    return ok(issue.labels.map((name) => labelShape(call.repository, name)));
  });
}

async function listPulls(call: RepositoryCall): Promise<Reply> {
  const { repository, location } = call;
  await repository.noticePushes();
  // A head without an owner is no filter: GitHub returns everything.
  const [owner, branch] = (location.searchParams.get("head") ?? "").split(/:(.*)/);
  const found = repository.pulls
    .filter(({ issue }) => stateMatches(call, issue.state))
    .filter(
      ({ pull }) =>
        branch === undefined ||
        (pull.head === branch && (pull.fork ?? repository.fullName).split("/")[0] === owner),
    );
  const isAscending = location.searchParams.get("direction") === "asc";
  if (location.searchParams.get("sort") === "updated") {
    found.sort((a, b) => changedAt(a.issue).localeCompare(changedAt(b.issue)));
  }
  return page(call, isAscending ? found : found.toReversed(), ({ issue, pull }) =>
    pullShape(repository, issue, pull),
  );
}

async function getPull(call: RepositoryCall): Promise<Reply> {
  await call.repository.noticePushes();
  return withIssue(call, (issue) =>
    issue.pull === null ? NOT_FOUND : ok(wholePullShape(call.repository, issue, issue.pull)),
  );
}

const NewPullBody = z.object({
  title: z.string(),
  head: z.string(),
  base: z.string(),
  body: z.string().default(""),
  draft: z.boolean().default(false),
});

async function createPull({ repository, body, login }: RepositoryCall): Promise<Reply> {
  await repository.noticePushes();
  const asked = NewPullBody.parse(body);
  const head = asked.head.replace(`${repository.owner}:`, "");
  if ((await repository.tip(head)) === null) return invalid({ field: "head", code: "invalid" });
  if ((await repository.tip(asked.base)) === null)
    return invalid({ field: "base", code: "invalid" });
  if (!(await repository.isAhead(asked.base, head))) {
    return invalid({
      code: "custom",
      message: `No commits between ${asked.base} and ${head}`,
    });
  }
  const isTaken = repository.pulls.some(
    ({ issue, pull }) =>
      issue.state === "open" &&
      pull.fork === null &&
      pull.head === head &&
      pull.base === asked.base,
  );
  if (isTaken) {
    const message = `A pull request already exists for ${repository.owner}:${head}.`;
    return invalid({ code: "custom", message });
  }
  if (asked.draft && !repository.drafts) {
    const message = "Draft pull requests are not supported in this repository.";
    return refusal(422, message);
  }
  const number = await repository.addPull({ ...asked, head, author: login });
  const shape = wholePullShape(repository, repository.issue(number), repository.pull(number));
  return { status: 201, body: shape };
}

function requestReviewers(call: RepositoryCall): Reply {
  return withIssue(call, (issue) => {
    const asked = z
      .object({
        reviewers: z.array(z.string()).default([]),
        team_reviewers: z.array(z.string()).default([]),
      })
      .parse(call.body);
    if (issue.pull === null) return NOT_FOUND;
    if (asked.reviewers.includes(issue.author)) {
      return refusal(422, "Review cannot be requested from pull request author.");
    }
    issue.pull.reviewers = [...new Set([...issue.pull.reviewers, ...asked.reviewers])];
    issue.pull.teams = [...new Set([...issue.pull.teams, ...asked.team_reviewers])];
    return { status: 201, body: pullShape(call.repository, issue, issue.pull) };
  });
}

function listCheckRuns(call: RepositoryCall): Reply {
  const { repository, target, location } = call;
  const filter = location.searchParams.get("filter") === "all" ? "all" : "latest";
  const runs = repository.checks.runsOf(target, filter);
  const paged = page(call, runs, (run) => checkRunShape(repository, target, run));
  return { ...paged, body: { total_count: runs.length, check_runs: paged.body } };
}

function combinedStatus(call: RepositoryCall): Reply {
  const { repository, target } = call;
  const all = repository.checks.statuses(target);
  const { body, ...paged } = page(call, all, (each) => each);
  return { ...paged, body: combinedStatusShape(repository, target, all, body) };
}

function listWorkflowRuns(call: RepositoryCall): Reply {
  const { repository, location } = call;
  const sha = location.searchParams.get("head_sha");
  if (sha === null) throw new Error("workflow runs are kept by their commits only");
  const runs = repository.checks.workflowsOf(sha);
  const paged = page(call, runs, (run) => workflowRunShape(repository, sha, run));
  return { ...paged, body: { total_count: runs.length, workflow_runs: paged.body } };
}

/** A job without a log is answered like one that does not exist. */
function redirectToLog({ repository, number, storageUrl }: RepositoryCall): Reply {
  const log = repository.checks.runs.get(number)?.log ?? null;
  if (log === null) return NOT_FOUND;
  const location = logAddress(storageUrl, repository.fullName, number);
  return { status: 302, body: undefined, headers: { location } };
}

function withIssue(call: RepositoryCall, use: (issue: IssueRecord) => Reply): Reply {
  const issue = call.repository.issues.get(call.number);
  return issue === undefined ? NOT_FOUND : use(issue);
}

const withRelations = (call: RepositoryCall, use: (issue: IssueRecord) => Reply): Reply =>
  call.repository.relations ? withIssue(call, use) : NOT_FOUND;

function stateMatches({ location }: RepositoryCall, state: string): boolean {
  const asked = location.searchParams.get("state") ?? "open";
  return asked === "all" || asked === state;
}

/** One page with the links to the others. */
function page<T, Shape>(
  call: Call,
  items: readonly T[],
  shape: (item: T) => Shape,
): Reply & { readonly body: readonly Shape[] } {
  const query = call.location.searchParams;
  const size = Math.min(Number(query.get("per_page") ?? 30), 100);
  const number = Number(query.get("page") ?? 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (to: number, rel: string): string => {
    const target = new URL(call.location);
    target.searchParams.set("page", String(to));
    return `<${target}>; rel="${rel}"`;
  };
  const links = [
    ...(number > 1 ? [link(number - 1, "prev"), link(1, "first")] : []),
    ...(number < last ? [link(number + 1, "next"), link(last, "last")] : []),
  ];
  return {
    status: 200,
    body: items.slice((number - 1) * size, number * size).map(shape),
    ...(links.length === 0 ? {} : { headers: { link: links.join(", ") } }),
  };
}

const DOCUMENTATION = "https://docs.github.com/rest";

const ok = (body: unknown): Reply => ({ status: 200, body });

function refusal(status: number, message: string): Reply {
  const body: Schemas["basic-error"] = { message, documentation_url: DOCUMENTATION };
  return { status, body };
}

function invalid(error: { field?: string; code: string; message?: string }): Reply {
  const body: Schemas["validation-error"] = {
    message: "Validation Failed",
    errors: [{ resource: "PullRequest", ...error }],
    documentation_url: DOCUMENTATION,
  };
  return { status: 422, body };
}

const NOT_FOUND = refusal(404, "Not Found");

function faultReply(fault: FaultAnswer & { readonly kind: "status" }): Reply {
  const { status, message, headers = {}, errors } = fault;
  const body = { message, documentation_url: DOCUMENTATION, ...(errors && { errors }) };
  return { status, body, headers };
}

/** An answer that the asker has already, by its ETag, is left out. */
function unlessUnchanged(reply: Reply, known: string | undefined): Reply {
  if (reply.status !== 200) return reply;
  const hash = createHash("sha256").update(JSON.stringify(reply.body)).digest("hex");
  const headers = { ...reply.headers, etag: `W/"${hash}"` };
  return known === headers.etag ? { status: 304, body: undefined, headers } : { ...reply, headers };
}

function send(response: ServerResponse, reply: Reply, manner: FaultAnswer["kind"]): void {
  if (manner === "hang") return;
  const json = reply.body === undefined ? "" : JSON.stringify(reply.body);
  const length = { "content-length": String(Buffer.byteLength(json)) };
  response.writeHead(reply.status, {
    "content-type": "application/json; charset=utf-8",
    ...reply.headers,
    ...(manner === "dropped" ? length : {}),
  });
  const half = json.slice(0, Math.floor(json.length / 2));
  if (manner === "truncated") response.end(half);
  else if (manner === "dropped") response.write(half, () => response.destroy());
  else response.end(json);
}

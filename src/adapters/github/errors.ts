import { z } from "zod";
import { CoppiceError, type ErrorKind } from "../../manifest/errors.ts";
import { plainLine } from "../../manifest/plain-text.ts";

/** What GitHub's refusal comes down to. `no-answer`: nobody knows whether the request had an effect. */
export type GitHubReason =
  | "unauthorized"
  | "forbidden"
  | "limited"
  | "not-found"
  | "gone"
  | "refused"
  | "no-answer";

/** One entry of a 422's `errors`. */
export interface Complaint {
  readonly field: string;
  readonly message: string;
}

/** A request to GitHub that did not succeed. The message never holds the token. */
export class GitHubError extends CoppiceError {
  readonly reason: GitHubReason;
  /** When GitHub wants to be asked again; Unix milliseconds; only with `limited`. */
  readonly retryAtMs: number | undefined;
  /** What GitHub finds wrong; only with `refused`. */
  readonly complaints: readonly Complaint[];

  constructor(fields: {
    reason: GitHubReason;
    message: string;
    hint: string;
    retryAtMs?: number;
    complaints?: readonly Complaint[];
    cause?: unknown;
  }) {
    super({ ...fields, code: `github-${fields.reason}`, kind: KINDS[fields.reason] });
    this.name = "GitHubError";
    this.reason = fields.reason;
    this.retryAtMs = fields.retryAtMs;
    this.complaints = fields.complaints ?? [];
  }
}

/** What was asked, for the message. */
export interface Asked {
  readonly what: string;
  readonly apiUrl: string;
  readonly hasToken: boolean;
  readonly nowMs: number;
}

/** Puts a failed request into words: whose turn it is and what to do. */
export function gitHubError(error: unknown, asked: Asked): GitHubError {
  const answer = Answer.safeParse(error).data;
  const host = new URL(asked.apiUrl).host;
  if (answer?.response === undefined) {
    return new GitHubError({
      reason: "no-answer",
      message: `no answer from ${host} to ${asked.what}: ${said(error)}`,
      hint: "Look whether the network and GitHub work, then run the command again.",
      cause: error,
    });
  }
  const { data, headers } = answer.response;
  const refusal = `${host} answers ${answer.status} to ${asked.what}: ${plainLine(data.message, 300)}`;
  const limitedUntilMs = limitOf(answer.status, data.message, headers, asked.nowMs);
  if (limitedUntilMs !== null) {
    return new GitHubError({
      reason: "limited",
      message: `${refusal} (until ${new Date(limitedUntilMs).toISOString()})`,
      hint: "Wait until that time; a run waits by itself.",
      retryAtMs: limitedUntilMs,
    });
  }
  switch (answer.status) {
    case 401:
      return new GitHubError({ reason: "unauthorized", message: refusal, hint: LOG_IN });
    case 403:
      return new GitHubError({ reason: "forbidden", message: refusal, hint: mayNot(headers) });
    case 404:
      return new GitHubError({
        reason: "not-found",
        message: refusal,
        hint: asked.hasToken
          ? "Look at the repository's name, and whether the token may see it: GitHub answers 404 when it may not."
          : `Look at the repository's name; a private one needs a token. ${LOG_IN}`,
      });
    case 410:
      return new GitHubError({
        reason: "gone",
        message: refusal,
        hint: "Issues are switched off in this repository, or this one was deleted: switch them on in its settings, or plan from --issues.",
      });
    case 422: {
      const complaints = data.errors.map(complaintOf);
      const words = complaints.map((each) => each.message).join("; ");
      return new GitHubError({
        reason: "refused",
        message: words === "" ? refusal : `${refusal}: ${plainLine(words, 300)}`,
        hint: "Change what GitHub names; coppice retry tries again.",
        complaints,
      });
    }
    default:
      return new GitHubError({
        reason: "no-answer",
        message: refusal,
        hint: "Run the command again in a while; https://www.githubstatus.com tells of outages.",
        cause: error,
      });
  }
}

/** Null where GitHub has none, no longer, or none for this token. */
export async function unlessRefused<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof GitHubError && REFUSALS.includes(error.reason)) return null;
    throw error;
  }
}

const REFUSALS: readonly GitHubReason[] = ["forbidden", "not-found", "gone"];

const KINDS: Readonly<Record<GitHubReason, ErrorKind>> = {
  unauthorized: "machine",
  forbidden: "machine",
  limited: "machine",
  "not-found": "input",
  gone: "input",
  refused: "input",
  "no-answer": "machine",
};

const LOG_IN = "Set GITHUB_TOKEN to a valid token, or run gh auth login.";

const ErrorEntry = z.union([
  z.string(),
  z.object({
    field: z.string().optional(),
    code: z.string().optional(),
    message: z.string().nullish(),
  }),
]);

const Headers = z.record(z.string(), z.union([z.string(), z.number()]).optional());
type Headers = z.infer<typeof Headers>;

/** The parts of Octokit's error that we read. */
const Answer = z.object({
  status: z.number(),
  response: z
    .object({
      headers: Headers,
      data: z
        .object({ message: z.string().default(""), errors: z.array(ErrorEntry).catch([]) })
        .catch({ message: "no JSON", errors: [] }),
    })
    .optional(),
});

/** The time until which GitHub takes no more requests, or null when this refusal is no limit. */
function limitOf(status: number, message: string, headers: Headers, nowMs: number): number | null {
  if (status !== 403 && status !== 429) return null;
  const retryAfterSeconds = Number(headers["retry-after"]);
  if (retryAfterSeconds > 0) return nowMs + retryAfterSeconds * 1000;
  if (String(headers["x-ratelimit-remaining"]) === "0") {
    const resetMs = Number(headers["x-ratelimit-reset"]) * 1000;
    return resetMs > nowMs ? resetMs : nowMs + DEFAULT_LIMIT_MS;
  }
  return status === 429 || /rate limit|abuse/i.test(message) ? nowMs + DEFAULT_LIMIT_MS : null;
}

/** GitHub's own advice for a limit without a time. */
const DEFAULT_LIMIT_MS = 60_000;

function mayNot(headers: Headers): string {
  const sso = /url=(\S+)/.exec(String(headers["x-github-sso"] ?? ""))?.[1];
  if (sso !== undefined) return `Authorize the token for the organisation: ${sso}`;
  const needed = headers["x-accepted-github-permissions"] ?? headers["x-accepted-oauth-scopes"];
  const has = headers["x-oauth-scopes"];
  const scopes = [
    needed ? ` It needs ${plainLine(String(needed), 200)}.` : "",
    has ? ` It has ${plainLine(String(has), 200)}.` : "",
  ].join("");
  return `Give the token the rights: contents and pull requests (read and write), issues (read).${scopes}`;
}

function complaintOf(entry: z.infer<typeof ErrorEntry>): Complaint {
  if (typeof entry === "string") return { field: "", message: entry };
  const field = entry.field ?? "";
  return { field, message: entry.message ?? `${field} ${entry.code ?? "is refused"}`.trim() };
}

const said = (error: unknown): string =>
  plainLine(error instanceof Error ? error.message : String(error), 300);

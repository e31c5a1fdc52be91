import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { Octokit } from "@octokit/rest";
import { z } from "zod";
import { CoppiceError } from "../../manifest/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import { GitHubError, gitHubError } from "./errors.ts";
import { type Cost, createQuota, type Quota } from "./quota.ts";
import { remember } from "./remember.ts";

/** How GitHub is reached. */
export interface GitHubAccess {
  /** E.g. `https://api.github.com`, or `https://host/api/v3`. */
  readonly apiUrl: string;
  /** Undefined: public repositories can still be read. */
  readonly token: string | undefined;
  readonly clock: Pick<Clock, "now" | "sleep">;
  /** Default: one of this process alone. */
  readonly quota?: Quota;
  readonly fetch?: typeof globalThis.fetch;
  /** For one request with its answer; default 30,000. */
  readonly timeoutMs?: number;
  /** First pause before a repeated GET; default 1,000. */
  readonly retryBaseMs?: number;
}

/** One answer with the headers that we read. */
export interface GitHubAnswer<T> {
  readonly data: T;
  readonly headers: Headers;
}

export type Parameters = Readonly<Record<string, unknown>>;

/** GitHub's REST interface with its answers parsed. Every failure is a GitHubError. */
export interface GitHubClient {
  readonly clock: GitHubAccess["clock"];
  /** Asks again after a server error; an unchanged answer (ETag) does not count against the limit. */
  get<T>(route: string, parameters: Parameters, schema: z.ZodType<T>): Promise<GitHubAnswer<T>>;
  /** All items of a list, page by page. */
  list<T>(route: string, parameters: Parameters, schema: z.ZodType<T>): AsyncGenerator<T>;
  /** The pages of a list that GitHub wraps into an object; the schema is a page's. */
  pages<T>(route: string, parameters: Parameters, schema: z.ZodType<T>): AsyncGenerator<T>;
  /** The end of a text, e.g. of a log, at most 256 KiB of it; where GitHub redirects, from there and without the token. */
  tail(route: string, parameters: Parameters): Promise<string>;
  /** Sent once, never repeated. */
  post<T>(route: string, parameters: Parameters, schema: z.ZodType<T>): Promise<T>;
}

/** Throws CoppiceError `insecure-api-url` or `token-invalid` (kind input). */
export function createGitHubClient(access: GitHubAccess): GitHubClient {
  refuseToLeak(access);
  const octokit = connect(access);
  const remembered = new Map<string, Remembered>();
  const textEnds = answersWith(textEnd, access);
  const quota = access.quota ?? createQuota({ clock: access.clock });

  /** Sends one request as soon as the quota lets it pass. */
  async function send(route: string, parameters: Parameters): Promise<Answer> {
    await quota.take(costOf(route));
    const answer = await request(route, parameters);
    if (answer instanceof GitHubError) {
      const { retryAtMs, message } = answer;
      if (retryAtMs !== undefined) await quota.hold({ untilMs: retryAtMs, why: message });
      throw answer;
    }
    // The request has had its effect: what goes wrong from here on is not its failure.
    await quota.learn({
      limit: answer.headers["x-ratelimit-limit"],
      remaining: answer.headers["x-ratelimit-remaining"],
      reset: answer.headers["x-ratelimit-reset"],
    });
    return answer;
  }

  async function request(route: string, parameters: Parameters): Promise<Answer | GitHubError> {
    try {
      return Answer.parse(await octokit.request(route, { ...parameters }));
    } catch (error) {
      return gitHubError(error, {
        what: inWords(route, parameters),
        apiUrl: access.apiUrl,
        hasToken: access.token !== undefined,
        nowMs: access.clock.now(),
      });
    }
  }

  function parse<T>(route: string, schema: z.ZodType<T>, data: unknown): T {
    const parsed = schema.safeParse(data);
    if (parsed.success) return parsed.data;
    throw new GitHubError({
      reason: "no-answer",
      message: `GitHub's answer to ${route} is not what it documents: ${z.prettifyError(parsed.error)}`,
      hint: "Look whether the API address is GitHub's; then please report this.",
    });
  }

  async function get<T>(route: string, parameters: Parameters, schema: z.ZodType<T>) {
    const key = JSON.stringify([route, parameters]);
    const last = remembered.get(key);
    const headers = last === undefined ? {} : { "if-none-match": last.etag };
    const answer = await send(route, { ...parameters, headers }).catch((error: unknown) => {
      if (last !== undefined && isUnchanged(error)) return last.answer;
      throw error;
    });
    const { etag } = answer.headers;
    if (etag !== undefined) remember(remembered, key, { etag, answer }, REMEMBERED_MAX);
    return { data: parse(route, schema, answer.data), headers: answer.headers };
  }

  async function* pages<T>(route: string, parameters: Parameters, schema: z.ZodType<T>) {
    for (let page = 1; page <= PAGES_MAX; page += 1) {
      const answer = await get(route, { ...parameters, per_page: 100, page }, schema);
      yield answer.data;
      if (!/rel="next"/.test(answer.headers.link)) return;
    }
    throw new CoppiceError({
      code: "github-list-too-long",
      kind: "input",
      message: `GitHub's list is longer than ${PAGES_MAX * 100} entries`,
      hint: "Ask for fewer: with --label, --milestone, --issue or --limit.",
    });
  }

  return {
    clock: access.clock,
    get,
    async *list(route, parameters, schema) {
      for await (const page of pages(route, parameters, z.array(schema))) yield* page;
    },
    pages,
    async tail(route, parameters) {
      const answer = await send(route, { ...parameters, request: { fetch: textEnds } });
      return parse(route, z.string(), answer.data);
    },
    async post(route, parameters, schema) {
      const answer = await send(route, { ...parameters, request: { retries: 0 } });
      return parse(route, schema, answer.data);
    },
  };
}

const PAGES_MAX = 100;
const REMEMBERED_MAX = 1000;
/** A hundred pull requests with the longest bodies are some 30 MB. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;
const TAIL_BYTES_MAX = 256 * 1024;
/** A limit that ends this soon is waited for; a longer one is the caller's to plan around. */
const WAIT_IN_PLACE_SECONDS = 5;

const Headers = z.object({
  etag: z.string().optional(),
  link: z.string().default(""),
  /** Absent with fine-grained tokens. */
  "x-oauth-scopes": z.string().optional(),
  "x-ratelimit-limit": z.coerce.number().optional(),
  "x-ratelimit-remaining": z.coerce.number().optional(),
  "x-ratelimit-reset": z.coerce.number().optional(),
});
type Headers = z.infer<typeof Headers>;

const Answer = z.object({ headers: Headers, data: z.unknown() });
type Answer = z.infer<typeof Answer>;

interface Remembered {
  readonly etag: string;
  readonly answer: Answer;
}

function connect(access: GitHubAccess) {
  const Connection = Octokit.plugin(throttling, retry);
  const retryBaseMs = access.retryBaseMs ?? 1000;
  const waitOnce = (seconds: number, _options: unknown, _octokit: unknown, retries: number) =>
    seconds <= WAIT_IN_PLACE_SECONDS && retries === 0;
  return new Connection({
    baseUrl: access.apiUrl,
    userAgent: "coppice",
    ...(access.token === undefined ? {} : { auth: access.token }),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    request: { fetch: answersWith(wholeText, access) },
    throttle: {
      id: access.apiUrl,
      retryAfterBaseValue: retryBaseMs,
      onRateLimit: waitOnce,
      onSecondaryRateLimit: waitOnce,
    },
    retry: {
      retries: 2,
      retryAfterBaseValue: retryBaseMs,
      doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451],
    },
  });
}

/** Octokit prints failed requests by default; ours are told by the caller. */
const quiet = (): void => undefined;

/**
 * A fetch whose answer is complete or an error: with a timeout over the body, too, and JSON that parses.
 * Octokit by itself waits for ever, and hands on a torn answer as text.
 */
function answersWith(
  textOf: (response: Response) => Promise<string>,
  access: GitHubAccess,
): typeof fetch {
  const fetchOnce = access.fetch ?? fetch;
  const timeoutMs = access.timeoutMs ?? 30_000;
  return async (input, init) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetchOnce(input, { ...init, signal });
      const body = await textOf(response);
      if (/\bjson\b/.test(response.headers.get("content-type") ?? "") && body !== "") {
        JSON.parse(body);
      }
      return new Response(body === "" ? null : body, response);
    } catch (error) {
      if (!signal.aborted) throw error;
      // Octokit repeats no request that fails under this name.
      const silence = new Error(`none within ${timeoutMs / 1000} s`, { cause: error });
      silence.name = "AbortError";
      throw silence;
    }
  };
}

/** The body, of whatever length a server says or sends, up to the limit. */
async function wholeText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX)
      throw new Error(`the answer is longer than ${BODY_BYTES_MAX} bytes`);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What a body of any length ends with; a character that the cut went through is lost. */
async function textEnd(response: Response): Promise<string> {
  let end = Buffer.alloc(0);
  for await (const chunk of response.body ?? []) {
    end = Buffer.concat([end, chunk]);
    if (end.byteLength > 2 * TAIL_BYTES_MAX) end = end.subarray(-TAIL_BYTES_MAX);
  }
  return end.subarray(-TAIL_BYTES_MAX).toString("utf8");
}

/** A token travels over TLS, or stays on this machine. */
function refuseToLeak(access: GitHubAccess): void {
  const url = new URL(access.apiUrl);
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (access.token !== undefined && url.protocol !== "https:" && !isLocal) {
    throw new CoppiceError({
      code: "insecure-api-url",
      kind: "input",
      message: `${access.apiUrl} is not encrypted: the token is not sent there`,
      hint: "Give the API address with https://.",
    });
  }
  if (access.token !== undefined && !/^[\x21-\x7e]+$/.test(access.token)) {
    throw new CoppiceError({
      code: "token-invalid",
      kind: "input",
      message: "the GitHub token holds characters that no token has, e.g. a space",
      hint: "Set GITHUB_TOKEN to the token alone.",
    });
  }
}

const Unchanged = z.object({ cause: z.object({ status: z.literal(304) }) });
const isUnchanged = (error: unknown): boolean => Unchanged.safeParse(error).success;

/** New issues, pull requests and comments are what GitHub limits most. */
const costOf = (route: string): Cost => {
  if (route.startsWith("GET ")) return "read";
  return /\/(?:issues|pulls|comments)$/.test(route) ? "create" : "write";
};

/** The route with its placeholders filled in. */
const inWords = (route: string, parameters: Parameters): string =>
  route.replace(/\{(\w+)\}/g, (_, name: string) => String(parameters[name]));

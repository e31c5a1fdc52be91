import { z } from "zod";
import { CoppiceError } from "../../manifest/errors.ts";
import { exec } from "../exec.ts";
import { createGitHubClient, type GitHubAccess } from "./client.ts";

/** Reads one environment variable of the user. */
export type ReadEnv = (name: string) => string | undefined;

export interface GitHubToken {
  readonly token: string;
  readonly source: "GITHUB_TOKEN" | "GH_TOKEN" | "gh auth token";
}

/** Whom a token belongs to. `scopes` is null for fine-grained tokens, which do not tell theirs. */
export interface GitHubAccount {
  readonly login: string;
  readonly scopes: readonly string[] | null;
}

/**
 * The base address of the REST interface: the one asked for, else GITHUB_API_URL, else GitHub's own.
 * Throws CoppiceError `api-url-invalid` (kind input).
 */
export function gitHubApiUrl(asked: string | undefined, env: ReadEnv): string {
  const text = asked ?? (env("GITHUB_API_URL") || "https://api.github.com");
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.username !== "") {
    // What stands before an @ may be a token.
    const shown = url === null ? text : `${url.protocol}//${url.host}`;
    throw new CoppiceError({
      code: "api-url-invalid",
      kind: "input",
      message: `${JSON.stringify(shown)} is no address of GitHub's REST interface`,
      hint: "Give it without a token, like https://api.github.com, or https://HOST/api/v3 for GitHub Enterprise Server.",
    });
  }
  return text.replace(/\/+$/, "");
}

/** Where git finds a repository whose REST interface is at `apiUrl`: no user name, no token. */
export function gitHubCloneUrl(apiUrl: string, repo: string): string {
  const { protocol, port } = new URL(apiUrl);
  return `${protocol}//${loginHost(apiUrl)}${port === "" ? "" : `:${port}`}/${repo}.git`;
}

/** The first token of GITHUB_TOKEN, GH_TOKEN and `gh auth token`, or null. It is never printed. */
export async function findGitHubToken(env: ReadEnv, apiUrl: string): Promise<GitHubToken | null> {
  for (const source of ["GITHUB_TOKEN", "GH_TOKEN"] as const) {
    const token = env(source)?.trim();
    if (token) return { token, source };
  }
  const token = await tokenOfGh(loginHost(apiUrl));
  return token === null ? null : { token, source: "gh auth token" };
}

/** Asks GitHub whose token it is; throws GitHubError when it is refused. */
export async function gitHubAccount(access: GitHubAccess): Promise<GitHubAccount> {
  const client = createGitHubClient(access);
  const { data, headers } = await client.get("GET /user", {}, z.object({ login: z.string() }));
  const scopes = headers["x-oauth-scopes"]?.split(/,\s*/).filter((scope) => scope !== "");
  return { login: data.login, scopes: scopes ?? null };
}

/** GitHub's own program is optional: without it, or logged out, there is no token. */
async function tokenOfGh(host: string): Promise<string | null> {
  try {
    const run = await exec("gh", ["auth", "token", "--hostname", host], { timeoutMs: 10_000 });
    return run.code === 0 ? run.stdout.trim() || null : null;
  } catch (error) {
    if (error instanceof CoppiceError && error.code === "program-missing") return null;
    throw error;
  }
}

/** The host that `gh` logs in to: the interface of github.com and of *.ghe.com has a name of its own. */
function loginHost(apiUrl: string): string {
  return new URL(apiUrl).hostname.replace(/^api\.(?=github\.com$|.+\.ghe\.com$)/, "");
}

import { join } from "node:path";
import type { Quota } from "../adapters/github/quota.ts";
import { createLocalForge } from "../adapters/local-forge/forge.ts";
import { localOriginPath } from "../adapters/local-forge/origin.ts";
import { createRedactor } from "../adapters/notify/redact.ts";
import { redactedChecks } from "../adapters/notify/redacted-checks.ts";
import { createClock } from "../adapters/system/clock.ts";
import type { TokenCheck } from "../app/doctor.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Forge } from "../ports/forge.ts";
import type { Repository } from "../ports/repository.ts";
import { locks } from "./compose-manifest.ts";
import { keyOf, stateHome } from "./places.ts";

const env = process.env;
const clock = createClock();

/** The forge of a manifest: the one it names, else the one that `origin` points to. Throws CoppiceError. */
export async function forgeOf(
  manifest: Manifest,
  repository: Repository,
  note: (text: string) => void,
): Promise<Forge> {
  return redactedChecks(await openForge(manifest, repository, note), createRedactor(env));
}

async function openForge(
  manifest: Manifest,
  repository: Repository,
  note: (text: string) => void,
): Promise<Forge> {
  const originUrl = await repository.remoteUrl();
  const originDir = localOriginPath(originUrl, repository.root);
  const kind =
    manifest.forge ??
    (originDir === null && githubName(originUrl) !== undefined ? "github" : "local");
  if (kind === "github") {
    const repo = manifest.repo ?? githubName(originUrl);
    if (repo !== undefined) return await gitHubForge(repo, manifest.apiUrl, note);
    throw new CoppiceError({
      code: "no-repo-name",
      kind: "input",
      message: 'the forge is github, but the manifest names no "repo"',
      hint: 'Add "repo": "owner/name" to the manifest.',
    });
  }
  if (originDir !== null) return createLocalForge({ issues: undefined, originDir, clock });
  throw new CoppiceError({
    code: "no-local-origin",
    kind: "input",
    message: `the local forge keeps pull requests beside a bare origin on this machine, but origin is ${originUrl ?? "not set"}`,
    hint: 'Add one with "git init --bare PATH" and "git remote add origin PATH", or set "forge": "github".',
  });
}

/** GitHub, with the token that is found, and the limits that all processes of the user share. */
export async function gitHubForge(
  repo: string,
  askedUrl: string | undefined,
  note: (text: string) => void,
): Promise<Forge> {
  const { createGitHubForge, findGitHubToken, gitHubApiUrl } = await loadGitHub();
  const apiUrl = gitHubApiUrl(askedUrl, (name) => env[name]);
  const token = (await findGitHubToken((name) => env[name], apiUrl))?.token;
  const quota = await quotaOf(apiUrl, token, note);
  return createGitHubForge({ repo, apiUrl, token, quota, clock, note });
}

/** One for each host and token, shared by all processes of the user; the token itself is nowhere in it. */
async function quotaOf(
  apiUrl: string,
  token: string | undefined,
  onTrouble: (reason: string) => void,
): Promise<Quota> {
  const { createQuota, createQuotaFile } = await loadGitHub();
  const path = join(stateHome(), "coppice", "github", `${keyOf(`${apiUrl} ${token ?? ""}`)}.json`);
  return createQuota({ clock, store: createQuotaFile({ path, locks, onTrouble }) });
}

/** Octokit is loaded where it is spoken to, and nowhere else. */
const loadGitHub = async () => ({
  ...(await import("../adapters/github/access.ts")),
  ...(await import("../adapters/github/forge.ts")),
  ...(await import("../adapters/github/quota.ts")),
  ...(await import("../adapters/github/quota-file.ts")),
});

/** Whether GitHub takes the token that is found, and what it holds back now. */
export async function checkToken(askedUrl: string | undefined): Promise<TokenCheck> {
  const { findGitHubToken, gitHubAccount, gitHubApiUrl } = await loadGitHub();
  const apiUrl = gitHubApiUrl(askedUrl, (name) => env[name]);
  const found = await findGitHubToken((name) => env[name], apiUrl);
  if (found === null) return { kind: "none" };
  try {
    const { token } = found;
    let trouble: string | null = null;
    const quota = await quotaOf(apiUrl, token, (reason) => {
      trouble = reason;
    });
    const held = (await quota.held())?.why ?? null;
    return {
      kind: "valid",
      held,
      uncounted: trouble,
      ...(await gitHubAccount({ apiUrl, token, clock })),
    };
  } catch (error) {
    if (error instanceof CoppiceError) return { kind: "refused", reason: error.message };
    throw error;
  }
}

/** Where a repository of GitHub is cloned from. */
export async function cloneUrlOf(repo: string, askedUrl: string | undefined): Promise<string> {
  const { gitHubApiUrl, gitHubCloneUrl } = await loadGitHub();
  return gitHubCloneUrl(
    gitHubApiUrl(askedUrl, (name) => env[name]),
    repo,
  );
}

/** `owner/name` of a URL on GitHub, else undefined. */
export function githubName(url: string | null): string | undefined {
  const found = /github[^/:]*[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url ?? "");
  return found?.[1];
}

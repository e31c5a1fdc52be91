import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  findGitHubToken,
  gitHubAccount,
  gitHubApiUrl,
  gitHubCloneUrl,
  type ReadEnv,
} from "../../src/adapters/github/access.ts";
import { type GitHubServerOptions, startGitHubServer } from "../support/github-server.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "coppice-access-"));
  vi.stubEnv("PATH", dir);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true });
});

const env =
  (values: Record<string, string>): ReadEnv =>
  (name) =>
    values[name];

/** A `gh` that is logged in to one host, and says how it was asked. */
const installGh = async (host: string) => {
  const gh = join(dir, "gh");
  const script = `#!/bin/sh\n[ "$*" = "auth token --hostname ${host}" ] || exit 1\necho from-gh\n`;
  await writeFile(gh, script);
  await chmod(gh, 0o755);
};

const API = "https://api.github.com";

test("GITHUB_TOKEN comes before GH_TOKEN, and both before gh", async () => {
  await installGh("github.com");
  const both = { GITHUB_TOKEN: " one\n", GH_TOKEN: "two" };
  expect(await findGitHubToken(env(both), API)).toEqual({ token: "one", source: "GITHUB_TOKEN" });
  const second = { GITHUB_TOKEN: "", GH_TOKEN: "two" };
  expect(await findGitHubToken(env(second), API)).toEqual({ token: "two", source: "GH_TOKEN" });
  const none = await findGitHubToken(env({}), API);
  expect(none).toEqual({ token: "from-gh", source: "gh auth token" });
});

test.each([
  ["https://api.github.com", "github.com"],
  ["https://api.octo.ghe.com", "octo.ghe.com"],
  ["https://git.example.com/api/v3", "git.example.com"],
])("for %s gh is asked about %s", async (apiUrl, host) => {
  await installGh(host);
  expect(await findGitHubToken(env({}), apiUrl)).toMatchObject({ token: "from-gh" });
});

test("without gh, or logged out, there is no token", async () => {
  expect(await findGitHubToken(env({}), API)).toBeNull();
  await installGh("elsewhere.example");
  expect(await findGitHubToken(env({}), API)).toBeNull();
});

test("the API address is the one asked for, else GITHUB_API_URL, else GitHub's", () => {
  const set = env({ GITHUB_API_URL: "https://git.example.com/api/v3/" });
  expect(gitHubApiUrl("https://other.example/api/v3", set)).toBe("https://other.example/api/v3");
  expect(gitHubApiUrl(undefined, set)).toBe("https://git.example.com/api/v3");
  expect(gitHubApiUrl(undefined, env({ GITHUB_API_URL: "" }))).toBe(API);
});

test.each(["git.example.com", "ftp://git.example.com", "https://token@git.example.com"])(
  "%s is no API address",
  (asked) => {
    expect(() => gitHubApiUrl(asked, env({}))).toThrow(
      expect.objectContaining({ code: "api-url-invalid", kind: "input" }),
    );
  },
);

test.each<[string, GitHubServerOptions["scopes"], readonly string[] | null]>([
  ["a classic token tells its scopes", ["repo", "workflow"], ["repo", "workflow"]],
  ["one without scopes has none", [], []],
  ["a fine-grained one does not tell", null, null],
])("%s", async (_, given, scopes) => {
  const server = await startGitHubServer({ repositories: [], login: "ann", scopes: given ?? null });
  const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
  const account = await gitHubAccount({ apiUrl: server.url, token: server.token, clock });
  expect(account).toEqual({ login: "ann", scopes });
  await server.close();
});

test.each([
  ["https://api.github.com", "https://github.com/octo/sample.git"],
  ["https://api.octo.ghe.com", "https://octo.ghe.com/octo/sample.git"],
  ["https://git.example.org/api/v3", "https://git.example.org/octo/sample.git"],
  ["https://git.example.org:8443/api/v3", "https://git.example.org:8443/octo/sample.git"],
])("behind %s git finds the repository at %s", (apiUrl, cloneUrl) => {
  expect(gitHubCloneUrl(apiUrl, "octo/sample")).toBe(cloneUrl);
});

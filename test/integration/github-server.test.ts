import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { exec } from "../../src/adapters/exec.ts";
import { FAULTS, type GitHubServer, startGitHubServer } from "../support/github-server.ts";
import { checker, type OpenApi } from "../support/openapi.ts";

let server: GitHubServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

const start = async () => {
  server = await startGitHubServer({ repositories: [{ name: "octo/sample" }] });
  return server;
};

const ask = (to: GitHubServer, path: string, init: RequestInit = {}) =>
  fetch(`${to.url}${path}`, { headers: { authorization: `token ${to.token}` }, ...init });

const create = (to: GitHubServer, body: object) =>
  ask(to, "/repos/octo/sample/pulls", { method: "POST", body: JSON.stringify(body) });

test("every kind of answer keeps to GitHub's own description", async () => {
  const github = await start();
  const repository = github.repository("octo/sample");
  const milestone = repository.addMilestone("First release");
  const parent = repository.addIssue({ title: "Parent", labels: ["epic"], milestone });
  repository.addIssue({
    title: "Child",
    parent,
    blockedBy: [parent, "else/where#7"],
    body: "text",
  });
  const sha = repository.push("fix/a");
  await repository.addPull({ head: "fix/gone", fork: "deleted", state: "closed" });
  const made = await create(github, { title: "A", head: "fix/a", base: "main", body: "b" });
  expect(made.status).toBe(201);
  const send = (path: string, body: object) =>
    ask(github, path, { method: "POST", body: JSON.stringify(body) });
  await send("/repos/octo/sample/issues/4/labels", { labels: ["x"] });
  await send("/repos/octo/sample/pulls/4/requested_reviewers", { reviewers: ["ann"] });
  const { checks } = repository;
  const job = checks.add(sha, { log: "printed" });
  checks.add(sha, { name: "slow", status: "in_progress" });
  checks.addWorkflow(sha);
  const annotations = [{ path: "a.js", line: 1, level: "failure", message: "wrong" }] as const;
  const lint = checks.add(sha, { app: "lint", conclusion: "failure", annotations });
  checks.setStatus(sha, { state: "pending", description: "waits" });
  for (const path of [
    "/user",
    "/repos/octo/sample",
    "/repos/octo/sample/issues?state=all",
    "/repos/octo/sample/issues/2",
    "/repos/octo/sample/issues/2/dependencies/blocked_by",
    "/repos/octo/sample/issues/1/sub_issues",
    "/repos/octo/sample/milestones",
    "/repos/octo/sample/pulls?state=all",
    "/repos/octo/sample/pulls/4",
    "/repos/octo/sample/issues/99",
    `/repos/octo/sample/commits/${sha}/check-runs`,
    `/repos/octo/sample/commits/${sha}/status`,
    `/repos/octo/sample/actions/runs?head_sha=${sha}`,
    `/repos/octo/sample/check-runs/${lint}/annotations`,
    `/repos/octo/sample/actions/jobs/${job}/logs`,
  ]) {
    await ask(github, path);
  }
  expect(github.takeProblems()).toEqual([]);
  expect(github.requests.map((request) => request.status)).not.toContain(500);
});

test("a request that GitHub does not describe is named, and ending without looking fails", async () => {
  const github = await startGitHubServer({ repositories: [{ name: "octo/sample" }] });
  await ask(github, "/repos/octo/sample/issues?labls=bug");
  await ask(github, "/repos/octo/sample/wiki");
  const refused = await create(github, { title: "A", head: 5, base: "main" });
  expect(refused.status).toBe(422);
  if (github.description === "checked") {
    await expect(github.close()).rejects.toThrow(
      /query labls is not described[\s\S]*wiki[\s\S]*head: must be string/,
    );
  } else {
    await github.close();
  }
});

test("a wrong answer is caught, field by field", () => {
  const document: OpenApi = {
    paths: {
      "/things/{id}": {
        get: {
          responses: {
            "200": {
              content: { "application/json": { schema: { $ref: "#/components/schemas/thing" } } },
            },
          },
        },
      },
    },
    components: {
      schemas: {
        thing: {
          type: "object",
          required: ["name", "owner"],
          properties: {
            name: { type: "string" },
            owner: { allOf: [{ $ref: "#/components/schemas/owner" }], nullable: true },
          },
        },
        owner: { type: "object", required: ["login"], properties: { login: { type: "string" } } },
      },
    },
  };
  const check = checker(document, ["GET /things/{id}"]);
  const problemsOf = (responseBody: unknown) =>
    check({
      method: "GET",
      path: "/things/1",
      query: new URLSearchParams(),
      requestBody: undefined,
      status: 200,
      responseBody,
    });
  expect(problemsOf({ name: "a", owner: null })).toEqual([]);
  expect(problemsOf({ name: "a", owner: { login: "b" } })).toEqual([]);
  expect(problemsOf({ name: 1, owner: null })).toEqual([
    "GET /things/{id}: answer 200/name: must be string",
  ]);
  expect(problemsOf({ owner: {} }).join()).toMatch(/property 'name'.*property 'login'/);
  expect(() => checker(document, ["GET /nothing"])).toThrow("no operation GET /nothing");
});

test("a head filter without an owner filters nothing, as on GitHub", async () => {
  const github = await start();
  const repository = github.repository("octo/sample");
  for (const branch of ["one", "two"]) {
    repository.push(branch);
    await repository.addPull({ head: branch });
  }
  const heads = async (head: string) =>
    ((await (await ask(github, `/repos/octo/sample/pulls?head=${head}`)).json()) as unknown[])
      .length;
  expect(await heads("one")).toBe(2);
  expect(await heads("octo:one")).toBe(1);
  expect(await heads("else:one")).toBe(0);
});

test("lists are paged by links, and an unchanged page is a 304", async () => {
  const github = await start();
  const repository = github.repository("octo/sample");
  for (let number = 1; number <= 5; number += 1) repository.addIssue({ title: `Issue ${number}` });
  const path = "/repos/octo/sample/issues?per_page=2&page=2";
  const first = await ask(github, path);
  expect(first.headers.get("link")).toMatch(/page=3>; rel="next"/);
  expect(((await first.json()) as unknown[]).length).toBe(2);
  const etag = first.headers.get("etag") ?? "";
  const headers = { authorization: `token ${github.token}`, "if-none-match": etag };
  expect((await ask(github, path, { headers })).status).toBe(304);
  repository.issue(3).title = "Changed";
  expect((await ask(github, path, { headers })).status).toBe(200);
});

test("a pull request is refused like on GitHub: twice, empty, unknown branch", async () => {
  const github = await start();
  const repository = github.repository("octo/sample");
  repository.push("fix/a");
  repository.branches.set("fix/empty", repository.branches.get("main") ?? "");
  const messageOf = async (head: string, base = "main") => {
    const answer = await create(github, { title: "A", head, base });
    return `${answer.status} ${JSON.stringify(await answer.json())}`;
  };
  expect(await messageOf("fix/a")).toMatch(/^201 /);
  expect(await messageOf("fix/a")).toMatch(/^422 .*A pull request already exists for octo:fix\/a/);
  expect(await messageOf("fix/empty")).toMatch(/^422 .*No commits between main and fix\/empty/);
  expect(await messageOf("fix/none")).toMatch(/^422 .*"field":"head"/);
  expect(await messageOf("fix/a", "none")).toMatch(/^422 .*"field":"base"/);
});

test("checks: the newest run of a suite and name, newest first, and the log elsewhere, without a token", async () => {
  const github = await start();
  const { checks } = github.repository("octo/sample");
  const sha = "a".repeat(40);
  const first = checks.add(sha, { conclusion: "failure", log: "printed" });
  const again = checks.add(sha);
  const other = checks.add(sha, { suite: 2 });
  const path = `/repos/octo/sample/commits/${sha}`;
  const idsOf = async (query: string) => {
    const answer = await ask(github, `${path}/check-runs${query}`);
    const { check_runs: runs } = z
      .object({ check_runs: z.array(z.object({ id: z.int() })) })
      .parse(await answer.json());
    return runs.map(({ id }) => id);
  };
  expect(await idsOf("")).toEqual([other, again]);
  expect(await idsOf("?filter=all")).toEqual([other, again, first]);
  expect(await idsOf("?per_page=1&page=2")).toEqual([again]);
  checks.setStatus(sha, { state: "pending" });
  checks.setStatus(sha, { state: "error" });
  expect(await (await ask(github, `${path}/status`)).json()).toMatchObject({
    state: "failure",
    total_count: 1,
    statuses: [{ context: "ci/build", state: "error" }],
  });
  const log = await ask(github, `/repos/octo/sample/actions/jobs/${first}/logs`);
  expect(`${log.status} ${await log.text()}`).toBe("200 printed");
  const withToken = await fetch(log.url, { headers: { authorization: "token x" } });
  expect(withToken.status).toBe(401);
  expect((await ask(github, `/repos/octo/sample/actions/jobs/${again}/logs`)).status).toBe(404);
});

test("a fault hits the request that it names, as often as it says, before or after the effect", async () => {
  const github = await start();
  const repository = github.repository("octo/sample");
  repository.push("fix/a");
  github.fail({ on: /^POST .*\/pulls$/, answer: FAULTS.badGateway });
  github.fail({ on: /^POST .*\/pulls$/, answer: FAULTS.badGateway, afterEffect: true });
  const body = { title: "A", head: "fix/a", base: "main" };
  expect((await create(github, body)).status).toBe(502);
  expect(repository.pulls).toHaveLength(0);
  expect((await create(github, body)).status).toBe(502);
  expect(repository.pulls).toHaveLength(1);
  expect((await create(github, body)).status).toBe(422);
});

test("a stranger's token is refused", async () => {
  const github = await start();
  const answer = await ask(github, "/user", { headers: { authorization: "token other" } });
  expect(answer.status).toBe(401);
});

test("with a bare repository, branches and merges are git's", async () => {
  const dir = await mkdtemp(join(tmpdir(), "coppice-github-"));
  const bare = join(dir, "sample.git");
  const work = join(dir, "work");
  const git = async (cwd: string, ...args: string[]) => {
    const person = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"];
    const run = await exec("git", [...person, ...args], { cwd });
    if (run.code !== 0) throw new Error(run.stderr);
    return run.stdout.trim();
  };
  await git(dir, "init", "-q", "--bare", "-b", "main", bare);
  await git(dir, "clone", "-q", bare, work);
  const push = async (branch: string) => {
    await git(work, "commit", "-q", "--allow-empty", "-m", branch);
    await git(work, "push", "-q", "origin", `HEAD:${branch}`);
    return git(work, "rev-parse", "HEAD");
  };
  await push("main");
  server = await startGitHubServer({
    repositories: [{ name: "octo/sample", bareRepository: bare }],
  });
  const github = server;
  const repository = github.repository("octo/sample");
  const pull = async (number: number) => {
    const answer = await ask(github, `/repos/octo/sample/pulls/${number}`);
    return (await answer.json()) as { head: { sha: string }; merged: boolean; state: string };
  };

  const first = await push("fix/a");
  expect((await create(github, { title: "A", head: "fix/a", base: "main" })).status).toBe(201);
  expect((await pull(1)).head.sha).toBe(first);
  const second = await push("fix/a");
  expect((await pull(1)).head.sha).toBe(second);
  await repository.merge(1);
  expect(await pull(1)).toMatchObject({ merged: true, state: "closed" });
  expect(await git(work, "ls-remote", "origin", "main")).toMatch(
    repository.pull(1).mergeSha ?? "no merge commit",
  );

  await git(work, "pull", "-q", "--ff-only", "origin", "main");
  await push("fix/b");
  await create(github, { title: "B", head: "fix/b", base: "main" });
  await git(work, "push", "-q", "origin", "HEAD:main");
  expect(await pull(2)).toMatchObject({ merged: true, state: "closed" });

  await push("fix/c");
  await create(github, { title: "C", head: "fix/c", base: "main" });
  await git(work, "push", "-q", "origin", ":fix/c");
  expect(await pull(3)).toMatchObject({ merged: false, state: "closed" });
  await rm(dir, { recursive: true });
});

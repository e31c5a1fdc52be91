import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createGitHubForge, type GitHubForgeOptions } from "../../src/adapters/github/forge.ts";
import { CoppiceError } from "../../src/manifest/errors.ts";
import { pullRequestMarker } from "../../src/manifest/marker.ts";
import type { IssueQuery } from "../../src/planner/issue.ts";
import type { PullRequestSpec } from "../../src/ports/forge.ts";
import {
  FAULTS,
  type FaultAnswer,
  type GitHubServer,
  type GitHubServerOptions,
  secondaryLimit,
  startGitHubServer,
} from "../support/github-server.ts";

const NAME = "octo/sample";
const PULLS = /^GET \/repos\/octo\/sample\/pulls/;
const CREATE = /^POST \/repos\/octo\/sample\/pulls$/;

let github: GitHubServer;
let notes: string[];
let nowMs: number;

beforeEach(async () => {
  notes = [];
  nowMs = Date.now();
  await serve({});
});

afterEach(() => github.close());

const serve = async (options: Partial<GitHubServerOptions>) => {
  await github?.close();
  github = await startGitHubServer({ repositories: [{ name: NAME }], ...options });
};

const forge = (options: Partial<GitHubForgeOptions> = {}) =>
  createGitHubForge({
    repo: NAME,
    apiUrl: github.url,
    token: github.token,
    clock: {
      now: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms;
      },
    },
    retryBaseMs: 1,
    note: (text) => notes.push(text),
    ...options,
  });

const repository = () => github.repository(NAME);

const query = (some: Partial<IssueQuery> = {}): IssueQuery => ({
  labels: [],
  milestone: undefined,
  numbers: [],
  limit: undefined,
  ...some,
});

const spec = (some: Partial<PullRequestSpec> = {}): PullRequestSpec => ({
  taskId: "t1",
  branch: "fix/issue-1",
  base: "main",
  headSha: repository().branches.get(some.branch ?? "fix/issue-1") ?? "",
  deliveredTo: null,
  title: "Mend it",
  body: `Closes #1\n\n${pullRequestMarker("sample", "t1")}`,
  draft: false,
  labels: [],
  reviewers: [],
  ...some,
});

const rejected = (reason: RegExp) => ({
  kind: "rejected",
  reason: expect.stringMatching(reason),
});

const creations = () =>
  github.requests.filter(({ method, path }) => CREATE.test(`${method} ${path}`));

const failure = async (work: Promise<unknown>): Promise<CoppiceError> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CoppiceError) return error;
  throw new Error("expected a CoppiceError", { cause: error });
};

describe("issues", () => {
  test("all pages are read, oldest first, without pull requests and closed issues", async () => {
    for (let number = 1; number <= 203; number += 1) repository().addIssue({ title: `I${number}` });
    repository().close(2);
    await repository().addPull({ head: "fix/x" });
    const issues = await forge().listIssues(query());
    expect(issues).toHaveLength(202);
    expect(issues.slice(0, 2).map((issue) => issue.number)).toEqual([1, 3]);
    expect(await forge().listIssues(query({ limit: 3 }))).toHaveLength(3);
  });

  test("an issue arrives with everything that the planner reads", async () => {
    const milestone = repository().addMilestone("v1", "open", "2026-02-01T08:00:00Z");
    const parent = repository().addIssue({ title: "Parent" });
    repository().addIssue({
      title: "Child",
      body: "text",
      labels: ["bug", "P1"],
      milestone,
      association: "MEMBER",
      type: "Task",
      fields: { Priority: "Urgent", Effort: 3, Team: "Core" },
      parent,
      blockedBy: [parent],
    });
    expect((await forge().listIssues(query()))[1]).toEqual({
      number: 2,
      title: "Child",
      body: "text",
      labels: ["bug", "P1"],
      state: "open",
      milestone: "v1",
      milestoneDue: "2026-02-01T08:00:00Z",
      type: "Task",
      priority: "Urgent",
      estimate: "3",
      authorAssociation: "MEMBER",
      url: `${github.url}/octo/sample/issues/2`,
      blockedBy: [1],
      parent: 1,
      origin: `${github.url}/octo/sample/issues/2`,
    });
  });

  test("labels, and a milestone by title or number, narrow the list", async () => {
    const milestone = repository().addMilestone("Second half");
    repository().addIssue({ title: "A", labels: ["bug", "ui"], milestone });
    repository().addIssue({ title: "B", labels: ["bug"] });
    const titles = async (some: Partial<IssueQuery>) =>
      (await forge().listIssues(query(some))).map((issue) => issue.title);
    expect(await titles({ labels: ["bug"] })).toEqual(["A", "B"]);
    expect(await titles({ labels: ["bug", "ui"] })).toEqual(["A"]);
    expect(await titles({ milestone: "second half" })).toEqual(["A"]);
    expect(await titles({ milestone: "1" })).toEqual(["A"]);
    const error = await failure(titles({ milestone: "Second hlaf" }));
    expect(error).toMatchObject({ code: "milestone-missing", kind: "input" });
    expect(error.hint).toMatch(/Did you mean "Second half"/);
  });

  test("numbers fetch exactly those issues, in any state", async () => {
    for (const title of ["A", "B", "C"]) repository().addIssue({ title });
    repository().close(3);
    const issues = await forge().listIssues(query({ numbers: [3, 1] }));
    expect(issues.map(({ number, state }) => `${number} ${state}`)).toEqual(["1 open", "3 closed"]);
  });

  test("a number that is missing, or a pull request, is named", async () => {
    await repository().addPull({ head: "fix/x" });
    expect(await failure(forge().listIssues(query({ numbers: [7] })))).toMatchObject({
      code: "issue-missing",
      message: "there is no issue #7: octo/sample does not have it",
    });
    expect((await failure(forge().listIssues(query({ numbers: [1] })))).message).toMatch(
      /#1: it is a pull request/,
    );
  });

  test("blockers are asked for only where an issue says that it has open ones", async () => {
    const blocker = repository().addIssue({ title: "A" });
    repository().addIssue({ title: "B", blockedBy: [blocker, "else/where#7"] });
    const done = repository().addIssue({ title: "C", state: "closed" });
    repository().addIssue({ title: "D", blockedBy: [done] });
    const issues = await forge().listIssues(query());
    expect(issues.map((issue) => issue.blockedBy)).toEqual([[], [1], []]);
    expect(github.requests.filter((each) => each.path.includes("blocked_by"))).toHaveLength(1);
    expect(notes).toEqual([
      `#2 is blocked by ${github.url}/else/where/issues/7, which this plan does not hold`,
    ]);
  });

  test("a server without relations costs a note at most", async () => {
    await serve({ repositories: [{ name: NAME, relations: false }] });
    const parent = repository().addIssue({ title: "A" });
    repository().addIssue({ title: "B", blockedBy: [parent], parent });
    expect((await forge().listIssues(query())).map(({ parent: p }) => p)).toEqual([null, null]);
    await serve({});
    repository().addIssue({ title: "A", blockedBy: ["else/where#7"] });
    github.fail({ on: /blocked_by/, answer: FAULTS.notFound });
    expect(await forge().listIssues(query())).toHaveLength(1);
    expect(notes.join()).toMatch(/does not tell of blocked-by/);
  });

  test("open pull requests of all pages and people are told with what they say, ended ones are not", async () => {
    for (let number = 1; number <= 101; number += 1)
      await repository().addPull({ head: `p${number}` });
    repository().close(2);
    await repository().addPull({
      head: "patch",
      fork: "ann/sample",
      title: "Mend",
      body: "Fixes #7",
    });
    const pulls = await forge().openPullRequests();
    expect(pulls).toHaveLength(101);
    expect(pulls.at(-1)).toEqual({
      number: 102,
      title: "Mend",
      body: "Fixes #7",
      headBranch: "patch",
      url: `${github.url}/octo/sample/pull/102`,
    });
  });

  test("states are told for known numbers only", async () => {
    repository().addIssue({ title: "A" });
    repository().addIssue({ title: "B", state: "closed" });
    const states = await forge().issueStates([1, 2, 9, 1]);
    expect([...states]).toEqual([
      [1, "open"],
      [2, "closed"],
    ]);
    expect([...(await forge().issueStates([]))]).toEqual([]);
  });
});

describe("refusals", () => {
  const refused = async (answer: FaultAnswer, on = /\/issues/) => {
    github.fail({ on, answer });
    return failure(forge().listIssues(query()));
  };

  test("each says whose turn it is and what to do", async () => {
    expect(await refused(FAULTS.unauthorized)).toMatchObject({
      code: "github-unauthorized",
      kind: "machine",
      hint: expect.stringContaining("GITHUB_TOKEN"),
    });
    expect(await refused(FAULTS.forbidden)).toMatchObject({
      code: "github-forbidden",
      hint: expect.stringContaining("pull_requests=write"),
    });
    const sso = { "x-github-sso": "required; url=https://github.example/sso" };
    expect(await refused({ ...FAULTS.forbidden, headers: sso })).toMatchObject({
      hint: "Authorize the token for the organisation: https://github.example/sso",
    });
    expect(await refused(FAULTS.gone)).toMatchObject({ code: "github-gone", kind: "input" });
    expect(await failure(forge({ repo: "octo/other" }).listIssues(query()))).toMatchObject({
      code: "github-not-found",
      hint: expect.stringMatching(/name.*token/),
    });
  });

  test("a limit says until when, and nothing more is asked before", async () => {
    const limited = forge();
    github.fail({ on: /\/issues/, answer: secondaryLimit(60) });
    const error = await failure(limited.listIssues(query()));
    expect(error).toMatchObject({ code: "github-limited", retryAtMs: nowMs + 60_000 });
    const asked = github.requests.length;
    await failure(limited.listIssues(query()));
    expect(await limited.pullRequests(["fix/x"])).toMatchObject({ kind: "unknown" });
    expect(await limited.openPullRequest(spec())).toMatchObject({
      kind: "failed",
      retryAtMs: nowMs + 60_000,
    });
    expect(github.requests).toHaveLength(asked);
    nowMs += 60_000;
    expect(await limited.listIssues(query())).toEqual([]);
  });

  test("a used-up quota names its reset time", async () => {
    await serve({ rateLimit: 1 });
    const error = await failure(forge().listIssues(query()));
    expect(error.code).toBe("github-limited");
    expect(error.message).toMatch(/API rate limit exceeded \(until 2\d{3}-/);
  });

  test("a short limit is waited for", async () => {
    github.fail({ on: /\/issues/, answer: secondaryLimit(2) });
    expect(await forge().listIssues(query())).toEqual([]);
  });

  test.each<[string, FaultAnswer]>([
    ["a server error", FAULTS.badGateway],
    ["a torn answer", { kind: "truncated" }],
    ["a broken connection", { kind: "dropped" }],
  ])("%s is asked again, and told when it stays", async (_, answer) => {
    repository().addIssue({ title: "A" });
    github.fail({ on: /\/issues/, answer, times: 2 });
    expect(await forge().listIssues(query())).toHaveLength(1);
    github.fail({ on: /\/issues/, answer, times: 99 });
    expect(await failure(forge().listIssues(query()))).toMatchObject({
      code: "github-no-answer",
      kind: "machine",
    });
  });

  test("an 'unchanged' that nobody asked for is no answer", async () => {
    github.fail({ on: /\/issues/, answer: FAULTS.notModified });
    expect(await failure(forge().listIssues(query()))).toMatchObject({ code: "github-no-answer" });
  });

  test("a server that never answers is left after the timeout", async () => {
    github.fail({ on: /\/issues/, answer: { kind: "hang" }, times: 99 });
    const error = await failure(forge({ timeoutMs: 50 }).listIssues(query()));
    expect(error.message).toMatch(/no answer from .*: none within 0.05 s/);
  });

  test("an answer without end is left at its limit", async () => {
    const chunk = new Uint8Array(1024 * 1024);
    const endless = async () =>
      new Response(new ReadableStream({ pull: (stream) => stream.enqueue(chunk) }));
    const error = await failure(forge({ fetch: endless }).listIssues(query()));
    expect(error).toMatchObject({ code: "github-no-answer" });
    expect(error.message).toContain("longer than 67108864 bytes");
  });

  test("a server that is not there is an answer of the machine, not of the repository", async () => {
    const apiUrl = github.url;
    await github.close();
    const error = await failure(forge({ apiUrl }).listIssues(query()));
    expect(error).toMatchObject({ code: "github-no-answer", kind: "machine" });
    await serve({});
  });

  test("the token goes nowhere unencrypted, and into no message", async () => {
    expect(() => forge({ apiUrl: "http://github.example/api/v3" })).toThrow(/is not encrypted/);
    const error = await failure(forge({ token: "wrong-token" }).listIssues(query()));
    expect(error.code).toBe("github-unauthorized");
    expect(`${error.message} ${error.hint} ${error.stack}`).not.toContain("wrong-token");
    expect(() => forge({ token: "two words" })).toThrow(/characters that no token has/);
  });
});

describe("pull requests of branches", () => {
  const seen = async (asked: ReturnType<typeof forge>, ...branches: string[]) => {
    const answer = await asked.pullRequests(branches);
    if (answer.kind === "unknown") throw new Error(answer.reason);
    return [...answer.value.values()].map(
      (fact) => `${fact.headBranch} #${fact.number} ${fact.state}`,
    );
  };

  test("each branch gets its open one, else its newest", async () => {
    for (const head of ["a", "b", "b", "c"]) await repository().addPull({ head });
    repository().close(2);
    repository().close(3);
    await repository().merge(4);
    expect(await seen(forge(), "a", "b", "c", "d")).toEqual([
      "a #1 open",
      "b #3 closed",
      "c #4 merged",
    ]);
    await repository().addPull({ head: "b" });
    expect(await seen(forge(), "b")).toEqual(["b #5 open"]);
  });

  test("a fork's branch of the same name is someone else's", async () => {
    await repository().addPull({ head: "fix/issue-1", fork: "stranger/sample" });
    await repository().addPull({ head: "fix/issue-1", fork: "deleted" });
    await repository().addPull({ head: "fix/issue-1", fork: "octo/copy" });
    expect(await seen(forge(), "fix/issue-1")).toEqual([]);
  });

  test("the marked task is read", async () => {
    await repository().addPull({ head: "a", body: `x ${pullRequestMarker("p", "t7")}` });
    const answer = await forge().pullRequests(["a"]);
    expect(answer.kind === "known" && answer.value.get("a")?.markedTask).toBe("t7");
  });

  test("one that was opened and merged between two looks is seen", async () => {
    const watching = forge();
    expect(await seen(watching, "a")).toEqual([]);
    await repository().merge(await repository().addPull({ head: "a" }));
    expect(await seen(watching, "a")).toEqual(["a #1 merged"]);
  });

  test("looking again costs one unchanged answer, however many branches there are", async () => {
    const watching = forge();
    for (const head of ["a", "b"]) await repository().addPull({ head });
    await repository().merge(2);
    const many = Array.from({ length: 30 }, (_, index) => `later-${index}`);
    await seen(watching, "a", "b", ...many);
    const before = github.requests.length;
    await seen(watching, "a", "b", ...many);
    const again = github.requests.slice(before);
    expect(again.map((each) => each.status)).toEqual([304]);
    repository().close(1);
    expect(await seen(watching, "a", "b", ...many)).toEqual(["a #1 closed", "b #2 merged"]);
  });

  test("a change beyond the first page is seen, and so is an old one of a branch that is asked for late", async () => {
    const watching = forge();
    for (let number = 1; number <= 250; number += 1)
      await repository().addPull({ head: `b${number}` });
    expect(await seen(watching, "b250")).toEqual(["b250 #250 open"]);
    for (let number = 249; number >= 100; number -= 1) repository().close(number);
    const before = github.requests.length;
    // The two pages of changes, the third for being cheaper than to ask for two branches.
    expect(await seen(watching, "b250", "b249", "b3")).toEqual([
      "b250 #250 open",
      "b249 #249 closed",
      "b3 #3 open",
    ]);
    expect(github.requests.length - before).toBe(3);
    repository().close(3);
    expect(await seen(watching, "b250", "b3")).toEqual(["b250 #250 open", "b3 #3 closed"]);
    expect(github.requests.length - before).toBe(4);
  });

  test("a push to a branch is seen", async () => {
    const watching = forge();
    await repository().addPull({ head: "a" });
    await seen(watching, "a");
    const sha = repository().push("a");
    const answer = await watching.pullRequests(["a"]);
    expect(answer.kind === "known" && answer.value.get("a")?.headSha).toBe(sha);
  });

  test("more than one page of open ones is read", async () => {
    for (let number = 1; number <= 120; number += 1)
      await repository().addPull({ head: `b${number}` });
    expect(await seen(forge(), "b1", "b120")).toEqual(["b1 #1 open", "b120 #120 open"]);
  });

  test("no answer is unknown, not none", async () => {
    github.fail({ on: PULLS, answer: FAULTS.badGateway, times: 99 });
    expect(await forge().pullRequests(["a"])).toMatchObject({
      kind: "unknown",
      reason: expect.stringMatching(/502/),
    });
  });
});

describe("opening a pull request", () => {
  beforeEach(() => void repository().push("fix/issue-1"));

  test("it is created once, with draft, labels and reviewers", async () => {
    const wanted = { draft: true, labels: ["coppice"], reviewers: ["ann", "octo/core"] };
    const outcome = await forge().openPullRequest(spec(wanted));
    expect(outcome).toMatchObject({
      kind: "opened",
      notes: [],
      pullRequest: {
        number: 1,
        url: `${github.url}/octo/sample/pull/1`,
        state: "open",
        headBranch: "fix/issue-1",
        baseBranch: "main",
        markedTask: "t1",
        draft: true,
      },
    });
    expect(repository().issue(1).labels).toEqual(["coppice"]);
    expect(repository().pull(1)).toMatchObject({ reviewers: ["ann"], teams: ["core"] });
    expect(creations()).toHaveLength(1);
  });

  test("an open one is adopted, and gets the labels that it lacks", async () => {
    await forge().openPullRequest(spec());
    const outcome = await forge().openPullRequest(spec({ labels: ["late"] }));
    expect(outcome).toMatchObject({ kind: "adopted", notes: [], pullRequest: { number: 1 } });
    expect(repository().issue(1).labels).toEqual(["late"]);
    expect(creations()).toHaveLength(1);
  });

  test("one that a person opened for the branch is adopted, and told", async () => {
    await repository().addPull({ head: "fix/issue-1", base: "next", body: "by hand" });
    expect(await forge().openPullRequest(spec())).toMatchObject({
      kind: "adopted",
      notes: [
        "pull request #1 of fix/issue-1 goes to next",
        "pull request #1 of fix/issue-1 was opened by someone else",
      ],
    });
  });

  test("one of another task is left alone", async () => {
    const body = pullRequestMarker("other", "t1");
    await repository().addPull({ head: "fix/issue-1", body });
    expect(await forge().openPullRequest(spec())).toMatchObject({
      kind: "rejected",
      reason: expect.stringMatching(/#1 .* belongs to task t1 of other/),
    });
  });

  test("one that a person closed is not opened again; a merged one is adopted", async () => {
    await forge().openPullRequest(spec());
    repository().close(1);
    expect(await forge().openPullRequest(spec())).toMatchObject({
      kind: "rejected",
      reason: expect.stringMatching(/closed without a merge/),
    });
    await repository().merge(1);
    expect(await forge().openPullRequest(spec())).toMatchObject({
      kind: "adopted",
      pullRequest: { state: "merged" },
    });
    expect(creations()).toHaveLength(1);
  });

  test("a task that is done again after its pull request was closed gets a new one", async () => {
    await forge().openPullRequest(spec());
    repository().close(1);
    repository().push("fix/issue-1");
    expect(await forge().openPullRequest(spec())).toMatchObject({
      kind: "opened",
      pullRequest: { number: 2, state: "open" },
    });
  });

  test("work that was mended while its pull request was closed or merged gets no second one", async () => {
    await forge().openPullRequest(spec());
    repository().close(1);
    repository().push("fix/issue-1");
    const mended = spec({ deliveredTo: 1 });
    expect(await forge().openPullRequest(mended)).toEqual(rejected(/closed without a merge/));
    await repository().merge(1);
    repository().push("fix/issue-1");
    expect(await forge().openPullRequest(spec({ deliveredTo: 1 }))).toMatchObject({
      kind: "adopted",
      pullRequest: { number: 1, state: "merged" },
    });
    expect(creations()).toHaveLength(1);
  });

  test("one of long ago, for another task on the same branch name, does not stand for this one", async () => {
    await repository().addPull({ head: "fix/issue-1", body: pullRequestMarker("old", "t1") });
    await repository().merge(1);
    repository().push("fix/issue-1");
    expect(await forge().openPullRequest(spec())).toMatchObject({
      kind: "opened",
      pullRequest: { number: 2 },
    });
  });

  test.each<[string, FaultAnswer]>([
    ["a 502", FAULTS.badGateway],
    ["a torn answer", { kind: "truncated" }],
    ["a broken connection", { kind: "dropped" }],
    ["no answer", { kind: "hang" }],
  ])("%s after the creation makes no second one", async (_, answer) => {
    github.fail({ on: CREATE, answer, afterEffect: true });
    const outcome = await forge({ timeoutMs: 1500 }).openPullRequest(spec());
    expect(outcome).toMatchObject({ kind: "adopted", pullRequest: { number: 1 } });
    expect(repository().pulls).toHaveLength(1);
    expect(creations()).toHaveLength(1);
  });

  test("a failure before the creation is told as failed, and the next try creates", async () => {
    github.fail({ on: CREATE, answer: FAULTS.badGateway });
    expect(await forge().openPullRequest(spec())).toMatchObject({
      kind: "failed",
      reason: expect.stringMatching(/502.*no pull request of fix\/issue-1 is seen/),
    });
    expect(creations()).toHaveLength(1);
    expect(await forge().openPullRequest(spec())).toMatchObject({ kind: "opened" });
  });

  test("two at the same time make one", async () => {
    const outcomes = await Promise.all(
      [forge(), forge()].map((each) => each.openPullRequest(spec())),
    );
    expect(outcomes.map((outcome) => outcome.kind).toSorted()).toEqual(["adopted", "opened"]);
    expect(repository().pulls).toHaveLength(1);
  });

  test("without a look nothing is created", async () => {
    github.fail({ on: PULLS, answer: FAULTS.badGateway, times: 99 });
    expect(await forge().openPullRequest(spec())).toMatchObject({ kind: "failed" });
    expect(creations()).toHaveLength(0);
  });

  test.each<[string, Partial<PullRequestSpec>, object]>([
    [
      "an empty branch",
      { branch: "fix/empty" },
      rejected(/No commits between main and fix\/empty/),
    ],
    ["an unknown base", { base: "gone" }, rejected(/base invalid/)],
    ["a branch that GitHub does not know yet", { branch: "fix/none" }, { kind: "failed" }],
  ])("%s is refused in GitHub's own words", async (_, some, outcome) => {
    repository().branches.set("fix/empty", repository().branches.get("main") ?? "");
    expect(await forge().openPullRequest(spec(some))).toMatchObject(outcome);
  });

  test("a token without the right is told which one", async () => {
    github.fail({ on: CREATE, answer: FAULTS.forbidden });
    expect(await forge().openPullRequest(spec())).toMatchObject(rejected(/pull_requests=write/));
  });

  test("where drafts are not supported it is opened for review, and told", async () => {
    await serve({ repositories: [{ name: NAME, drafts: false }] });
    repository().push("fix/issue-1");
    expect(await forge().openPullRequest(spec({ draft: true }))).toMatchObject({
      kind: "opened",
      pullRequest: { draft: false },
      notes: [expect.stringMatching(/has no draft pull requests/)],
    });
  });

  test("labels and reviewers that are refused are a note: the pull request stands", async () => {
    github.fail({ on: /\/labels$/, answer: FAULTS.forbidden });
    const outcome = await forge().openPullRequest(spec({ labels: ["x"], reviewers: ["octocat"] }));
    expect(outcome).toMatchObject({
      kind: "opened",
      notes: [
        expect.stringMatching(/^labels of pull request #1 not set: .*403/),
        expect.stringMatching(/^reviewers of pull request #1 not set: .*422/),
      ],
    });
  });
});

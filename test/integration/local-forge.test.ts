import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { createLocalForge } from "../../src/adapters/local-forge/forge.ts";
import { localOriginPath, recordsFolder } from "../../src/adapters/local-forge/origin.ts";
import { createRedactor } from "../../src/adapters/notify/redact.ts";
import { redactedChecks } from "../../src/adapters/notify/redacted-checks.ts";
import { CoppiceError } from "../../src/manifest/errors.ts";
import { pullRequestMarker } from "../../src/manifest/marker.ts";
import type { IssueQuery } from "../../src/planner/issue.ts";
import type { PullRequestSpec } from "../../src/ports/forge.ts";

const NOW_MS = Date.UTC(2026, 0, 17, 8);
const FIXTURES = join(import.meta.dirname, "../../fixtures/forge");

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "coppice-forge-"));
});

afterEach(() => rm(dir, { recursive: true }));

const query = (some: Partial<IssueQuery> = {}): IssueQuery => ({
  labels: [],
  milestone: undefined,
  numbers: [],
  limit: undefined,
  ...some,
});

const issuesFrom = (issues: string | undefined) =>
  createLocalForge({ issues, originDir: undefined, clock: { now: () => NOW_MS } });

const failure = async (work: Promise<unknown>): Promise<CoppiceError> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CoppiceError) return error;
  throw new Error("expected a CoppiceError", { cause: error });
};

describe("issues of a JSON file", () => {
  const file = async (text: string) => {
    const path = join(dir, "issues.json");
    await writeFile(path, text);
    return path;
  };

  test("GitHub's own answer is read as it is: ordered, without pull requests and closed issues", async () => {
    const path = join(FIXTURES, "issues.json");
    const issues = await issuesFrom(path).listIssues(query());
    expect(issues.map((issue) => issue.number)).toEqual([3, 12]);
    expect(issues[1]).toEqual({
      number: 12,
      title: "Parser drops the last line",
      body: "See `src/parser.js`.",
      labels: ["bug", "priority: high"],
      state: "open",
      milestone: "1.0",
      milestoneDue: null,
      type: null,
      priority: null,
      estimate: null,
      authorAssociation: "MEMBER",
      url: "https://github.example/octo/sample/issues/12",
      blockedBy: [],
      parent: 3,
      origin: `${path}:2`,
    });
  });

  test("open pull requests stand among them, and relations may be written down", async () => {
    const path = await file(`[
      {"number": 1, "title": "A", "blocked_by": [2]},
      {"number": 2, "title": "B", "type": {"name": "Bug"}},
      {"number": 3, "title": "Mend A", "body": "Fixes #1", "pull_request": {}, "html_url": "https://host/3"},
      {"number": 4, "title": "Mend B", "pull_request": {}, "state": "closed"}
    ]`);
    expect(await issuesFrom(path).openPullRequests()).toEqual([
      { number: 3, title: "Mend A", body: "Fixes #1", headBranch: "", url: "https://host/3" },
    ]);
    expect(await issuesFrom(path).listIssues(query())).toMatchObject([
      { number: 1, blockedBy: [2], type: null },
      { number: 2, type: "Bug" },
    ]);
  });

  test("a query narrows them like on GitHub", async () => {
    const forge = issuesFrom(join(FIXTURES, "issues.json"));
    const numbers = async (some: Partial<IssueQuery>) =>
      (await forge.listIssues(query(some))).map((issue) => issue.number);
    expect(await numbers({ labels: ["BUG"] })).toEqual([12]);
    expect(await numbers({ milestone: "1.0" })).toEqual([12]);
    expect(await numbers({ numbers: [7, 3] })).toEqual([3, 7]);
    expect(await numbers({ limit: 1 })).toEqual([3]);
    expect(await failure(numbers({ numbers: [99] }))).toMatchObject({ code: "issue-missing" });
    expect(await failure(numbers({ milestone: "1.O" }))).toMatchObject({
      hint: expect.stringContaining('Did you mean "1.0"?'),
    });
    const states = new Map([
      [3, "open"],
      [7, "closed"],
    ]);
    expect(await forge.issueStates([3, 7, 99])).toEqual(states);
  });

  test("every mistake comes with file, line, column, field and remedy", async () => {
    const path = await file(
      '[\n  {"number": 1, "title": "A", "state": "opne"},\n  {"number": "2"},\n  5\n]',
    );
    const error = await failure(issuesFrom(path).listIssues(query()));
    expect(error).toMatchObject({ code: "issues-invalid", kind: "input" });
    const lines = error.message.split("\n");
    expect(lines[0]).toBe(
      `${path}:2:40 [0].state: "opne" is no state. Did you mean "open"? Write one of open, closed.`,
    );
    expect(lines[1]).toMatch(/issues\.json:3:14 \[1\]\.number: .*number/);
    expect(lines[2]).toMatch(/issues\.json:3:3 \[1\]\.title: title is missing/);
    expect(lines[3]).toMatch(/issues\.json:4:3 \[2\]: an issue is an object/);
  });

  test.each([
    ['[{"number": 1,}]', /issues\.json:1:14 .*comma/],
    ['{"issues": []}', /:1:1 the file is no list of issues\. .*gh api --paginate/],
    ["", /is empty/],
  ])("%j is refused with the way out", async (text, message) => {
    const error = await failure(issuesFrom(await file(text)).listIssues(query()));
    expect(`${error.message} ${error.hint}`).toMatch(message);
  });

  test("a path that does not exist, or none at all, is said", async () => {
    const missing = await failure(issuesFrom(join(dir, "none.json")).listIssues(query()));
    expect(missing).toMatchObject({ code: "issues-missing", kind: "input" });
    const none = await failure(
      Promise.resolve().then(() => issuesFrom(undefined).listIssues(query())),
    );
    expect(none).toMatchObject({ code: "issues-missing", kind: "usage" });
  });
});

describe("issues of a folder", () => {
  const folder = async (files: Record<string, string>) => {
    const path = join(dir, "issues");
    await mkdir(path);
    for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
    return path;
  };

  test("front matter, file name and heading say who an issue is", async () => {
    const path = await folder({
      "README.md": "About this folder",
      "10-door.md": "# Mend the door\n\nIt creaks.\n",
      "2-roof.md":
        "---\ntitle: 7\nlabels: bug, P1\nblockedBy: [10, 3]\nparent: 3\nmilestone: 1.5\ndue: 2026-02-01\ntype: Bug\npriority: 1\nestimate: 2h\nx-note: kept\n---\n# Not the title\r\n\r\nIt leaks.\n",
      "old.md": "---\nnumber: 3\ntitle: House\nstate: closed\nblockedBy: 1\n---\n",
    });
    const issues = await issuesFrom(path).listIssues(query({ numbers: [2, 3, 10] }));
    expect(issues).toMatchObject([
      {
        number: 2,
        title: "7",
        labels: ["bug", "P1"],
        blockedBy: [10, 3],
        parent: 3,
        milestone: "1.5",
        milestoneDue: "2026-02-01",
        type: "Bug",
        priority: "1",
        estimate: "2h",
        body: "# Not the title\n\nIt leaks.",
        origin: `${join(path, "2-roof.md")}:1`,
      },
      { number: 3, title: "House", state: "closed", body: "", blockedBy: [1] },
      { number: 10, title: "Mend the door", body: "It creaks.", labels: [], parent: null },
    ]);
  });

  test("all mistakes of all files are told at once, each with its line", async () => {
    const path = await folder({
      "1-a.md": "---\ntitle: A\nlables: [x]\nstate: done\n---\n",
      "2-b.md": "---\ntitle: B: c\n---\n",
      "3-c.md": "no title",
      "notes.md": "# No number",
      "4-d.md": "---\n- a\n---\n# D",
    });
    const error = await failure(issuesFrom(path).listIssues(query()));
    const lines = error.message.split("\n");
    expect(lines.find((line) => line.includes("lables"))).toMatch(
      /1-a\.md:3:\d+ lables: unknown field "lables"\. Did you mean "labels"\?/,
    );
    expect(lines.find((line) => line.includes("state"))).toMatch(
      /1-a\.md:4:8 state: "done" is no state/,
    );
    expect(lines.find((line) => line.includes("2-b"))).toMatch(/2-b\.md:2:\d+ .*no YAML/);
    expect(lines.find((line) => line.includes("3-c"))).toMatch(/title: the issue has no title/);
    expect(lines.find((line) => line.includes("notes"))).toMatch(/12-title\.md/);
    expect(lines.find((line) => line.includes("4-d"))).toMatch(
      /4-d\.md:2:1 the front matter holds no fields/,
    );
  });

  test("a folder without issues is said", async () => {
    const error = await failure(issuesFrom(await folder({ "a.txt": "" })).listIssues(query()));
    expect(error.message).toMatch(/holds no Markdown files/);
  });
});

describe("pull requests beside a bare origin", () => {
  const Person = ["-c", "user.name=A", "-c", "user.email=a@example.invalid"];
  let origin: string;
  let work: string;

  beforeEach(async () => {
    origin = join(dir, "sample.git");
    work = join(dir, "work");
    await git(dir, "init", "-q", "--bare", "-b", "main", origin);
    await git(dir, "clone", "-q", origin, work);
    await git(work, "checkout", "-q", "-b", "main");
    await commit("first");
    await git(work, "push", "-q", "origin", "main");
  });

  const git = async (cwd: string, ...args: string[]): Promise<string> => {
    const run = await exec("git", [...Person, ...args], { cwd });
    if (run.code !== 0) throw new Error(run.stderr);
    return run.stdout.trim();
  };

  const commit = (message: string) => git(work, "commit", "-q", "--allow-empty", "-m", message);

  const branch = async (name: string, from = "main") => {
    await git(work, "checkout", "-q", "-b", name, from);
    await commit(`work on ${name}`);
    await git(work, "push", "-q", "origin", name);
  };

  const mergeInto = async (base: string, name: string) => {
    await git(work, "checkout", "-q", base);
    await git(work, "merge", "-q", "--no-ff", "-m", `Merge ${name}`, name);
    await git(work, "push", "-q", "origin", base);
  };

  const forge = () =>
    createLocalForge({ issues: undefined, originDir: origin, clock: { now: () => NOW_MS } });

  const spec = (some: Partial<PullRequestSpec> = {}): PullRequestSpec => ({
    taskId: "t1",
    branch: "fix/issue-1",
    base: "main",
    headSha: "0".repeat(40),
    deliveredTo: null,
    title: "Mend it",
    body: `Closes #1\n\n${pullRequestMarker("sample", "t1")}`,
    draft: false,
    labels: ["coppice"],
    reviewers: [],
    ...some,
  });

  const states = async (...branches: string[]) => {
    const answer = await forge().pullRequests(branches);
    if (answer.kind === "unknown") throw new Error(answer.reason);
    return [...answer.value.values()].map(
      (fact) => `${fact.headBranch} #${fact.number} ${fact.state}`,
    );
  };

  const recordFile = (number: number) => join(recordsFolder(origin), `${number}.json`);

  const edit = async (number: number, fields: object) => {
    const record = JSON.parse(await readFile(recordFile(number), "utf8"));
    await writeFile(recordFile(number), JSON.stringify({ ...record, ...fields }));
  };

  test("the record lies beside the origin and holds what a person wants to read", async () => {
    await branch("fix/issue-1");
    const outcome = await forge().openPullRequest(spec());
    expect(outcome).toMatchObject({
      kind: "opened",
      pullRequest: { number: 1, state: "open", markedTask: "t1", baseBranch: "main" },
    });
    expect(await forge().openPullRequests()).toMatchObject([
      { number: 1, title: "Mend it", headBranch: "fix/issue-1" },
    ]);
    expect(recordFile(1)).toBe(join(dir, "sample.pulls", "1.json"));
    expect(JSON.parse(await readFile(recordFile(1), "utf8"))).toMatchObject({
      version: 1,
      state: "open",
      head: "fix/issue-1",
      headSha: await git(work, "rev-parse", "fix/issue-1"),
      labels: ["coppice"],
      createdAt: "2026-01-17T08:00:00.000Z",
    });
  });

  test("opening again adopts; another task's is left alone", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    expect(await forge().openPullRequest(spec())).toMatchObject({
      kind: "adopted",
      pullRequest: { number: 1 },
    });
    const other = spec({ body: pullRequestMarker("sample", "t2") });
    expect(await forge().openPullRequest(other)).toMatchObject({
      kind: "rejected",
      reason: expect.stringMatching(/belongs to task t1 of sample/),
    });
    expect(await readdir(recordsFolder(origin))).toEqual(["1.json"]);
  });

  test("many at the same time: one for each branch, every number once, nothing left over", async () => {
    const names = Array.from({ length: 8 }, (_, index) => `fix/issue-${index}`);
    for (const name of names) await branch(name);
    const outcomes = await Promise.all(
      [...names, ...names].map((name) => forge().openPullRequest(spec({ branch: name }))),
    );
    const kinds = outcomes.map((outcome) => outcome.kind);
    expect(kinds.filter((kind) => kind === "opened")).toHaveLength(8);
    expect(kinds.filter((kind) => kind === "adopted")).toHaveLength(8);
    expect((await readdir(recordsFolder(origin))).toSorted()).toEqual(
      names.map((_, index) => `${index + 1}.json`),
    );
  });

  test("a branch that is contained in its base is merged, also after the branch is gone", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    expect(await states("fix/issue-1", "fix/issue-2")).toEqual(["fix/issue-1 #1 open"]);
    await mergeInto("main", "fix/issue-1");
    expect(await states("fix/issue-1")).toEqual(["fix/issue-1 #1 merged"]);
    await git(work, "push", "-q", "origin", ":fix/issue-1");
    expect(await states("fix/issue-1")).toEqual(["fix/issue-1 #1 merged"]);
    const { headSha } = JSON.parse(await readFile(recordFile(1), "utf8"));
    expect(await forge().openPullRequest(spec({ headSha }))).toMatchObject({
      kind: "adopted",
      pullRequest: { state: "merged" },
    });
  });

  test("a stacked one is merged with its parent's branch, or straight into the default branch", async () => {
    await branch("fix/parent");
    await branch("fix/child", "fix/parent");
    await forge().openPullRequest(spec({ branch: "fix/child", base: "fix/parent" }));
    await mergeInto("main", "fix/parent");
    await git(work, "push", "-q", "origin", ":fix/parent");
    expect(await states("fix/child")).toEqual(["fix/child #1 open"]);
    await mergeInto("main", "fix/child");
    expect(await states("fix/child")).toEqual(["fix/child #1 merged"]);
  });

  test("a branch set back to its base is not merged; one that is gone unmerged is closed", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    await git(work, "push", "-q", "-f", "origin", "main:fix/issue-1");
    expect(await states("fix/issue-1")).toEqual(["fix/issue-1 #1 open"]);
    await git(work, "push", "-q", "origin", ":fix/issue-1");
    expect(await states("fix/issue-1")).toEqual(["fix/issue-1 #1 closed"]);
  });

  test("a person closes and merges by hand", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    await edit(1, { state: "closed", "x-why": "not wanted" });
    expect(await states("fix/issue-1")).toEqual(["fix/issue-1 #1 closed"]);
    const { headSha } = JSON.parse(await readFile(recordFile(1), "utf8"));
    expect(await forge().openPullRequest(spec({ headSha }))).toMatchObject({ kind: "rejected" });
    await edit(1, { state: "merged" });
    expect(await states("fix/issue-1")).toEqual(["fix/issue-1 #1 merged"]);
  });

  test("a task that is done again after its pull request was closed gets a new one", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    await edit(1, { state: "closed" });
    const headSha = "1".repeat(40);
    const mended = await forge().openPullRequest(spec({ headSha, deliveredTo: 1 }));
    expect(mended).toMatchObject({ kind: "rejected" });
    const again = await forge().openPullRequest(spec({ headSha }));
    expect(again).toMatchObject({ kind: "opened", pullRequest: { number: 2, state: "open" } });
  });

  test("a record that does not read is unknown, with its place, and stops new ones", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    await edit(1, { state: "shut" });
    const reason = expect.stringMatching(/1\.json:1:\d+ state: "shut" is no state\./);
    expect(await forge().pullRequests(["fix/issue-1"])).toMatchObject({ kind: "unknown", reason });
    expect(await forge().openPullRequest(spec())).toMatchObject({ kind: "failed", reason });
    await writeFile(recordFile(1), '{"version": 1,');
    expect(await forge().pullRequests(["fix/issue-1"])).toMatchObject({ kind: "unknown" });
  });

  test("what a person's own program says of checks counts for the head, the last of each name", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    const { headSha: sha } = JSON.parse(await readFile(recordFile(1), "utf8"));
    const checks = async () => (await forge().checks([{ number: 1, sha }])).get(1);
    const said = async (...records: readonly object[]) => {
      await edit(1, { checks: records });
      return checks();
    };
    const fact = (
      state: string,
      failed: readonly object[] = [],
      awaited: readonly string[] = [],
    ) => ({
      kind: "known",
      value: { sha, state, awaited, failed },
    });
    expect(await checks()).toEqual(fact("none"));
    const log = `${"x".repeat(301)}\n\u001b[31mred\u001b[0m\n`;
    const failing = { name: "test", sha, state: "failed", log };
    const tail = [`${"x".repeat(299)}…`, "red"];
    expect(await said({ ...failing, sha: "1".repeat(40) })).toEqual(fact("none"));
    expect(await said(failing)).toEqual(fact("failed", [{ name: "test", tail }]));
    expect(await said({ name: "lint", sha, state: "running" }, failing)).toEqual(
      fact("running", [{ name: "test", tail }], ["lint"]),
    );
    expect(await said(failing, { name: "test", sha, state: "passed" })).toEqual(fact("passed"));
    expect(await said({ name: "test", sha, state: "failed" })).toEqual(
      fact("failed", [{ name: "test", tail: [] }]),
    );
    expect(await states("fix/issue-1")).toEqual(["fix/issue-1 #1 open"]);
  });

  test("what a check printed tells no secrets", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    const { headSha: sha } = JSON.parse(await readFile(recordFile(1), "utf8"));
    const secrets = { API_TOKEN: "not-for-anybody" };
    const token = `ghp_${"x".repeat(36)}`;
    const key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----";
    const log = `got ${token}\nsent not-for-anybody\n${key}\nended`;
    const failed = [
      { name: "test", sha, state: "failed", log },
      { name: "lint", sha, state: "failed" },
    ];
    await edit(1, { checks: failed });
    const pulls = [
      { number: 1, sha },
      { number: 7, sha },
    ];
    const answers = await redactedChecks(forge(), createRedactor(secrets)).checks(pulls);
    const tail = ["got [secret]", "sent [secret]", "[secret]", "ended"];
    expect(answers.get(1)).toMatchObject({
      value: {
        state: "failed",
        failed: [
          { name: "test", tail },
          { name: "lint", tail: [] },
        ],
      },
    });
    expect(answers.get(7)).toMatchObject({ kind: "unknown" });
  });

  test("checks that do not read, or cannot be, are unknown with the place and the way on", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    const { headSha: sha } = JSON.parse(await readFile(recordFile(1), "utf8"));
    expect((await forge().checks([{ number: 7, sha }])).get(7)).toEqual({
      kind: "unknown",
      reason: "there is no pull request #7",
    });
    await edit(1, { checks: [{ name: "test", sha, state: "faild" }] });
    expect((await forge().checks([{ number: 1, sha }])).get(1)).toEqual({
      kind: "unknown",
      reason: expect.stringMatching(
        /1\.json:1:\d+ checks\[0\]\.state: "faild" is no state\. Did you mean "failed"\?/,
      ),
    });
    expect((await issuesFrom(undefined).checks([{ number: 1, sha }])).get(1)).toEqual({
      kind: "unknown",
      reason: expect.stringMatching(/git clone --bare/),
    });
  });

  test("what cannot be merged is not opened", async () => {
    await git(work, "push", "-q", "origin", "main:fix/empty");
    expect(await forge().openPullRequest(spec({ branch: "fix/empty" }))).toMatchObject({
      kind: "rejected",
      reason: "no commits between main and fix/empty",
    });
    expect(await forge().openPullRequest(spec())).toMatchObject({ kind: "failed" });
    expect(await forge().openPullRequest(spec({ base: "gone" }))).toMatchObject({
      kind: "rejected",
    });
  });

  test("an origin that is gone is unknown, not without pull requests", async () => {
    await branch("fix/issue-1");
    await forge().openPullRequest(spec());
    await rm(origin, { recursive: true });
    expect(await forge().pullRequests(["fix/issue-1"])).toMatchObject({
      kind: "unknown",
      reason: expect.stringMatching(/sample\.git failed/),
    });
  });

  test("without an origin pull requests are refused with the way to one", async () => {
    const none = createLocalForge({
      issues: undefined,
      originDir: undefined,
      clock: { now: () => NOW_MS },
    });
    expect(await none.openPullRequest(spec())).toMatchObject({
      kind: "rejected",
      reason: expect.stringMatching(/git clone --bare/),
    });
    expect(await none.pullRequests(["a"])).toEqual({ kind: "known", value: new Map() });
  });

  test("a checkout serves as origin, too", async () => {
    const checkout = join(dir, "checkout");
    await git(dir, "clone", "-q", origin, checkout);
    await branch("fix/issue-1");
    await git(checkout, "fetch", "-q", "origin", "fix/issue-1:fix/issue-1");
    const beside = createLocalForge({
      issues: undefined,
      originDir: checkout,
      clock: { now: () => NOW_MS },
    });
    expect(await beside.openPullRequest(spec())).toMatchObject({ kind: "opened" });
    expect(recordsFolder(join(checkout, ".git"))).toBe(recordsFolder(`${checkout}/`));
  });
});

test.each([
  ["/srv/sample.git", "/srv/sample.git"],
  ["../sample.git", "/home/me/sample.git"],
  ["file:///srv/a%20b.git", "/srv/a b.git"],
  ["https://github.com/octo/sample", null],
  ["git@github.com:octo/sample.git", null],
  ["ssh://git@host/x", null],
  [null, null],
])("origin %s is the folder %s", (url, path) => {
  expect(localOriginPath(url, "/home/me/project")).toBe(path);
});

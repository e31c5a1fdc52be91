import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createGitHubForge } from "../../src/adapters/github/forge.ts";
import type { ChecksFact, Probe } from "../../src/classify/evidence.ts";
import type { CheckRecord, StatusRecord } from "../support/github-checks.ts";
import {
  FAULTS,
  type GitHubServer,
  secondaryLimit,
  startGitHubServer,
} from "../support/github-server.ts";

const NAME = "octo/sample";
const SHA = "a".repeat(40);
const RUNS = /^GET \/repos\/octo\/sample\/commits\/\w+\/check-runs/;
const WORKFLOWS = /^GET \/repos\/octo\/sample\/actions\/runs\?/;
const LOGS = /^GET \/repos\/octo\/sample\/actions\/jobs\/\d+\/logs$/;
const MINUTE_MS = 60_000;

let github: GitHubServer;
let nowMs: number;
let checksOf: ReturnType<typeof createGitHubForge>["checks"];

beforeEach(async () => {
  nowMs = Date.now();
  github = await startGitHubServer({ repositories: [{ name: NAME }] });
  const sleep = async (ms: number) => {
    nowMs += ms;
  };
  checksOf = createGitHubForge({
    repo: NAME,
    apiUrl: github.url,
    token: github.token,
    clock: { now: () => nowMs, sleep },
    retryBaseMs: 1,
    note: () => undefined,
  }).checks;
});

afterEach(() => github.close());

const checks = () => github.repository(NAME).checks;

const probe = async (sha = SHA): Promise<Probe<ChecksFact> | undefined> =>
  (await checksOf([{ number: 1, sha }])).get(1);

const fact = async (): Promise<ChecksFact> => {
  const answer = await probe();
  if (answer?.kind === "known") return answer.value;
  throw new Error(answer?.reason ?? "no answer");
};

const state = async () => (await fact()).state;
const tail = async () => (await fact()).failed[0]?.tail;

const asked = (pattern: RegExp) =>
  github.requests.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length;

describe("what checks come down to", () => {
  const unfinished = ["queued", "in_progress", "requested", "pending"] as const;
  test.each(unfinished)("a run that is %s is running", async (status) => {
    checks().add(SHA, { status });
    checks().add(SHA, { name: "lint" });
    expect(await fact()).toEqual({ sha: SHA, state: "running", awaited: ["test"], failed: [] });
  });

  const conclusions: readonly [CheckRecord["conclusion"], ChecksFact["state"]][] = [
    ["failure", "failed"],
    ["timed_out", "failed"],
    ["startup_failure", "failed"],
    ["success", "passed"],
    ["neutral", "passed"],
    ["skipped", "passed"],
    ["cancelled", "passed"],
    ["stale", "passed"],
    ["action_required", "held"],
  ];
  test.each(conclusions)("a run that ended with %s: %s", async (conclusion, expected) => {
    checks().add(SHA, { conclusion });
    checks().add(SHA, { name: "lint" });
    expect(await state()).toBe(expected);
    // GitHub's description leaves out two conclusions that it sends.
    const left =
      /^GET \/repos\/\{owner\}\/\{repo\}\/commits\/\{ref\}\/check-runs: answer 200.*\/conclusion/;
    expect(github.takeProblems().filter((problem) => !left.test(problem))).toEqual([]);
  });

  const statuses: readonly [StatusRecord["state"], ChecksFact["state"]][] = [
    ["pending", "running"],
    ["success", "passed"],
    ["failure", "failed"],
    ["error", "failed"],
  ];
  test.each(statuses)("a status %s: %s", async (reported, expected) => {
    checks().setStatus(SHA, { state: reported, description: "17 of 18" });
    checks().setStatus(SHA, { context: "ci/other" });
    const failed = expected === "failed" ? [{ name: "ci/build", tail: ["17 of 18"] }] : [];
    const awaited = expected === "running" ? ["ci/build"] : [];
    expect(await fact()).toEqual({ sha: SHA, state: expected, awaited, failed });
  });

  test("nothing checks it", async () => {
    expect(await fact()).toEqual({ sha: SHA, state: "none", awaited: [], failed: [] });
  });

  test("a deployment that waits for an approval holds all, also what failed, once nothing runs", async () => {
    checks().add(SHA, { name: "deploy", status: "waiting" });
    checks().add(SHA, { name: "test", conclusion: "failure", title: "1 failed" });
    const lint = checks().add(SHA, { name: "lint", status: "in_progress" });
    const failed = [{ name: "test", tail: [] }];
    expect(await fact()).toEqual({
      sha: SHA,
      state: "running",
      awaited: ["deploy", "lint"],
      failed,
    });
    Object.assign(checks().runs.get(lint) ?? {}, { status: "completed", conclusion: "success" });
    const told = [{ name: "test", tail: ["1 failed"] }];
    expect(await fact()).toEqual({ sha: SHA, state: "held", awaited: ["deploy"], failed: told });
  });

  test("the newest run of a check counts, another app's of that name for itself", async () => {
    checks().add(SHA, { app: "ci", conclusion: "failure" });
    checks().add(SHA, { app: "ci", suite: 2 });
    expect(await state()).toBe("passed");
    checks().add(SHA, { suite: 3, app: "other-ci", conclusion: "failure" });
    checks().add(SHA, { app: "ci", suite: 4 });
    nowMs += 10 * MINUTE_MS;
    expect(await state()).toBe("failed");
  });

  test("all pages are read", async () => {
    for (let each = 1; each <= 101; each += 1) {
      const conclusion = each === 1 ? "failure" : "success";
      checks().add(SHA, { name: `job ${each}`, conclusion });
      checks().setStatus(SHA, {
        context: `status ${each}`,
        state: each === 101 ? "error" : "success",
      });
      checks().addWorkflow(SHA, { name: `workflow ${each}`, conclusion });
    }
    const names = (await fact()).failed.map(({ name }) => name);
    expect(names).toEqual(["workflow 1", "job 1", "status 101"]);
  });
});

describe("workflows", () => {
  test("jobs of one name in two workflows, or for two events, are two checks", async () => {
    const failing = { conclusion: "failure" } as const;
    checks().add(SHA, { suite: checks().addWorkflow(SHA, failing), ...failing });
    checks().add(SHA, { suite: checks().addWorkflow(SHA, { name: "Docs" }) });
    checks().add(SHA, { suite: checks().addWorkflow(SHA, { event: "push" }) });
    expect(await fact()).toMatchObject({ state: "failed", failed: [{ name: "test" }] });
  });

  test("a workflow that ran anew for the same event counts with its newest run alone", async () => {
    const before = checks().addWorkflow(SHA, { conclusion: "failure" });
    checks().add(SHA, { suite: before, name: "has a label", conclusion: "failure" });
    checks().add(SHA, { suite: checks().addWorkflow(SHA) });
    expect(await state()).toBe("passed");
  });

  test("as long as one runs, its other jobs are still to come", async () => {
    const suite = checks().addWorkflow(SHA, { status: "in_progress" });
    checks().add(SHA, { suite, name: "lint" });
    expect(await state()).toBe("running");
    Object.assign(checks().workflows.get(suite) ?? {}, {
      status: "completed",
      conclusion: "success",
    });
    expect(await state()).toBe("passed");
  });

  test("one that failed before its first job began is told with its file", async () => {
    checks().addWorkflow(SHA, { conclusion: "startup_failure" });
    const tail = [".github/workflows/ci.yml ended as startup_failure before any job of it began"];
    expect(await fact()).toEqual({
      sha: SHA,
      state: "failed",
      awaited: [],
      failed: [{ name: "CI", tail }],
    });
  });

  test("one that waits for a person's leave is held", async () => {
    checks().addWorkflow(SHA, { conclusion: "action_required" });
    expect(await state()).toBe("held");
  });

  test.each([FAULTS.forbidden, FAULTS.notFound])(
    "without the right to see them ($status) the check runs count alone",
    async (answer) => {
      github.fail({ on: WORKFLOWS, answer });
      checks().add(SHA, { suite: checks().addWorkflow(SHA, { status: "in_progress" }) });
      expect(await state()).toBe("passed");
    },
  );
});

describe("the last lines of what failed", () => {
  const Time = "2026-01-17T08:00:00.1234567Z";

  test("a job's log until it failed, without times, marks and colours, cut", async () => {
    const printed = [
      "\ufeff##[group]Run npm test",
      "##[command]npm test",
      ...Array.from({ length: 70 }, (_, index) => `line ${index}`),
      "##[endgroup]",
      `\u001b[31m  not ok\u001b[0m ${"y".repeat(400)}`,
      "##[error]Process completed with exit code 1.",
      "##[group]Post job cleanup.",
      "Cleaning up orphan processes",
    ];
    const log = printed.map((line) => `${Time} ${line}`).join("\r\n");
    checks().add(SHA, { conclusion: "failure", log, title: "not this" });
    const lines = (await tail()) ?? [];
    expect(lines).toHaveLength(60);
    expect(lines.slice(0, 2)).toEqual(["line 13", "line 14"]);
    expect(lines.slice(-3)).toEqual([
      "",
      `  not ok ${"y".repeat(290)}…`,
      "error: Process completed with exit code 1.",
    ]);
  });

  test("of a log that is longer than all that is kept, its end", async () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `${index} ${"x".repeat(79)}`);
    const log = ["##[error]long before", ...many, "the end"].join("\n");
    checks().add(SHA, { conclusion: "failure", log });
    expect(await tail()).toEqual([...many.slice(-59), "the end"]);
  });

  const refusals = [FAULTS.forbidden, FAULTS.notFound, FAULTS.gone];
  test.each(refusals)("$status instead of a log: what the run says", async (answer) => {
    github.fail({ on: LOGS, answer });
    const annotations = [
      { path: "src/a.js", line: 3, level: "warning", message: "unused" },
      { path: "src/a.js", line: 7, level: "failure", message: "wrong" },
    ] as const;
    const said = { title: "2 problems", summary: "in one file", text: "a\nb", annotations };
    checks().add(SHA, { conclusion: "failure", log: "printed", ...said });
    expect(await tail()).toEqual(["2 problems", "in one file", "a", "b", "src/a.js:7 wrong"]);
  });

  test("another app's run has no log, and nothing to say is nothing", async () => {
    checks().add(SHA, { app: "other-ci", conclusion: "failure", log: "printed" });
    expect(await tail()).toEqual([]);
    expect(asked(LOGS)).toBe(0);
  });

  test("each is asked for once when all have ended, and again after an answer was missing", async () => {
    const run = checks().add(SHA, { conclusion: "failure", log: "first" });
    const lint = checks().add(SHA, { name: "lint", status: "in_progress" });
    expect(await tail()).toEqual([]);
    expect(asked(LOGS)).toBe(0);
    Object.assign(checks().runs.get(lint) ?? {}, { status: "waiting" });
    github.fail({ on: LOGS, times: 3, answer: FAULTS.badGateway });
    expect(await probe()).toMatchObject({ kind: "unknown" });
    expect(asked(LOGS)).toBe(3);
    expect(await tail()).toEqual(["first"]);
    expect(await tail()).toEqual(["first"]);
    expect(asked(LOGS)).toBe(4);
    const again = { log: "second", completedAt: "2026-01-01T01:00:00Z" };
    Object.assign(checks().runs.get(run) ?? {}, again);
    expect(await tail()).toEqual(["second"]);
  });
});

describe("the price", () => {
  test.each(["success", "failure"] as const)(
    "after %s it is asked again in ten minutes, before that at every look",
    async (conclusion) => {
      const run = checks().add(SHA, { status: "in_progress" });
      await fact();
      expect(await state()).toBe("running");
      expect(asked(RUNS)).toBe(2);
      Object.assign(checks().runs.get(run) ?? {}, { status: "completed", conclusion });
      nowMs += 2 * MINUTE_MS;
      const settled = await fact();
      expect(asked(RUNS)).toBe(3);
      checks().add(SHA, { status: "queued" });
      nowMs += 10 * MINUTE_MS - 1;
      expect(await fact()).toEqual(settled);
      expect(asked(RUNS)).toBe(3);
      nowMs += 1;
      expect(await state()).toBe("running");
      expect(asked(RUNS)).toBe(4);
    },
  );

  test("what has ended within two minutes has settled nothing: other checks may begin", async () => {
    checks().setStatus(SHA, { state: "success" });
    expect(await state()).toBe("passed");
    checks().add(SHA, { status: "queued" });
    nowMs += MINUTE_MS;
    expect(await state()).toBe("running");
  });

  test("what is unchanged is not sent again", async () => {
    checks().add(SHA, { status: "in_progress" });
    await fact();
    await fact();
    const statuses = github.requests.map(
      ({ path, status }) => `${path.split(/[/?]/)[6]} ${status}`,
    );
    expect(statuses.slice(-2).toSorted()).toEqual(["check-runs 304", "status 304"]);
  });

  test("fifty commits in one look, first those that were not asked for the longest", async () => {
    const pulls = Array.from({ length: 51 }, (_, index) => ({
      number: index + 1,
      sha: (index + 1).toString(16).padStart(40, "0"),
    }));
    const states = async () =>
      [...(await checksOf([{ number: 99, sha: pulls[0]?.sha ?? "" }, ...pulls])).entries()].map(
        ([number, answer]) =>
          answer.kind === "known"
            ? `${number} ${answer.value.state}`
            : `${number} ${answer.reason}`,
      );
    const first = await states();
    expect(first).toEqual([
      "99 none",
      ...pulls.slice(0, 50).map(({ number }) => `${number} none`),
      "51 not asked yet",
    ]);
    expect(asked(RUNS)).toBe(50);
    for (const { sha } of pulls) checks().add(sha, { status: "queued" });
    nowMs += 1;
    // The first fifty were asked for at the same time: the last of them has to wait.
    const second = await states();
    expect(second.filter((line) => /none|not asked/.test(line))).toEqual(["50 none"]);
    expect(asked(RUNS)).toBe(100);
    nowMs += 1;
    expect((await states()).filter((line) => /none|not asked/.test(line))).toEqual([]);
  });
});

describe("no answer is unknown, never none", () => {
  test("one that fails leaves the others alone", async () => {
    const other = "b".repeat(40);
    github.fail({ on: new RegExp(`${other}/check-runs`), times: 3, answer: FAULTS.badGateway });
    const pulls = [SHA, other].map((sha, index) => ({ number: index + 1, sha }));
    const answers = await checksOf(pulls);
    expect(answers.get(1)).toMatchObject({ kind: "known" });
    expect(answers.get(2)).toMatchObject({
      kind: "unknown",
      reason: expect.stringMatching(/answers 502 to GET .*check-runs/),
    });
    expect((await checksOf(pulls)).get(2)).toMatchObject({ kind: "known" });
  });

  test("a token without the right is told which ones are needed", async () => {
    github.fail({ on: RUNS, answer: FAULTS.forbidden });
    expect(await probe()).toMatchObject({
      kind: "unknown",
      reason: expect.stringMatching(
        /Resource not accessible.*rights checks, commit statuses and actions \(read\).*classic/,
      ),
    });
  });

  test("a limit is waited for", async () => {
    github.fail({ on: RUNS, answer: secondaryLimit(120) });
    expect(await probe()).toMatchObject({ kind: "unknown" });
    const before = github.requests.length;
    expect(await probe()).toMatchObject({ kind: "unknown" });
    expect(github.requests).toHaveLength(before);
    nowMs += 2 * MINUTE_MS;
    expect(await state()).toBe("none");
  });
});

import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type ExecResult, exec } from "../../src/adapters/exec.ts";
import { readRecords } from "../../src/adapters/local-forge/records.ts";
import { coppice } from "../support/built-cli.ts";
import { type CodexAccount, createCodexAccount, installCodex } from "../support/codex.ts";
import { type GitLab, openGitLab } from "../support/git-repository.ts";
import { startGitHubServer } from "../support/github-server.ts";
import {
  type ModelRequest,
  type ModelServer,
  type ModelStep,
  startModelServer,
} from "../support/model-server.ts";

const codex = await installCodex();
let lab: GitLab;
let model: ModelServer;
let account: CodexAccount;

beforeEach(async ({ skip }) => {
  if (codex.kind === "unavailable") return skip(`Codex cannot be installed: ${codex.reason}`);
  lab = await openGitLab();
  model = await startModelServer();
  account = await createCodexAccount(join(lab.folder, "account"), codex.program, model.url);
  return async () => {
    await exec("tmux", ["-S", join(lab.folder, "work/tmux.sock"), "kill-server"]);
    await model.close();
    await lab.close();
  };
});

test("issues of a folder become stacked pull requests on the local forge", async () => {
  await writeIssue(1, "Add a first file", "Please name it 1.txt.");
  await writeIssue(2, "Add a second file", "This depends on #1.");
  for (const issue of [1, 2]) model.play({ matches: worksOn(issue), steps: carryOut(issue) });

  await succeed(["plan", "--issues", "issues", ...PLACE]);
  const run = await succeed(RUN);

  expect(JSON.parse(run.stdout)).toMatchObject({ outcome: "delivered" });
  expect(await pullRequests()).toMatchObject([
    { number: 1, head: "fix/issue-1", base: "main", state: "open" },
    { number: 2, head: "fix/issue-2", base: "fix/issue-1", state: "open" },
  ]);
  expect(await pushed("main..fix/issue-2")).toEqual(["Work on 2", "Work on 1"]);
  expect(await pushed("main")).toHaveLength(1);
});

test("an issue on GitHub becomes one pull request there, and Codex never sees the token", async () => {
  const github = await startGitHubServer({
    repositories: [{ name: "acme/lab", bareRepository: lab.origin }],
  });
  onTestFinished(() => github.close());
  const issue = github
    .repository("acme/lab")
    .addIssue({ title: "Add a file", body: "Please name it 1.txt." });
  model.play({
    matches: worksOn(issue),
    steps: [{ kind: "call", tool: "exec_command", args: { cmd: "env" } }, ...carryOut(issue)],
  });
  const access = { GITHUB_TOKEN: github.token, GITHUB_API_URL: github.url };

  await succeed(["plan", "--repo", "acme/lab", ...PLACE], access);
  await succeed(RUN, access);

  const creations = github.requests.filter(
    ({ method, path }) => method === "POST" && path.endsWith("/pulls"),
  );
  expect(creations).toMatchObject([{ status: 201, body: { head: "fix/issue-1", base: "main" } }]);
  expect(await pushed("main..fix/issue-1")).toEqual(["Work on 1"]);
  const seen = JSON.stringify(model.requests);
  expect(seen).toContain("COPPICE_TASK=t1");
  expect(seen).not.toContain(github.token);
});

test("a Codex that ends its turn without a commit is told to go on", async () => {
  await writeIssue(1, "Add a file", "Please name it 1.txt.");
  model.play({
    matches: worksOn(1),
    steps: [{ kind: "say", text: "All tests passed. Done!" }, ...carryOut(1)],
  });

  await succeed(["plan", "--issues", "issues", ...PLACE]);
  await succeed(RUN);

  expect(await pullRequests()).toMatchObject([{ number: 1, head: "fix/issue-1" }]);
  const turns = model.requests.filter((request) => worksOn(1)(request) && !request.errand);
  expect(new Set(turns.map((request) => request.threadId)).size).toBe(1);
});

const RUN = ["run", "--json", "--interval", "2"];
const PLACE = ["--workdir", "work", "--repo-dir", "checkout", "--agent", "codex"];

const worksOn = (issue: number) => (request: ModelRequest) =>
  request.userTexts.some((text) => text.includes(`You work on issue #${issue} `));

/** A file of the issue's own, committed. */
const carryOut = (issue: number): readonly ModelStep[] => [
  {
    kind: "patch",
    say: "I add the file.",
    patch: `*** Begin Patch\n*** Add File: issue-${issue}.txt\n+done\n*** End Patch\n`,
  },
  {
    kind: "call",
    tool: "exec_command",
    args: { cmd: `git add --all && git commit --quiet --message 'Work on ${issue}'` },
  },
  { kind: "say", text: "The file is committed." },
];

async function writeIssue(number: number, title: string, body: string): Promise<void> {
  const dir = join(lab.folder, "issues");
  await mkdir(dir, { recursive: true });
  await writeFile(
    join(dir, `${number}.md`),
    `---\nnumber: ${number}\ntitle: ${title}\n---\n${body}\n`,
  );
}

async function succeed(
  args: readonly string[],
  access: Readonly<Record<string, string>> = {},
): Promise<ExecResult> {
  const env = {
    ...access,
    HOME: account.home,
    PATH: [account.binDir, process.env["PATH"]].join(delimiter),
  };
  const run = await coppice(args, { cwd: lab.folder, env });
  if (run.code !== 0) throw new Error(`coppice ${args[0]} ended with ${run.code}: ${run.stderr}`);
  return run;
}

const pullRequests = () => readRecords(join(lab.folder, "origin.pulls"));

/** Subjects of commits on `origin`, newest first. */
const pushed = async (range: string): Promise<readonly string[]> =>
  (await lab.git(["log", "--format=%s", range], lab.origin)).split("\n");

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import {
  FAULTS,
  type FaultAnswer,
  type GitHubServer,
  secondaryLimit,
  startGitHubServer,
} from "../support/github-server.ts";
import { eventually, puppet, test, type Workplace } from "../support/workplace.ts";

const TOKEN = "ghp_aTokenThatNobodyElseMaySee0123456789";

test.concurrent("labelled issues of many pages become pull requests; merged ones are cleared away with nothing lost", async ({
  place,
  onTestFinished,
}) => {
  const github = await openGitHub(place, onTestFinished);
  const lab = github.repository("acme/lab");
  for (let index = 0; index < 104; index++)
    lab.addIssue({ title: `Later ${index}`, labels: ["later"] });
  await lab.addPull({ head: "somebodys-work", state: "closed" });
  const first = lab.addIssue({
    title: "First",
    labels: ["ready"],
    body: "Please write it to 1.txt.",
  });
  const second = lab.addIssue({ title: "Second, in 2.txt", labels: ["ready"], blockedBy: [first] });
  const env = { GITHUB_TOKEN: TOKEN, GITHUB_API_URL: github.url };

  const all = await place.succeed(["plan", ...whereFor(place), "--dry-run", "--json"], env);
  expect(JSON.parse(all.stdout).phases.flatMap((phase: Phase) => phase.tasks)).toHaveLength(106);
  const words = ["--agent", "command", "--command", ...puppet(place)];
  await place.succeed(["plan", ...whereFor(place), "--label", "ready", ...words], env);
  const run = place.start(["run"], env);
  for (const issue of [first, second]) {
    const agent = await place.puppets.enter(`t${issue}`);
    expect(JSON.stringify([agent.hello, await place.processes()])).not.toContain(TOKEN);
    await agent.commit(`${issue}.txt`, "done\n", `Work on ${issue}`);
    await agent.exit(0);
  }
  expect(await run.ended).toMatchObject({ code: 0 });

  expect(openPulls(github)).toMatchObject([
    { pull: { head: `fix/issue-${first}`, base: "main" } },
    { pull: { head: `fix/issue-${second}`, base: `fix/issue-${first}` } },
  ]);
  const [one, two] = openPulls(github).map(({ issue }) => issue.number);
  expect(lab.issue(two ?? 0).body).toMatch(new RegExp(`^Closes #${second}$`, "m"));

  await writeFile(join(place.workdir, `worktrees/t${first}/idea.txt`), "not committed\n");
  await lab.merge(two ?? 0);
  await lab.merge(one ?? 0);
  await place.succeed(["heartbeat"], env);
  for (const issue of [first, second]) {
    expect(await place.task(`t${issue}`)).toMatchObject({ status: "merged", worktree: null });
  }
  expect(await place.lab.git(["branch", "--format=%(refname:short)"])).toBe("main");
  expect(await place.lab.git(["worktree", "list"])).not.toContain("\n");
  const saved = `refs/coppice/preserved/t${first}/1:idea.txt`;
  expect(await place.lab.git(["show", saved])).toBe("not committed");
  expect(await place.sessions()).toEqual([]);
  expect(await filesWith(place, TOKEN)).toEqual([]);
  expect(await filesWith(place, Buffer.from(TOKEN).toString("base64"))).toEqual([]);
});

const TROUBLE: readonly {
  readonly name: string;
  readonly answer: FaultAnswer;
  readonly afterEffect: boolean;
}[] = [
  { name: "502 after its effect", answer: FAULTS.badGateway, afterEffect: true },
  { name: "502 without effect", answer: FAULTS.badGateway, afterEffect: false },
  { name: "a secondary limit", answer: secondaryLimit(1), afterEffect: false },
  { name: "422 that it exists", answer: exists("fix/issue-1"), afterEffect: true },
];

test.concurrent.for(TROUBLE)(
  "a creation that gets $name makes one pull request",
  async ({ answer, afterEffect }, { place, onTestFinished }) => {
    const github = await openGitHub(place, onTestFinished);
    const env = await planOneIssue(place, github);
    github.fail({ on: /^POST .*\/pulls$/, answer, afterEffect });
    expect(await place.coppice(["run"], env)).toMatchObject({ code: 0 });
    expect(openPulls(github)).toMatchObject([{ pull: { head: "fix/issue-1", base: "main" } }]);
    expect(await place.task("t1")).toMatchObject({ status: "pr_open", prNumber: 2, attempts: 1 });
    expect(await place.succeed(["heartbeat"], env)).toMatchObject({ code: 0 });
    expect(openPulls(github)).toHaveLength(1);
  },
);

test.concurrent("a run that is killed between creation and answer makes no second pull request", async ({
  place,
  onTestFinished,
}) => {
  const github = await openGitHub(place, onTestFinished);
  const env = await planOneIssue(place, github);
  github.fail({ on: /^POST .*\/pulls$/, answer: { kind: "hang" }, afterEffect: true });
  const run = place.start(["run"], env);
  await eventually("the pull request", async () => openPulls(github).length === 1);
  run.signal("SIGKILL");
  await run.ended;
  await place.succeed(["run"], env);
  expect(openPulls(github)).toHaveLength(1);
  expect(await place.task("t1")).toMatchObject({ status: "pr_open", prNumber: 2, attempts: 1 });
});

test.concurrent("a job that fails on GitHub goes back to the agent with the end of its log, without secrets", async ({
  place,
  onTestFinished,
}) => {
  const github = await openGitHub(place, onTestFinished);
  const lab = github.repository("acme/lab");
  const issue = lab.addIssue({ title: "First" });
  const policy = { checks: "tell", forgePollSeconds: 0.2 } as const;
  const forge = { repo: "acme/lab", forge: "github", apiUrl: github.url, policy } as const;
  await place.plan({ ...forge, command: puppet(place) }, [{ id: "t1", issue, title: "First" }]);
  const run = place.start(["run", "--interval", "1"], { GITHUB_TOKEN: TOKEN });
  await (await place.puppets.enter("t1")).finish("t1");
  await run.tells(/pull request #2/);
  const pushed = () => place.lab.git(["rev-parse", "refs/heads/fix/issue-1"], place.lab.origin);
  const first = await pushed();
  const suite = lab.checks.addWorkflow(first, { conclusion: "failure" });
  const log = `2026-01-01T00:00:00.0000000Z token ${TOKEN}\n2026-01-01T00:00:01.0000000Z 1 test failed\n`;
  lab.checks.add(first, { suite, name: "build", conclusion: "failure", log });

  const mender = await place.puppets.enter("t1");
  const prompt = await readFile(mender.hello.argv.at(-1) ?? "", "utf8");
  expect(prompt).toMatch(/- "build" failed\. Its last lines:\n.*token .*\n +1 test failed\n/);
  expect(prompt).not.toContain(TOKEN);
  await mender.commit("mended.txt", "mended\n", "Mend the build");
  await mender.exit(0);
  await eventually("the push", async () => (await pushed()) !== first);
  lab.checks.addWorkflow(await pushed());
  await place.succeed(["set", "policy.checksBeginSeconds", "0"]);
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(openPulls(github)).toMatchObject([
    { issue: { number: 2 }, pull: { head: "fix/issue-1" } },
  ]);
  expect(await place.delivered("fix/issue-1")).toEqual(["Mend the build", "Work on t1"]);
});

test.concurrent("a refused token stops a plan, and a delivery with the remedy; nothing is lost", async ({
  place,
  onTestFinished,
}) => {
  const github = await openGitHub(place, onTestFinished);
  const env = await planOneIssue(place, github);
  const wrong = { GITHUB_TOKEN: "ghp_wrong", GITHUB_API_URL: github.url };
  const plan = await place.coppice(["plan", ...whereFor(place), "-m", "other.json"], wrong);
  expect(plan).toMatchObject({ code: 3, stderr: expect.stringMatching(/401.*Bad credentials/) });
  expect(plan.stderr).toMatch(/GITHUB_TOKEN/);

  github.fail({ on: /^POST .*\/pulls$/, times: 99, answer: FAULTS.unauthorized });
  const run = await place.coppice(["run"], env);
  expect(run.code).toBe(4);
  expect(await place.task("t1")).toMatchObject({
    status: "error",
    error: expect.stringMatching(/401.*Bad credentials.*GITHUB_TOKEN/),
  });
  expect(await place.delivered("fix/issue-1")).toEqual(["Work on t1"]);
  expect(openPulls(github)).toEqual([]);
});

interface Phase {
  readonly tasks: readonly unknown[];
}

function exists(branch: string): FaultAnswer {
  const message = `A pull request already exists for acme:${branch}.`;
  return {
    kind: "status",
    status: 422,
    message: "Validation Failed",
    errors: [{ code: "custom", message }],
  };
}

async function openGitHub(
  place: Workplace,
  onTestFinished: (close: () => Promise<void>) => void,
): Promise<GitHubServer> {
  const github = await startGitHubServer({
    token: TOKEN,
    repositories: [{ name: "acme/lab", bareRepository: place.lab.origin }],
  });
  onTestFinished(() => github.close());
  return github;
}

const whereFor = (place: Workplace) => [
  ...["--repo", "acme/lab", "--repo-dir", place.lab.root, "--workdir", place.workdir],
];

/** A manifest with one issue of the server; gives the environment that its commands need. */
async function planOneIssue(
  place: Workplace,
  github: GitHubServer,
): Promise<Readonly<Record<string, string>>> {
  const issue = github.repository("acme/lab").addIssue({ title: "First" });
  const forge = { repo: "acme/lab", forge: "github", apiUrl: github.url } as const;
  await place.plan(forge, [{ id: "t1", issue, title: "First" }]);
  return { GITHUB_TOKEN: TOKEN };
}

const openPulls = (github: GitHubServer) =>
  github.repository("acme/lab").pulls.filter(({ issue }) => issue.state === "open");

/** Files below the workplace, at any depth, that hold the text. */
async function filesWith(place: Workplace, text: string): Promise<readonly string[]> {
  const entries = await readdir(place.folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  expect(files.length).toBeGreaterThan(20);
  const found = await Promise.all(
    files.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])),
  );
  return found.flat();
}

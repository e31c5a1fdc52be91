import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { EFFECTS, type Effect } from "../../src/adapters/fault-point.ts";
import { type GitHubServer, startGitHubServer } from "../support/github-server.ts";
import { journalOf, type ManifestText, test, type Workplace } from "../support/workplace.ts";

const TOKEN = "ghp_aTokenThatNobodyElseMaySee0123456789";
/** So many lives share all effects, in turn: each dies from its first hours to its last. */
const LIVES = 7;
const ON_GITHUB_ALONE: readonly Effect[] = ["quota-write", "labels-add", "reviewers-ask"];
const IN_A_PLAN: readonly Effect[] = ["index-write", "plan-record"];
const EVERYWHERE = EFFECTS.filter((name) => ![...ON_GITHUB_ALONE, ...IN_A_PLAN].includes(name));
const lives = Array.from({ length: LIVES }, (_, life) =>
  EVERYWHERE.filter((_, index) => index % LIVES === life),
);

/** Notes each coming, and each that comes while another is there. t1 fails at first, then asks; both commit. */
const AGENT = `set -eu
note=$COPPICE_TASK_DIR
mkdir "$note/alive" || echo "$COPPICE_ATTEMPT" >>"$note/doubled"
trap 'rmdir "$note/alive"' EXIT
echo "$COPPICE_ATTEMPT" >>"$note/begun"
keep() { echo "$1" >>"$COPPICE_TASK.txt"; git add --all; git commit --quiet --message "$1 $COPPICE_TASK"; }
if [ "$COPPICE_TASK" = t1 ]; then
  [ -e t1.txt ] || { keep Begin; exit 1; }
  printf 'Keep the old name as an alias? [y/n] '
  read -r answer
  [ "$answer" = y ]
fi
keep End
`;

const PLAN = {
  command: ["sh", "-c", AGENT],
  verify: "test -s .env && grep -q End $COPPICE_TASK.txt",
  copyFiles: [".env"],
  policy: {
    backoffSeconds: 0.1,
    // What dies between the record of a start and its session is no attempt.
    attemptsMax: 2,
    answers: [{ question: "Keep the old name as an alias?", answer: "y" }],
  },
} satisfies ManifestText;

test.concurrent.for(lives)(
  "a run that dies before and after each of %j ends like one that does not",
  { timeout: 600_000 },
  async (effects, { place }) => {
    await writeFile(join(place.lab.root, ".env"), "PORT=4000\n");
    await place.plan(PLAN, [{ id: "t1" }, { id: "t2", dependsOn: ["t1"] }]);
    if (effects.includes("journal-rotate")) await fillJournal(place);
    if (effects.includes("history-rotate")) await fillHistory(place);
    const life = mortal(place, effects);

    await life.give("run");
    expect(await place.pullRequests()).toMatchObject([
      { number: 1, head: "fix/t1", base: "main" },
      { number: 2, head: "fix/t2", base: "fix/t1" },
    ]);
    expect(await place.delivered("fix/t2")).toEqual(["End t2", "End t1", "Begin t1"]);
    expect(await place.sessions()).toEqual([]);

    await writeFile(join(place.workdir, "worktrees/t1/idea.txt"), "not committed\n");
    await place.lab.git(["update-ref", "refs/heads/main", "refs/heads/fix/t2"], place.lab.origin);
    await life.give("heartbeat");

    expect(life.left).toEqual(new Set());
    for (const id of ["t1", "t2"]) {
      expect(await place.task(id)).toMatchObject({ status: "merged", worktree: null, error: null });
      await expectOneAfterTheOther(place, id);
    }
    expect(await place.pullRequests()).toHaveLength(2);
    await expectClearedAway(place);
  },
);

test.concurrent("a run that dies before and after each creation on GitHub makes each thing once", async ({
  place,
  onTestFinished,
}) => {
  const github = await startGitHubServer({
    token: TOKEN,
    repositories: [{ name: "acme/lab", bareRepository: place.lab.origin }],
  });
  onTestFinished(() => github.close());
  const more = { repo: "acme/lab", forge: "github", apiUrl: github.url } as const;
  const pullRequest = { labels: ["coppice"], reviewers: ["hubot"] };
  await place.plan({ ...more, pullRequest }, [{ id: "t1" }]);
  const life = mortal(place, ["pull-request-create", ...ON_GITHUB_ALONE]);

  await life.give("run");
  expect(life.left).toEqual(new Set());
  expect(pullsOf(github)).toMatchObject([
    { issue: { labels: ["coppice"] }, pull: { head: "fix/t1", reviewers: ["hubot"] } },
  ]);
  expect(await place.task("t1")).toMatchObject({ status: "pr_open", attempts: 1, error: null });
});

test.concurrent("a plan that dies before and after what it keeps is made and updated like any other", async ({
  place,
}) => {
  const issues = join(place.folder, "issues");
  await mkdir(issues);
  await writeFile(join(issues, "1.md"), "---\ntitle: Greet\n---\nSay hello in greet.txt.\n");
  const life = mortal(place, IN_A_PLAN);
  const last = await life.give("plan", "--issues", issues, "--repo-dir", place.lab.root);
  expect(last).toMatch(/^nothing has changed\n/);
  expect(life.left).toEqual(new Set());
  expect(await place.task("t1")).toMatchObject({ title: "Greet", issue: 1, status: "pending" });
});

test("an unknown fault point is named, with those that there are", async ({ place }) => {
  const run = await place.coppice(["validate"], { COPPICE_FAULT_POINT: "after-lunch" });
  expect(run).toMatchObject({ code: 2, stderr: expect.stringMatching(/after-lunch.*\n.*push/) });
});

/** Gives commands to a Coppice that dies once at each side of the effects, wherever it comes first. */
function mortal(place: Workplace, effects: readonly Effect[]) {
  const left = new Set(effects.flatMap((name) => [`before-${name}`, `after-${name}`]));
  return {
    left,
    /** Resolves to what the last one answers. */
    async give(...words: string[]): Promise<string> {
      for (;;) {
        const fault = left.size === 0 ? {} : { COPPICE_FAULT_POINT: [...left].join() };
        const end = await place.start(words, { GITHUB_TOKEN: TOKEN, ...fault }).ended;
        if (end.code === 0) return end.stdout;
        const [, point] = /^coppice: fault point (.*)\n$/m.exec(end.stderr) ?? [];
        if (end.code !== null || point === undefined || !left.delete(point)) {
          throw new Error(`coppice ${words.join(" ")} ended with ${end.code}:\n${end.stderr}`);
        }
      }
    },
  };
}

/** The journal is so long that the next line begins a new file. */
async function fillJournal({ workdir }: Workplace): Promise<void> {
  const event = { kind: "manifest-mended" };
  const line = JSON.stringify({ at: new Date(0).toISOString(), run: "", fence: 0, beat: 0, event });
  await mkdir(workdir);
  await writeFile(join(workdir, "events.jsonl"), `${line}\n`.repeat(100_000));
}

/** So is the repository's history, with what no version has written. */
async function fillHistory({ lab }: Workplace): Promise<void> {
  const folder = join(lab.root, ".git/coppice");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "history.jsonl"), "{}\n".repeat(1_500_000));
}

/** No attempt of the task was begun twice, and none while another was at work. */
async function expectOneAfterTheOther({ workdir }: Workplace, id: string): Promise<void> {
  const folder = join(workdir, "tasks", id);
  const begun = (await readFile(join(folder, "begun"), "utf8")).trim().split("\n");
  expect(begun).toEqual([...new Set(begun)]);
  expect(await readdir(folder)).not.toContain("doubled");
}

/** What is left after the end: the pull requests, what was saved, the journal; no process, lock, worktree or branch. */
async function expectClearedAway(place: Workplace): Promise<void> {
  const { lab, workdir, folder } = place;
  expect(await lab.git(["log", "--format=%s", "main"], lab.origin)).toMatch(
    /^End t2\nEnd t1\nBegin t1\n[^\n]+$/,
  );
  expect(await lab.git(["branch", "--format=%(refname)"])).toBe("refs/heads/main");
  expect(await lab.git(["for-each-ref", "--format=%(refname)", "refs/coppice"])).toBe(
    "refs/coppice/preserved/t1/1",
  );
  expect(await lab.git(["show", "refs/coppice/preserved/t1/1:idea.txt"])).toBe("not committed");
  expect(await lab.git(["worktree", "list"])).not.toContain("\n");
  expect(await place.processes()).toEqual([]);
  expect((await journalOf(workdir)).length).toBeGreaterThan(10);
  const files = await readdir(folder, { recursive: true });
  // Who needs the lock of a dead process takes it over; the keyboard's and those of files of lines may not be needed again,
  // nor the guard of a takeover that had already freed its lock.
  const locks = files.filter((path) => path.endsWith(".lock"));
  expect(
    locks.filter((path) => !/\/(locks\/task-t1|events\.jsonl|history\.jsonl)\.lock$/.test(path)),
  ).toEqual([]);
}

const pullsOf = (github: GitHubServer) => github.repository("acme/lab").pulls;

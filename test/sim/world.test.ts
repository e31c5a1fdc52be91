import { expect, test } from "vitest";
import { agentByName } from "../../src/agents/catalog.ts";
import { formatManifest } from "../../src/manifest/format.ts";
import { pullRequestMarker } from "../../src/manifest/marker.ts";
import { TaskId } from "../../src/manifest/task.ts";
import type { PullRequestSpec } from "../../src/ports/forge.ts";
import type { SessionSpec } from "../../src/ports/sessions.ts";
import type { Step } from "./agent-process.ts";
import type { Costume } from "./costume.ts";
import type { Happening } from "./faults.ts";
import { Orchestrator } from "./orchestrator.ts";
import { World } from "./world.ts";

const T1 = TaskId.parse("t1");
const commit: Step = { kind: "commit" };
const idle: Step = { kind: "idle" };
const place = { taskId: "t1", branch: "fix/1", worktree: "/w/t1" };
const always = (): boolean => true;

function worldWith(steps: readonly Step[], costume: Costume = "codex") {
  const manifest = { project: "p", phases: [{ name: "One", tasks: [{ id: "t1" }] }] };
  const world = new World(formatManifest(manifest), new Map(), { costume, launches: [steps] });
  const { ports } = new Orchestrator(world);
  return { world, ...ports };
}

const spec = (attempt = 1): SessionSpec => ({
  name: "task-t1",
  taskId: "t1",
  attempt,
  taskDir: "/sim/tasks/t1",
  worktree: "/w/t1",
  argv: ["agent"],
  events: null,
  promptFile: undefined,
  setup: undefined,
  setupTimeoutSeconds: 60,
  env: {},
  cols: 120,
  rows: 36,
  logBytesMax: 1000,
});

const tree = (branch: string, startFrom: readonly string[], taskId = "t1") => ({
  taskId,
  branch,
  path: `/w/${taskId}`,
  startFrom,
  mayStandOn: [],
  copyFiles: [],
});

const pullRequest = (taskId: string, branch: string, base = "main"): PullRequestSpec => ({
  taskId,
  branch,
  base,
  headSha: "",
  deliveredTo: null,
  title: "",
  body: pullRequestMarker("p", taskId),
  draft: false,
  labels: [],
  reviewers: [],
});

/** A world whose task has made a commit on its branch. */
async function withCommit(...more: Step[]) {
  const here = worldWith([commit, ...more]);
  await here.repository.ensureWorktree(tree("fix/1", ["main"]));
  await here.sessions.start(spec());
  here.world.advance(1000);
  const sha = here.world.git.heads.get("fix/1") ?? "";
  const push = { branch: "fix/1", sha, base: "main" };
  return { ...here, sha, push };
}

test.each<[Costume, Step, string]>([
  ["codex", { kind: "work", seconds: 60 }, "working"],
  ["codex", { kind: "hang" }, "working"],
  ["codex", idle, "idle-done"],
  ["codex", { kind: "disconnected" }, "error-transient"],
  ["codex", { kind: "limited" }, "rate-limited"],
  ["codex", { kind: "dialog", dialog: "trust" }, "onboarding"],
  ["codex", { kind: "dialog", dialog: "approval" }, "waiting-approval"],
  ["command", { kind: "work", seconds: 60 }, "working"],
  ["command", { kind: "ask", question: "Overwrite?" }, "waiting-input"],
])("the screen of a simulated %s at %j is read as what it is", async (costume, step, kind) => {
  const { sessions, world, repository } = worldWith([step], costume);
  await repository.ensureWorktree(tree("fix/1", ["main"]));
  await sessions.start(spec());
  world.advance(30_000);
  const screen = await sessions.capture("task-t1", 0);
  if (screen.kind !== "known" || screen.value === null) throw new Error("no screen");
  expect(agentByName(costume)?.read(screen.value).kind).toBe(kind);
});

test("a session is adopted by its own attempt and taken for any other", async () => {
  const { sessions } = worldWith([idle]);
  expect((await sessions.start(spec(1))).kind).toBe("started");
  expect((await sessions.start(spec(1))).kind).toBe("adopted");
  expect((await sessions.start(spec(2))).kind).toBe("taken");
});

test("nothing is typed when the screen is not what it was, or the program has ended", async () => {
  const { sessions, world } = worldWith([idle, { kind: "exit", code: 0 }]);
  await sessions.start(spec());
  expect((await sessions.inject("task-t1", "go", () => false)).kind).toBe("refused");
  expect(world.sessions.get("task-t1")?.agent.truth).toBe("idle");
  expect((await sessions.inject("task-t1", "go", always)).kind).toBe("sent");
  expect((await sessions.inject("task-t1", "go", always)).kind).toBe("refused");
});

test("a dialog goes on by its first option and ends the agent by any other", async () => {
  for (const [keys, truth] of [
    [["Enter"], "idle"],
    [["Down", "Enter"], "ended"],
    [["Down", "Up", "1"], "idle"],
    [["Escape"], "ended"],
  ] as const) {
    const { sessions, world } = worldWith([{ kind: "dialog", dialog: "trust" }, idle]);
    await sessions.start(spec());
    await sessions.press("task-t1", keys, always);
    expect(world.sessions.get("task-t1")?.agent.truth).toBe(truth);
  }
});

test("an agent that ends by itself or is stopped leaves a record, one that vanishes leaves none", async () => {
  for (const [step, code] of [
    [{ kind: "exit", code: 3 }, 3],
    [{ kind: "hang" }, 143],
    [{ kind: "vanish" }, undefined],
  ] as const) {
    const { sessions, folders } = worldWith([step]);
    await sessions.start(spec());
    await sessions.stop("task-t1");
    const exit = await folders.exit("t1", 1);
    expect(exit).toMatchObject({ kind: "known", value: code === undefined ? null : { code } });
  }
});

test("a worktree is made once, and a branch that starts from another has its commits", async () => {
  const { repository, world, sha } = await withCommit();
  expect(await repository.ensureWorktree(tree("fix/1", ["main"]))).toMatchObject({
    kind: "ready",
    created: false,
  });
  await repository.ensureWorktree(tree("fix/2", ["fix/1"], "t2"));
  expect(world.git.heads.get("fix/2")).toBe(sha);
  expect(await repository.ensureWorktree(tree("fix/1", ["main"], "t3"))).toMatchObject({
    kind: "refused",
  });
});

test("a push to the base, or of an older commit, is rejected", async () => {
  const { repository, push, sha } = await withCommit();
  expect((await repository.push({ ...push, branch: "main" })).kind).toBe("rejected");
  expect((await repository.push(push)).kind).toBe("pushed");
  expect((await repository.push(push)).kind).toBe("up-to-date");
  const older = { ...push, sha: "1".padStart(sha.length, "0") };
  expect((await repository.push(older)).kind).toBe("rejected");
});

test("work that goes with its worktree is lost, unless it was preserved", async () => {
  const careless = await withCommit({ kind: "edit" });
  await careless.repository.removeWorktree(place);
  expect(careless.world.git.lostWork()).toHaveLength(3);
  const careful = await withCommit({ kind: "edit" });
  expect(await careful.repository.preserve(place)).toHaveLength(2);
  expect(await careful.repository.preserve(place)).toEqual([]);
  await careful.repository.removeWorktree(place);
  expect(careful.world.git.lostWork()).toEqual([]);
});

test("a branch has one pull request, and a closed one is not opened again", async () => {
  const { repository, forge, push, world } = await withCommit();
  expect((await forge.openPullRequest(pullRequest("t1", "fix/1"))).kind).toBe("rejected");
  await repository.push(push);
  expect((await forge.openPullRequest(pullRequest("t1", "fix/1"))).kind).toBe("opened");
  expect((await forge.openPullRequest(pullRequest("t1", "fix/1"))).kind).toBe("adopted");
  world.happen({ kind: "close", task: 0 });
  expect((await forge.openPullRequest(pullRequest("t1", "fix/1"))).kind).toBe("rejected");
});

test("a merge brings the commits to the base and points stacked pull requests there", async () => {
  for (const squash of [false, true]) {
    const { repository, forge, push, world, sha } = await withCommit();
    await repository.push(push);
    await repository.ensureWorktree(tree("fix/2", ["fix/1"], "t2"));
    const next = world.git.commitWork("/w/t2", "More", "more", world.wall());
    await repository.push({ branch: "fix/2", sha: next, base: "fix/1" });
    await forge.openPullRequest(pullRequest("t1", "fix/1"));
    await forge.openPullRequest(pullRequest("t2", "fix/2", "fix/1"));
    world.happen({ kind: "merge", task: 0, squash });
    await repository.fetch();
    expect(world.git.isAncestor(sha, world.git.tracking.get("main") ?? "")).toBe(true);
    expect(world.pullRequestOf("fix/2")).toMatchObject({ state: "open", baseBranch: "main" });
    expect(world.git.lostWork()).toEqual([]);
  }
});

test("a person's edit wins over a commit of the manifest, and a broken file is left alone", async () => {
  const { store, world } = worldWith([]);
  const read = await store.read();
  if (read.kind !== "read") throw new Error("the manifest does not read");
  world.edit({ kind: "status", task: 0, to: "cancelled" });
  const set = { status: "running", attempts: 1 } as const;
  const patches = [{ kind: "task", taskId: T1, set }] as const;
  expect(await store.commit(read.snapshot, patches)).toMatchObject({
    kind: "committed",
    kept: [{ field: "status" }],
  });
  expect(world.manifestText).toContain("cancelled");
  world.edit({ kind: "break" });
  const broken = world.manifestText;
  expect((await store.commit(read.snapshot, patches)).kind).toBe("invalid");
  expect(world.manifestText).toBe(broken);
});

test("a lock keeps the living out and is taken over from the dead", async () => {
  const { world } = worldWith([]);
  const [first, second] = [new Orchestrator(world), new Orchestrator(world)];
  expect((await first.ports.locks.tryAcquire("/lock", "one")).kind).toBe("held");
  expect((await second.ports.locks.tryAcquire("/lock", "two")).kind).toBe("busy");
  first.die();
  expect((await second.ports.locks.tryAcquire("/lock", "two")).kind).toBe("held");
});

test.each<[Happening, boolean, string]>([
  [{ kind: "unanswered" }, false, "failed"],
  [{ kind: "answer-lost" }, true, "failed"],
  [{ kind: "crash", after: false }, false, "dead"],
  [{ kind: "crash", after: true }, true, "dead"],
])("a push that meets %j has its effect: %s, and ends: %s", async (what, pushed, end) => {
  const { world, push } = await withCommit();
  const orchestrator = new Orchestrator(world);
  orchestrator.beginBeat([{ at: { kind: "call", beat: 0, call: 0 }, what }], false);
  const outcome = await Promise.race([
    orchestrator.ports.repository.push(push).then(({ kind }) => kind),
    orchestrator.died.then(() => "dead"),
  ]);
  expect(outcome).toBe(end);
  expect(world.git.remote.has("fix/1")).toBe(pushed);
});

test("a clock that jumps moves the clock on the wall and no agent", async () => {
  const { world, sessions, clock, repository } = worldWith([{ kind: "work", seconds: 600 }]);
  await repository.ensureWorktree(tree("fix/1", ["main"]));
  await sessions.start(spec());
  world.advance(60_000);
  const beforeMs = clock.now();
  world.happen({ kind: "clock-jump", ms: 3_600_000 });
  expect(clock.now() - beforeMs).toBe(3_600_000);
  expect(world.sessions.get("task-t1")?.agent).toMatchObject({
    truth: "working",
    lines: [expect.any(String)],
  });
});

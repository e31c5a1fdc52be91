import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually, puppet, test, type Workplace } from "../support/workplace.ts";

test.concurrent("a person cancels, reorders and adds tasks during a run, and the run follows", async ({
  place,
}) => {
  await place.plan({ command: puppet(place), maxParallel: 2 }, [
    { id: "t1", title: "First" },
    { id: "t2" },
    { id: "t3" },
  ]);
  const run = place.start(["run", "--interval", "2"]);
  const one = await place.puppets.enter("t1");
  const two = await place.puppets.enter("t2");
  await bothAreNoted(place);
  expect(await place.coppice(["status"])).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/coppice run \(process \d+ on .+\) is at work/),
  });

  await edit(place, (tasks) => {
    const [first = {}, second = {}, third = {}] = tasks;
    first["title"] = 'Zuerst: é ✓ \u2028 "quoted" \\ back';
    first["x-note"] = { by: "a person", at: [1, 2.5, null] };
    second["status"] = "cancelled";
    third["priority"] = "low";
    tasks.push({ id: "t4", title: "Urgent", priority: "critical", files: ["new.txt"] });
  });
  await two.gone;
  const four = await place.puppets.enter("t4");
  expect((await place.task("t3")).status).toBe("pending");
  for (const [agent, id] of [
    [four, "t4"],
    [one, "t1"],
  ] as const) {
    await agent.finish(id);
  }
  const three = await place.puppets.enter("t3");
  await three.finish("t3");
  expect(await run.ended).toMatchObject({ code: 0 });
  expect((await place.coppice(["status"])).stderr).toContain("no coppice is at work on it");

  const [first, second, third, fourth] = await rawTasks(place);
  expect(first).toMatchObject({
    title: 'Zuerst: é ✓ \u2028 "quoted" \\ back',
    "x-note": { by: "a person", at: [1, 2.5, null] },
    status: "pr_open",
  });
  expect(second).toMatchObject({ id: "t2", status: "cancelled" });
  expect(third).toMatchObject({ id: "t3", priority: "low", status: "pr_open" });
  expect(fourth).toMatchObject({ id: "t4", priority: "critical", files: ["new.txt"] });
  expect((await place.pullRequests()).map(({ head }) => head)).toHaveLength(3);
});

test.concurrent("a broken manifest is reported with its place and left as it is; the run goes on when it is mended", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }, { id: "t2", dependsOn: ["t1"] }]);
  const run = place.start(["run", "--interval", "2"]);
  const one = await place.puppets.enter("t1");
  await eventually("t1 is noted", async () => (await place.task("t1")).status === "running");

  const good = await readFile(place.manifestPath, "utf8");
  const broken = good.replace('"phases": [', '"phases": [,');
  const line = broken.slice(0, broken.indexOf("[,")).split("\n").length;
  await place.save(broken);
  await run.tells(new RegExp(`manifest\\.json:${line}:\\d+`));
  await one.finish("t1");
  await eventually("the session's record", async () => (await place.exitRecord("t1", 1)) !== null);
  expect(await place.coppice(["status"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(new RegExp(`manifest\\.json:${line}:\\d+`)),
  });
  expect(await readFile(place.manifestPath, "utf8")).toBe(broken);
  expect(await place.pullRequests()).toEqual([]);

  await place.save(good.replace('"id": "t2"', '"id": "t2", "title": "Mended"'));
  const two = await place.puppets.enter("t2");
  await two.finish("t2");
  expect(await run.ended).toMatchObject({ code: 0, stderr: expect.stringMatching(/mended/i) });
  expect(await place.task("t2")).toMatchObject({ title: "Mended", status: "pr_open" });
  expect(await place.delivered("fix/t2")).toEqual(["Work on t2", "Work on t1"]);
});

test.concurrent("a task that is taken out while its agent works is told of, keeps its place, and goes by cleanup with its work saved", async ({
  place,
}) => {
  await place.plan({ command: puppet(place), maxParallel: 1 }, [{ id: "t1" }, { id: "t2" }]);
  const run = place.start(["run", "--interval", "2"]);
  const one = await place.puppets.enter("t1");
  await eventually("t1 is noted", async () => (await place.task("t1")).status === "running");
  await one.commit("t1.txt", "half\n", "Half of t1");

  await edit(place, (tasks) => tasks.splice(0, 1));
  await run.tells(/t1 is not in the manifest/);
  // Its place is taken, so nothing can move without a person; the run says so and leaves the agent alone.
  expect(await run.ended).toMatchObject({ code: 4, stdout: expect.stringContaining("t1: not in") });
  expect(await place.coppice(["cleanup"])).toMatchObject({
    stdout: expect.stringMatching(/t1.*goes on; --all ends it/),
  });
  expect(await place.coppice(["cleanup", "--all"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/saved refs\/coppice\/preserved\/t1\/1.*t1/),
  });
  await one.gone;
  const rest = place.start(["run", "--interval", "2"]);
  const two = await place.puppets.enter("t2");
  await two.finish("t2");
  expect(await rest.ended).toMatchObject({ code: 0 });
});

test.concurrent("a manifest that shares the workdir leaves the other's agents alone, also those of the same id", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }, { id: "t2" }]);
  await place.succeed(["heartbeat"]);
  for (const id of ["t1", "t2"]) await place.puppets.enter(id);
  const other = join(place.folder, "other.json");
  const document = JSON.parse(await readFile(place.manifestPath, "utf8"));
  document.phases = [{ name: "Other", tasks: [{ id: "t2" }, { id: "t3", status: "draft" }] }];
  await writeFile(other, JSON.stringify(document));

  expect(await place.succeed(["cleanup", "--all", "--json", other])).toMatchObject({
    stdout: "[]\n",
  });
  const beat = await place.coppice(["heartbeat", other]);
  expect(beat.stdout).toMatch(/t2 belongs to the manifest .*manifest\.json/);
  await place.succeed(["cancel", "t2", "--manifest", other]);
  expect(await place.sessions()).toEqual(["task-t1", "task-t2"]);
});

test.concurrent("what is no request is put back with the reason; phases, agents and places change in mid-run", async ({
  place,
}) => {
  await place.plan({ command: puppet(place), maxParallel: 1 }, [
    { id: "t1" },
    { id: "t2" },
    { id: "t3" },
  ]);
  const run = place.start(["run", "--interval", "2"]);
  const one = await place.puppets.enter("t1");
  await eventually("t1 is noted", async () => (await place.task("t1")).status === "running");

  const document = JSON.parse(await readFile(place.manifestPath, "utf8"));
  const [first, second, third] = document.phases[0].tasks;
  first.status = "merged";
  first.prNumber = 99;
  document.maxParallel = 2;
  document.phases = [
    { name: "Now", tasks: [first, { ...second, branch: "mine/second" }] },
    { name: "Later", tasks: [third] },
  ];
  await place.save(JSON.stringify(document, null, 2));
  await run.tells(/t1\.status was put back: from running a person cannot set merged/);
  await run.tells(/t1\.prNumber was put back/);
  const two = await place.puppets.enter("t2");
  expect(await place.task("t1")).toMatchObject({ status: "running", prNumber: null });
  expect((await place.task("t3")).status).toBe("blocked");
  for (const [agent, id] of [
    [one, "t1"],
    [two, "t2"],
  ] as const) {
    await agent.finish(id);
  }
  const three = await place.puppets.enter("t3");
  await three.finish("t3");
  expect(await run.ended).toMatchObject({ code: 0 });
  expect((await place.pullRequests()).map(({ head }) => head).toSorted()).toEqual([
    "fix/t1",
    "fix/t3",
    "mine/second",
  ]);
});

test.concurrent("a task that gets another id while its agent works is another task; the agent is left alone, and both are told of", async ({
  place,
}) => {
  await place.plan({ command: puppet(place), maxParallel: 2 }, [{ id: "t1" }]);
  const run = place.start(["run", "--interval", "2"]);
  const one = await place.puppets.enter("t1");
  await eventually("t1 is noted", async () => (await place.task("t1")).status === "running");
  await edit(place, (tasks) => {
    const [first = {}] = tasks;
    first["id"] = "renamed";
  });
  await run.tells(/t1 is not in the manifest/);
  // Its branch is the old task's, whose worktree is in use.
  expect(await run.ended).toMatchObject({ code: 4 });
  expect(await place.task("renamed")).toMatchObject({
    status: "error",
    error: expect.stringMatching(/fix\/t1.*(?:checked out|used by worktree)/),
  });
  await edit(place, (tasks) => {
    const [first = {}] = tasks;
    Object.assign(first, { id: "t1", status: "running", error: null });
  });
  const again = place.start(["run", "--interval", "2"]);
  await one.finish("t1");
  expect(await again.ended).toMatchObject({ code: 0 });
  expect((await place.pullRequests()).map(({ head }) => head)).toEqual(["fix/t1"]);
});

type RawTask = Record<string, unknown>;

async function rawTasks(place: Workplace): Promise<RawTask[]> {
  return JSON.parse(await readFile(place.manifestPath, "utf8")).phases[0].tasks;
}

async function edit(place: Workplace, change: (tasks: RawTask[]) => void): Promise<void> {
  const document = JSON.parse(await readFile(place.manifestPath, "utf8"));
  change(document.phases[0].tasks);
  await place.save(JSON.stringify(document, null, 4));
}

const bothAreNoted = (place: Workplace) =>
  eventually("both tasks are noted as running", async () => {
    const tasks = await rawTasks(place);
    return tasks[0]?.["status"] === "running" && tasks[1]?.["status"] === "running";
  });

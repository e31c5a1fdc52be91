import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { eventually, puppet, test, type Workplace } from "../support/workplace.ts";

test.concurrent("heartbeats alone, as cron gives them and two at once, carry tasks to pull requests", async ({
  place,
}) => {
  await place.plan({}, [{ id: "t1" }, { id: "t2", dependsOn: ["t1"] }]);

  const both = await Promise.all([place.succeed(["heartbeat"]), place.succeed(["heartbeat"])]);
  expect(both.filter(({ stderr }) => stderr.includes("is at work here"))).toHaveLength(1);
  await eventually("the end of t1", async () => (await place.exitRecord("t1", 1)) !== null);
  await place.succeed(["heartbeat"]);
  await eventually("the end of t2", async () => (await place.exitRecord("t2", 1)) !== null);
  const last = await place.succeed(["heartbeat", "--json"]);

  expect(JSON.parse(last.stdout)).toMatchObject({ counts: { pr_open: 2 }, waits: [] });
  expect(await place.pullRequests()).toMatchObject([
    { head: "fix/t1", base: "main" },
    { head: "fix/t2", base: "fix/t1" },
  ]);
  expect(await place.delivered("fix/t2")).toEqual(["Work on t2", "Work on t1"]);
});

test.concurrent("heartbeat --every goes on with each tick and ends on SIGTERM", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const beats = place.start(["heartbeat", "--every", "* * * * * *"]);
  const agent = await place.puppets.enter("t1");
  await eventually("the end of the first beat", async () =>
    (await place.events()).some(({ kind }) => kind === "status-changed"),
  );
  await agent.finish("t1");
  await eventually("the pull request", async () => (await place.pullRequests()).length === 1);
  beats.signal("SIGTERM");
  expect(await beats.ended).toMatchObject({ code: 0, stderr: expect.stringContaining("stopped") });
});

test.concurrent("a signal within a beat lets it finish", async ({ place }) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const release = await place.holdManifest();
  const beats = place.start(["heartbeat", "--every", "* * * * * *"]);
  await place.puppets.enter("t1");
  beats.signal("SIGTERM");
  await release();
  expect(await beats.ended).toMatchObject({ code: 0, stderr: expect.stringContaining("stopped") });
  expect(await place.task("t1")).toMatchObject({ status: "running", attempts: 1 });
});

test.concurrent("a dry run tells what would be done and changes neither manifest nor repository nor sessions", async ({
  place,
}) => {
  await place.plan({}, [{ id: "t1" }, { id: "t2", dependsOn: ["t1"] }]);
  const before = await everything(place);
  for (const command of ["run", "heartbeat"]) {
    const look = await place.succeed([command, "--dry-run", "--json"]);
    expect(JSON.parse(look.stdout)).toMatchObject({
      actions: [{ kind: "start", taskId: "t1", attempt: 1, branch: "fix/t1" }],
      waits: [{ taskId: "t1" }, { taskId: "t2", on: ["t1"] }],
    });
  }
  expect(await everything(place)).toEqual(before);
});

async function everything(place: Workplace) {
  const refs = ["for-each-ref", "--format=%(objectname) %(refname)"];
  return {
    manifest: await readFile(place.manifestPath, "utf8"),
    refs: await place.lab.git(refs),
    pushed: await place.lab.git(refs, place.lab.origin),
    worktrees: await place.lab.git(["worktree", "list", "--porcelain"]),
    sessions: await place.sessions(),
    events: await place.events(),
  };
}

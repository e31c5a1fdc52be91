import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { puppet, test } from "../support/workplace.ts";

test.concurrent("a second run is refused, a heartbeat has nothing to do, and both name who is at work", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const run = place.start(["run"]);
  const agent = await place.puppets.enter("t1");
  const holder = `coppice run (process ${run.pid}`;

  const second = await place.coppice(["run", "--json"]);
  expect(second).toMatchObject({ code: 3, stderr: expect.stringContaining(holder) });
  expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: "workdir-busy" } });
  const beat = await place.coppice(["heartbeat"]);
  expect(beat).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining(holder) });

  await agent.finish("t1");
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(await place.pullRequests()).toHaveLength(1);
});

test.concurrent("a run that is stopped by a signal is never overtaken", async ({ place }) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const run = place.start(["run"]);
  const agent = await place.puppets.enter("t1");
  await run.tells(/t1.*running/);
  run.signal("SIGSTOP");
  await agent.finish("t1");

  const beat = await place.succeed(["heartbeat"]);
  expect(beat.stderr).toContain(`coppice run (process ${run.pid}`);
  expect(await place.coppice(["run"])).toMatchObject({ code: 3 });
  expect(await place.coppice(["cleanup", "--all"])).toMatchObject({ code: 3 });
  expect(await place.pullRequests()).toEqual([]);

  run.signal("SIGCONT");
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(await place.pullRequests()).toHaveLength(1);
});

test.concurrent("after a kill the next command takes over at once, with the agent that is still at work", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const run = place.start(["run"]);
  const agent = await place.puppets.enter("t1");
  await run.tells(/t1.*running/);
  run.signal("SIGKILL");
  expect(await run.ended).toMatchObject({ code: null });

  const beat = await place.succeed(["heartbeat"]);
  expect(beat.stdout).toMatch(/t1 .*running/);
  expect(await place.sessions()).toEqual(["task-t1"]);
  await agent.finish("t1");
  await place.succeed(["run"]);
  expect(await place.task("t1")).toMatchObject({ status: "pr_open", attempts: 1 });
});

test.concurrent("a tmux server that is killed costs an attempt, not the work", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const run = place.start(["run", "--interval", "2"]);
  const first = await place.puppets.enter("t1");
  await first.commit("t1.txt", "half\n", "Begin t1");
  await exec("tmux", ["-S", join(place.workdir, "tmux.sock"), "kill-server"]);
  await first.gone;
  const second = await place.puppets.enter("t1");
  await second.commit("t1.txt", "done\n", "End t1");
  await second.exit(0);
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(await place.delivered("fix/t1")).toEqual(["End t1", "Begin t1"]);
  expect(await place.task("t1")).toMatchObject({ status: "pr_open", attempts: 2 });
});

test.concurrent("a start that a kill left unnoted is taken over with branch, worktree and parent", async ({
  place,
}) => {
  await place.plan({}, [
    { id: "t1" },
    { id: "t2", dependsOn: ["t1"], status: "planned", command: puppet(place) },
  ]);
  expect(await place.coppice(["run"])).toMatchObject({ code: 4 });
  const text = await readFile(place.manifestPath, "utf8");
  await place.save(text.replace('"planned"', '"pending"'));

  const release = await place.holdManifest();
  const run = place.start(["run"]);
  const agent = await place.puppets.enter("t2");
  run.signal("SIGKILL");
  await run.ended;
  await release();
  expect(await place.task("t2")).toMatchObject({ status: "pending", worktree: null });
  await agent.finish("t2");
  await place.succeed(["run"]);

  expect(await place.task("t2")).toMatchObject({
    status: "pr_open",
    attempts: 1,
    branch: "fix/t2",
    worktree: join(place.workdir, "worktrees/t2"),
    tmuxSession: "task-t2",
    state: { parent: "t1", forkPoint: await place.lab.git(["rev-parse", "fix/t1"]) },
  });
  expect(await place.pullRequests()).toMatchObject([
    { head: "fix/t1", base: "main" },
    { head: "fix/t2", base: "fix/t1" },
  ]);
  expect(await place.delivered("fix/t2")).toEqual(["Work on t2", "Work on t1"]);
});

test.concurrent("Ctrl-C leaves the agents at work and says how to go on; run goes on", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }, { id: "t2" }]);
  const run = place.start(["run"]);
  const one = await place.puppets.enter("t1");
  const two = await place.puppets.enter("t2");
  run.signal("SIGINT");
  const end = await run.ended;
  expect(end.code).toBe(130);
  expect(end.stderr).toMatch(/the sessions go on by themselves: coppice run .*manifest\.json/);
  expect(await place.sessions()).toEqual(["task-t1", "task-t2"]);

  await one.finish("t1");
  const again = place.start(["run"]);
  await two.finish("t2");
  expect(await again.ended).toMatchObject({ code: 0 });
  const heads = (await place.pullRequests()).map(({ head }) => head);
  expect(heads.toSorted()).toEqual(["fix/t1", "fix/t2"]);
  for (const id of ["t1", "t2"]) expect(await place.task(id)).toMatchObject({ attempts: 1 });
});

test.concurrent("SIGTERM ends a run as Ctrl-C does, with the exit code of that signal", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const run = place.start(["run"]);
  await place.puppets.enter("t1");
  run.signal("SIGTERM");
  expect(await run.ended).toMatchObject({ code: 143 });
  expect(await place.sessions()).toEqual(["task-t1"]);
});

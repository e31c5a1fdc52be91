import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { eventually, puppet, test } from "../support/workplace.ts";

test.concurrent("a question that nobody may answer ends the run with 4 and the words to answer; send and run finish it", async ({
  place,
}) => {
  await place.plan({ command: puppet(place), policy: { backoffSeconds: 0.1 } }, [
    { id: "t1" },
    { id: "t2", dependsOn: ["t1"] },
  ]);
  const run = place.start(["run", "--interval", "1"]);
  const agent = await place.puppets.enter("t1");
  const answered = agent.ask("Delete the old table? [y/n] ");
  const end = await run.ended;

  expect(end.code).toBe(4);
  expect(end.stderr).toMatch(/waiting for you/);
  expect(end.stdout + end.stderr).toMatch(/t1 .*Delete the old table\?/);
  const status = JSON.parse((await place.succeed(["status", "--json"])).stdout);
  expect(status.rows).toMatchObject([
    { task: "t1", status: "stuck", waitsFor: expect.stringContaining("Delete the old table?") },
    { task: "t2", status: "blocked", waitsFor: expect.stringContaining("t1") },
  ]);
  expect(await place.sessions()).toEqual(["task-t1"]);

  expect(await place.coppice(["send", "t1", "y"])).toMatchObject({ code: 0, stderr: "sent\n" });
  expect(await answered).toBe("y");
  await agent.finish("t1");
  const again = place.start(["run"]);
  const two = await place.puppets.enter("t2");
  await two.finish("t2");
  expect(await again.ended).toMatchObject({ code: 0 });
  expect(await place.task("t1")).toMatchObject({ status: "pr_open", error: null, attempts: 1 });
});

test.concurrent("a task that fails too often is in error; retry does it again in the same worktree", async ({
  place,
}) => {
  const policy = { backoffSeconds: 0.1, attemptsMax: 2 };
  await place.plan({ command: puppet(place), policy }, [{ id: "t1" }]);
  const run = place.start(["run"]);
  const first = await place.puppets.enter("t1");
  await first.commit("half.txt", "half\n", null);
  await first.say("error: no idea\n");
  await first.exit(3);
  const second = await place.puppets.enter("t1");
  expect(await readFile(second.hello.argv[0] ?? "", "utf8")).toMatch(/error: no idea/);
  await second.exit(3);
  const end = await run.ended;
  expect(end.code).toBe(4);
  expect(end.stderr).toMatch(/coppice retry/);
  expect(await place.task("t1")).toMatchObject({
    status: "error",
    attempts: 2,
    error: expect.stringMatching(/exit code 3/),
  });
  const log = await place.succeed(["logs", "t1", "--attempt", "1"]);
  expect(log.stdout).toContain("error: no idea");

  const retried = await place.succeed(["retry", "t1", "--json"]);
  expect(JSON.parse(retried.stdout)).toEqual({ task: "t1", status: "pending" });
  const again = place.start(["run"]);
  const third = await place.puppets.enter("t1");
  expect(third.hello.env).toMatchObject({ COPPICE_ATTEMPT: "3" });
  expect(await readFile(join(third.hello.cwd, "half.txt"), "utf8")).toBe("half\n");
  await third.commit("half.txt", "whole\n", "Work on t1");
  await third.exit(0);
  expect(await again.ended).toMatchObject({ code: 0 });
  expect(await place.task("t1")).toMatchObject({ status: "pr_open", attempts: 3, error: null });
});

test.concurrent("attach names the session's own tmux command, and cancel ends it without a run", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  await place.succeed(["heartbeat"]);
  const agent = await place.puppets.enter("t1");
  await agent.say("here I am\n");

  const attach = JSON.parse((await place.succeed(["attach", "t1", "--json"])).stdout);
  expect(attach.command.slice(-2)).toEqual(["-t", "=task-t1"]);
  const [program, ...words] = attach.command as string[];
  const shown = [...words.slice(0, -3), "capture-pane", "-p", "-t", "=task-t1:"];
  await eventually("the agent's words", async () =>
    (await exec(program ?? "", shown)).stdout.includes("here I am"),
  );

  const would = await place.succeed(["cancel", "t1", "--dry-run", "--json"]);
  expect(JSON.parse(would.stdout)).toEqual({ task: "t1", status: "cancelled", dryRun: true });
  expect(await place.task("t1")).toMatchObject({ status: "running" });
  const cancelled = await place.succeed(["cancel", "t1", "--json"]);
  expect(JSON.parse(cancelled.stdout)).toEqual({ task: "t1", status: "cancelled" });
  await agent.gone;
  expect(await place.sessions()).toEqual([]);
  expect(await place.succeed(["run"])).toMatchObject({ code: 0 });
  expect(await place.pullRequests()).toEqual([]);
});

test.concurrent("cleanup lists first, and saves what exists nowhere else before it removes anything", async ({
  place,
}) => {
  await place.plan({}, [{ id: "t1" }, { id: "t2" }]);
  await place.succeed(["run"]);
  const worktree = join(place.workdir, "worktrees/t1");
  await mkdir(join(worktree, "notes"));
  await writeFile(join(worktree, "notes/idea.txt"), "not committed\n");
  const refs = () => place.lab.git(["for-each-ref", "--format=%(refname)"]);
  const before = await refs();

  const plan = JSON.parse((await place.succeed(["cleanup", "--dry-run", "--json"])).stdout);
  expect(plan).toMatchObject([{ plan: { kind: "keep" } }, { plan: { kind: "keep" } }]);
  const all = await place.succeed(["cleanup", "--all", "--dry-run", "--json"]);
  expect(JSON.parse(all.stdout)).toMatchObject([
    { taskId: "t1", branch: "fix/t1", worktree, plan: { kind: "remove" } },
    { taskId: "t2", plan: { kind: "remove" } },
  ]);
  expect(await refs()).toBe(before);

  const done = await place.succeed(["cleanup", "--all"]);
  expect(done.stdout).toContain("refs/coppice/preserved/t1/1");
  expect(await place.lab.git(["worktree", "list", "--porcelain"])).not.toContain(worktree);
  const after = await refs();
  expect(after).not.toMatch(/refs\/heads\/fix/);
  expect(after).toMatch(/refs\/remotes\/origin\/fix\/t1/);
  const saved = "refs/coppice/preserved/t1/1:notes/idea.txt";
  expect(await place.lab.git(["show", saved])).toBe("not committed");
  expect(after).not.toMatch(/preserved\/t2/);
  expect(await place.task("t1")).toMatchObject({ status: "pr_open", worktree: null });
  expect(await place.succeed(["cleanup", "--all", "--json"])).toMatchObject({ stdout: "[]\n" });
});

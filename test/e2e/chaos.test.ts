import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { eventually, puppet, test, type Workplace } from "../support/workplace.ts";

const must = async (program: string, ...args: string[]): Promise<void> => {
  const run = await exec(program, args);
  if (run.code !== 0) throw new Error(`${program} ${args.join(" ")}: ${run.stderr}`);
};

/** Only some users may mount; what is not tested then is said. */
const MAY_MOUNT = (await exec("unshare", ["-m", "true"])).code === 0 && process.getuid?.() === 0;
if (!MAY_MOUNT)
  process.stderr.write("not tested, for want of the right to mount: full and read-only disks\n");

/** A disk of 4 MB as the workdir; the function that this gives takes it away with what lives there. */
async function smallDisk({ workdir }: Workplace): Promise<() => Promise<void>> {
  await mkdir(workdir);
  await must("mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "none", workdir);
  return async () => {
    await exec("tmux", ["-S", join(workdir, "tmux.sock"), "kill-server"]);
    await must("umount", "--lazy", workdir);
  };
}

/** What a task has come to: nothing lost, nothing twice. */
async function expectDelivered(place: Workplace, attempts: number): Promise<void> {
  expect(await place.pullRequests()).toMatchObject([{ head: "fix/t1", base: "main" }]);
  expect(await place.delivered("fix/t1")).toEqual(["Work on t1"]);
  expect(await place.task("t1")).toMatchObject({ status: "pr_open", attempts, error: null });
}

test
  .skipIf(!MAY_MOUNT)
  .concurrent(
    "a full disk, also of the temporary folder, is told with the remedy and waited for",
    async ({ place, onTestFinished }) => {
      onTestFinished(await smallDisk(place));
      await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
      const run = place.start(["run", "--interval", "1"], { TMPDIR: place.workdir });
      const agent = await place.puppets.enter("t1");
      await agent.commit("t1.txt", "done\n", "Work on t1");
      const filler = join(place.workdir, "filler");
      await exec("dd", ["if=/dev/zero", `of=${filler}`, "bs=1k"]);
      await agent.exit(0);
      // The session's own record of its end found no room either: the task is taken up again.
      await run.tells(/ENOSPC: no space left on device.* Free space on the disk/);
      expect(await place.pullRequests()).toEqual([]);
      await rm(filler);
      await (await place.puppets.enter("t1")).exit(0);
      expect(await run.ended).toMatchObject({ code: 0 });
      await expectDelivered(place, 2);
    },
  );

test
  .skipIf(!MAY_MOUNT)
  .concurrent(
    "a workdir that cannot be written ends the command with the remedy, before anything is begun",
    async ({ place, onTestFinished }) => {
      onTestFinished(await smallDisk(place));
      await place.plan({}, [{ id: "t1" }]);
      await must("mount", "-o", "remount,ro", place.workdir);
      const refused = await place.coppice(["run", "--json"]);
      expect(refused.code).toBe(3);
      expect(JSON.parse(refused.stdout).error).toMatchObject({
        code: "disk-read-only",
        message: expect.stringContaining(place.workdir),
        hint: expect.stringContaining("writable"),
      });
      expect(await place.lab.git(["branch", "--list", "fix/*"])).toBe("");
      await must("mount", "-o", "remount,rw", place.workdir);
      await place.succeed(["run"]);
      await expectDelivered(place, 1);
    },
  );

test.concurrent("a run that may open no more files says so and goes on as soon as it may", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const run = place.start(["run", "--interval", "1"]);
  const agent = await place.puppets.enter("t1");
  await run.tells(/t1.*running/);
  await must("prlimit", "--pid", String(run.pid), "--nofile=8:");
  await agent.finish("t1");
  await run.tells(/everything waits: .*EMFILE.*ulimit -n/);
  await must("prlimit", "--pid", String(run.pid), "--nofile=1024:");
  await run.tells(/the run goes on/);
  expect(await run.ended).toMatchObject({ code: 0 });
  await expectDelivered(place, 1);
});

test.concurrent("a tmux socket that is removed costs nothing, and starts nothing twice", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const run = place.start(["run", "--interval", "1"]);
  const agent = await place.puppets.enter("t1");
  await run.tells(/t1.*running/);
  await rm(join(place.workdir, "tmux.sock"));
  await eventually("the socket", async () => (await place.sessions()).includes("task-t1"));
  await agent.finish("t1");
  expect(await run.ended).toMatchObject({ code: 0 });
  await expectDelivered(place, 1);
});

test.concurrent("a person who attaches, scrolls, types and has a tiny terminal disturbs nothing and is not disturbed", async ({
  place,
}) => {
  await place.plan({ command: puppet(place) }, [{ id: "t1" }]);
  const run = place.start(["run", "--interval", "1"]);
  const agent = await place.puppets.enter("t1");
  await agent.compose();
  const socket = join(place.workdir, "tmux.sock");
  const person = spawn("tmux", ["-S", socket, "-C", "attach-session", "-t", "=task-t1"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const left = once(person, "close");
  const target = "=task-t1:";
  const tmux = (...words: string[]) => must("tmux", "-S", socket, ...words);
  person.stdin.write(`send-keys -t ${target} -l "half a thought"\n`);
  await tmux("resize-window", "-t", target, "-x", "10", "-y", "5");
  await eventually("the draft", async () => {
    const shown = await exec("tmux", ["-S", socket, "capture-pane", "-p", "-J", "-t", target]);
    return shown.stdout.includes("ought");
  });
  await tmux("copy-mode", "-t", target);
  // A look of a successor, whose first capture is of the tiny, scrolled screen.
  const looked = JSON.parse((await place.succeed(["why", "t1", "--json"])).stdout);
  expect(looked).toMatchObject({ task: "t1", status: "running" });
  expect(agent.sent).toEqual([]);
  await agent.finish("t1");
  expect(await run.ended).toMatchObject({ code: 0 });
  await expectDelivered(place, 1);
  // The session stays as long as somebody looks at it.
  expect(await place.sessions()).toEqual(["task-t1"]);
  person.stdin.end();
  await left;
});

test.concurrent("what origin refuses, or lacks, is a person's to mend; then the same work is delivered once", async ({
  place,
}) => {
  const { origin, git } = place.lab;
  await place.plan({}, [{ id: "t1" }]);
  const hook = join(origin, "hooks/pre-receive");
  await mkdir(join(origin, "hooks"), { recursive: true });
  await writeFile(hook, "#!/bin/sh\necho nobody pushes on Fridays >&2\nexit 1\n", { mode: 0o755 });
  expect(await place.coppice(["run"])).toMatchObject({ code: 4 });
  expect((await place.task("t1")).error).toMatch(/nobody pushes on Fridays.*set t1 to complete/);
  await rm(hook);

  const base = await git(["rev-parse", "refs/heads/main"], origin);
  await git(["update-ref", "-d", "refs/heads/main"], origin);
  await place.succeed(["set", "t1.status", "complete"]);
  const lacking = await place.coppice(["run"]);
  expect([lacking.code, (await place.task("t1")).error]).toEqual([
    4,
    expect.stringMatching(/main/),
  ]);
  await git(["update-ref", "refs/heads/main", base], origin);
  await place.succeed(["set", "t1.status", "complete"]);
  await place.succeed(["run"]);
  await expectDelivered(place, 1);

  await git(["update-ref", "-d", "refs/heads/fix/t1"], origin);
  expect(await place.coppice(["run"])).toMatchObject({ code: 4 });
  expect((await place.task("t1")).error).toMatch(/pull request #1 was closed/);
});

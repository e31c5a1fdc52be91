import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { expectDeliveredDemo, expectGreenWorktrees } from "../support/demo.ts";
import { eventually, journalOf, processesBelow, test } from "../support/workplace.ts";

test.concurrent("the demo turns six issues into six pull requests, leaves no process behind and does nothing twice", async ({
  place,
}) => {
  const dir = join(place.folder, "demo");
  const run = await place.succeed(["demo", "--json", "--workdir", dir]);

  expect(run.stdout).toMatch(/^\{.*\}\n$/);
  const told = JSON.parse(run.stdout);
  expect(told).toMatchObject({ workdir: dir, seconds: expect.any(Number) });
  expect(told.tasks).toHaveLength(6);
  expect(told.pullRequests).toHaveLength(6);
  await expectDeliveredDemo(dir);
  await expectGreenWorktrees(dir);
  const events = await journalOf(join(dir, "work"));
  expect(events.at(-1)).toMatchObject({ kind: "run-ended", outcome: "delivered" });
  expect(await place.coppice(["validate", join(dir, "manifest.json")])).toMatchObject({ code: 0 });
  expect(await exec("tmux", ["-S", join(dir, "work/tmux.sock"), "ls"])).toMatchObject({ code: 1 });
  expect(await processesBelow(dir)).toEqual([]);

  const before = await readFile(join(dir, "manifest.json"), "utf8");
  const again = await place.succeed(["demo", "--workdir", dir]);
  expect(again.stdout).toContain("6 issues → 6 pull requests");
  expect(await readFile(join(dir, "manifest.json"), "utf8")).toBe(before);
  await expectDeliveredDemo(dir);
}, 180_000);

/** After how many new lines of the journal each start is killed. */
const KILLS = [0, 1, 2, 3, 5, 8, 11, 13, 17, 21];

test.concurrent("a demo that is killed again and again ends with the same six pull requests", async ({
  place,
  onTestFinished,
}) => {
  const dir = join(place.folder, "demo");
  const args = ["demo", "--json", "--workdir", dir];
  const agents = watchAgents(dir);
  onTestFinished(async () => void (await agents.stop()));
  for (const lines of KILLS) {
    const enough = (await journalLength(dir)) + lines;
    const run = place.start(args);
    await eventually(
      `line ${enough} of the journal`,
      async () => (await journalLength(dir)) >= enough,
    );
    run.signal("SIGKILL");
    expect(await run.ended).toMatchObject({ code: null });
  }
  const last = await place.succeed(args);

  expect(JSON.parse(last.stdout).pullRequests).toHaveLength(6);
  await expectDeliveredDemo(dir);
  const seen = await agents.stop();
  expect(seen.tasks).toEqual(new Set(["t1", "t2", "t3", "t4", "t5", "t6"]));
  expect(seen.doubles).toEqual([]);
  expect(await processesBelow(dir)).toEqual([]);
}, 180_000);

async function journalLength(dir: string): Promise<number> {
  const text = await readFile(join(dir, "work/events.jsonl"), "utf8").catch(() => "");
  return text.split("\n").length - 1;
}

/** Looks again and again whether two agents work on one task. */
function watchAgents(dir: string): {
  stop(): Promise<{ readonly tasks: ReadonlySet<string>; readonly doubles: readonly string[] }>;
} {
  const tasks = new Set<string>();
  const doubles: string[] = [];
  const stopped = new AbortController();
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      const now = await agentsIn(dir);
      for (const task of now) tasks.add(task);
      if (new Set(now).size < now.length) doubles.push(now.join(" "));
      await wait(50);
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await watching;
      return { tasks, doubles };
    },
  };
}

/** The task of each agent that is alive now. A child that an agent has just forked still bears its words: it is not counted. */
async function agentsIn(dir: string): Promise<readonly string[]> {
  const { stdout } = await exec("ps", ["-axww", "-o", "pid=,ppid=,args="]);
  const found = stdout.split("\n").flatMap((line) => {
    const [, pid = "", parent = "", words = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    const task = words.split(`${dir}/work/tasks/`)[1]?.split("/")[0];
    return task === undefined || !words.includes("agent.mjs") ? [] : [{ pid, parent, task }];
  });
  const pids = new Set(found.map(({ pid }) => pid));
  return found.filter(({ parent }) => !pids.has(parent)).map(({ task }) => task);
}

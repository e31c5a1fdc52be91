import { readFile, rename, writeFile } from "node:fs/promises";
import { expect } from "vitest";
import type { RunningCoppice } from "../support/built-cli.ts";
import { eventually, puppet, test, type Workplace } from "../support/workplace.ts";

/** What a program of the user's own writes about the head of a pull request. */
async function report(place: Workplace, number: number, check: object): Promise<string> {
  const path = `${place.lab.origin.replace(/\.git$/, "")}.pulls/${number}.json`;
  const record = JSON.parse(await readFile(path, "utf8"));
  const sha = await place.lab.git(["rev-parse", `refs/heads/${record.head}`], place.lab.origin);
  const checks = [...(record.checks ?? []), { name: "build", sha, ...check }];
  await writeFile(`${path}~`, JSON.stringify({ ...record, checks }));
  await rename(`${path}~`, path);
  return sha;
}

/** A run that has delivered `t1` and waits for its checks. */
async function delivered(place: Workplace): Promise<RunningCoppice> {
  const policy = { backoffSeconds: 0.1, checks: "tell", forgePollSeconds: 0.2 } as const;
  await place.plan({ command: puppet(place), policy }, [{ id: "t1" }]);
  const run = place.start(["run", "--interval", "1"]);
  await (await place.puppets.enter("t1")).finish("t1");
  await run.tells(/pull request #1/);
  return run;
}

test.concurrent("failed checks go back to the agent once for each commit, and the same pull request passes", async ({
  place,
}) => {
  const run = await delivered(place);
  await report(place, 1, { state: "running" });
  const first = await report(place, 1, { state: "failed", log: "one\ntwo\n1 test failed\n" });

  const mender = await place.puppets.enter("t1");
  await run.tells(/t1 pr_open → running: checks of pull request #1 failed at .*"build"/);
  const prompt = await readFile(mender.hello.argv.at(-1) ?? "", "utf8");
  expect(prompt).toContain("pull request #1 is open, but a check of it failed");
  expect(prompt).toMatch(/"build" failed\. Its last lines:\n +one\n +two\n +1 test failed/);
  await eventually("the note", async () => (await place.task("t1")).state?.checksTold === first);
  await mender.commit("mended.txt", "mended\n", "Mend the build");
  await mender.exit(0);
  await eventually("the new commit on origin", async () =>
    (await place.delivered("fix/t1")).includes("Mend the build"),
  );
  expect(await report(place, 1, { state: "passed" })).not.toBe(first);
  await place.succeed(["set", "policy.checksBeginSeconds", "0"]);

  expect(await run.ended).toMatchObject({ code: 0 });
  expect(await place.pullRequests()).toMatchObject([{ number: 1, state: "open", head: "fix/t1" }]);
  expect(await place.delivered("fix/t1")).toEqual(["Mend the build", "Work on t1"]);
  expect(await place.task("t1")).toMatchObject({ status: "pr_open", attempts: 2, error: null });
});

test.concurrent("an agent that changes nothing leaves failed checks to a person", async ({
  place,
}) => {
  const run = await delivered(place);
  await report(place, 1, { state: "failed" });
  await (await place.puppets.enter("t1")).exit(0);
  expect(await run.ended).toMatchObject({ code: 4 });
  const { status, error } = await place.task("t1");
  expect([status, error]).toEqual([
    "pr_open",
    expect.stringMatching(
      /^checks of pull request #1 failed at .*: "build"; its agent was told once$/,
    ),
  ]);
  expect((await place.succeed(["status"])).stdout).toContain("its agent was told once");
});

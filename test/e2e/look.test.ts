import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually, test } from "../support/workplace.ts";

const ASKER = ["sh", "-c", 'printf "in %s\\nOverwrite the file? [y/N] " "$PWD"; read answer'];

test.concurrent("why, classify and record tell of a live session what the reader sees, and change nothing", async ({
  place,
}) => {
  await place.plan({ command: ASKER }, [{ id: "t1" }, { id: "t2", dependsOn: ["t1"] }]);
  await place.succeed(["heartbeat"]);
  const classified = await eventually("the question on the screen", async () => {
    const { stdout } = await place.succeed(["classify", "t1"]);
    return stdout.includes("waiting-input") && JSON.parse(stdout);
  });
  expect(classified).toMatchObject({ task: "t1", state: "waiting-input", action: "ask-person" });
  const before = await readFile(place.manifestPath, "utf8");

  const report = JSON.parse((await place.succeed(["why", "t1", "--json"])).stdout);
  expect(report).toMatchObject({
    task: "t1",
    attempt: 1,
    verdict: { kind: "waiting-input", dialog: { title: "Overwrite the file? [y/N]" } },
    lately: expect.arrayContaining([
      expect.objectContaining({ event: expect.objectContaining({ kind: "action-done" }) }),
    ]),
  });
  expect(report.evidence.map((one: { source: string }) => one.source)).toEqual([
    "pull request",
    "git",
    "launch",
    "exit record",
    "verify",
    "session",
    "screen",
  ]);
  const text = (await place.succeed(["why", "t1"])).stdout;
  expect(text).toContain("waiting-input");
  expect(text).toMatch(/launch +attempt 1, start of command \(\d+ s ago\)/);
  expect((await place.succeed(["why", "t2"])).stdout).toContain("waits for t1");

  const recorded = await place.succeed([
    "record",
    "t1",
    "--label",
    "waiting-input",
    "--into",
    "screens",
    "--json",
  ]);
  const { path } = JSON.parse(recorded.stdout);
  const saved = await readFile(path, "utf8");
  expect(saved).toContain("Overwrite the file? [y/N]");
  expect(saved).not.toContain(place.folder);
  const corpus = join(place.folder, "screens");
  expect((await place.succeed(["classify", "--corpus", corpus, "--score"])).stdout).toContain(
    "accuracy 100.0 % of 1 screens",
  );
  expect(JSON.parse((await place.succeed(["classify", "--corpus", corpus])).stdout)).toMatchObject({
    file: expect.stringMatching(/^command\/\d+-waiting-input\.txt$/),
    state: "waiting-input",
  });
  expect(await readFile(place.manifestPath, "utf8")).toBe(before);
});

test.concurrent("what cannot be looked at is said, with what to do", async ({ place }) => {
  await place.plan({}, [{ id: "t1" }]);
  for (const [words, code, message] of [
    ["classify", 2, /name either a task or a folder/],
    ["classify t1", 1, /t1 \(pending\) has no session/],
    ["record t1 --label asleep", 2, /"asleep" is no state/],
    ["why t9", 1, /no task "t9"/],
    ["classify --corpus nowhere", 1, /nowhere\/screens\.jsonl/],
  ] as const) {
    const run = await place.coppice(words.split(" "));
    expect(run).toMatchObject({ code, stderr: expect.stringMatching(message) });
  }
});

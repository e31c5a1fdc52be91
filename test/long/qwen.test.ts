import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { deeds, taskOf, worksOn } from "../support/agent-stage.ts";
import { expectListAloneApproved } from "../support/approvals.ts";
import { testWithQwen as test } from "../support/qwen-stage.ts";
import { expectHealed, expectKeyRefused } from "../support/troubles.ts";

test("a trouble of one Qwen Code is healed, and none at work is disturbed", async ({
  place,
  model,
  env,
}) => {
  const troubles = [
    "a question at the end",
    "files left uncommitted",
    "a request that fails",
    "an agent that is killed",
  ] as const;
  await expectHealed(
    { place, model, env },
    troubles.map((trouble) => ({ agent: "qwen", trouble }) as const),
  );
});

test("Qwen Code says itself that its turn has ended, and the hooks of its user run too", async ({
  place,
  model,
  env,
}) => {
  model.play({ matches: worksOn(1), steps: [{ kind: "say", text: "Nothing to do." }] });
  await place.plan({ agent: "qwen", policy: { nudgesMax: 0, attemptsMax: 1 } }, [
    taskOf(1, "ends"),
  ]);

  const run = await place.start(["run", "--json", "--interval", "1"], env).ended;

  expect(run.code, run.stderr).toBe(4);
  expect(await deeds(place, "t1")).toEqual(["start"]);
  const said = await readFile(join(place.workdir, "tasks/t1/signals.1.jsonl"), "utf8");
  const notices = said
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).notice);
  expect(notices.map((notice) => notice.hook_event_name)).toEqual([
    "SessionStart",
    "UserPromptSubmit",
    "Stop",
  ]);
  expect(notices.at(-1).last_assistant_message).toBe("Nothing to do.");
  expect(await readFile(join(env["HOME"] ?? "", "own-hook"), "utf8")).toBe("said\n");
});

test("Qwen Code asks before commands, and only what the list allows is approved", async ({
  place,
  model,
  env,
}) => {
  await expectListAloneApproved({ place, model, env }, { agent: "qwen" });
});

test("a refused key stops Qwen Code and asks a person", async ({ place, model, env }) => {
  await expectKeyRefused({ place, model, env }, ["qwen"]);
});

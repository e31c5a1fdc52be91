import { expect } from "vitest";
import {
  agentProcess,
  carryOut,
  deeds,
  disturbances,
  runs,
  taskOf,
  worksOn,
} from "../support/agent-stage.ts";
import type { ModelStep } from "../support/model-server.ts";
import { testWithOpencode as test } from "../support/opencode-stage.ts";

test("a killed opencode is resumed, and none at work is disturbed", async ({
  place,
  model,
  env,
}) => {
  const troubles: readonly {
    readonly title: string;
    readonly steps: readonly ModelStep[];
    readonly deeds: readonly (string | RegExp)[];
    readonly mode?: "headless";
  }[] = [
    {
      title: "a long silent command",
      steps: [runs("opencode", "sleep 8"), ...carryOut("opencode", 1)],
      deeds: [],
    },
    {
      title: "an opencode that is killed",
      steps: [
        runs("opencode", "echo half > half.txt"),
        { kind: "hang" },
        ...carryOut("opencode", 2),
      ],
      // Words given to a resumed conversation at its start are not sent: it is told them again.
      deeds: [/^resume: ended with exit code 137/, "nudge: the task never reached the agent"],
    },
    {
      title: "work without a terminal",
      steps: carryOut("opencode", 3),
      deeds: [],
      mode: "headless",
    },
  ];
  troubles.forEach(({ steps }, index) => {
    model.play({ matches: worksOn(index + 1), steps });
  });
  await place.plan(
    { agent: "opencode", maxParallel: 12, policy: { backoffSeconds: 1 } },
    troubles.map(({ title, mode }, index) => ({
      ...taskOf(index + 1, title),
      ...(mode === undefined ? {} : { mode }),
    })),
  );
  const issues = troubles.map((_, index) => index + 1);

  const run = place.start(RUN, env);
  await model.asked((request) => worksOn(2)(request) && request.toolOutputs.length > 0);
  process.kill(await agentProcess(place, "t2"), "SIGKILL");
  const { code, stderr } = await run.ended;

  const seen = await Promise.all(issues.map((issue) => deeds(place, `t${issue}`)));
  expect(seen, stderr).toEqual(
    troubles.map(({ deeds: healing }) => [
      "start",
      ...healing.map((one) => (typeof one === "string" ? one : expect.stringMatching(one))),
      "deliver",
      "stop-session",
    ]),
  );
  expect(code).toBe(0);
  const disturbed = await Promise.all(issues.map((issue) => disturbances(place, model, issue)));
  expect(disturbed).toEqual(issues.map(() => []));
}, 240_000);

test.concurrent("a refused key stops opencode and asks a person", async ({ place, model, env }) => {
  const refused: ModelStep = { kind: "http-error", status: 401, message: "Incorrect API key" };
  model.play({ matches: worksOn(1), steps: [runs("opencode", "true"), refused] });
  await place.plan({ agent: "opencode" }, [taskOf(1, "has a refused key")]);

  const run = await place.coppice(RUN, env);

  expect(run.code).toBe(4);
  expect(await deeds(place, "t1")).toEqual(["start"]);
  expect((await place.task("t1")).error).toMatch(/Incorrect API key/);
}, 240_000);

const RUN = ["run", "--json", "--interval", "1"];

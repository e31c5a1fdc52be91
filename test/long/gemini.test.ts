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
import { testWithGemini as test, testWithNewGemini } from "../support/gemini-stage.ts";
import type { ModelRequest, ModelStep } from "../support/model-server.ts";

test("a trouble of one Gemini CLI is healed, and none at work is disturbed", async ({
  place,
  model,
  env,
}) => {
  model.play({ matches: told(3, "The connection failed"), steps: carryOut("gemini", 3) });
  const troubles: readonly {
    readonly title: string;
    readonly steps: readonly ModelStep[];
    readonly deeds: readonly (string | RegExp)[];
    readonly mode?: "headless";
  }[] = [
    {
      title: "a long silent command",
      steps: [runs("gemini", "sleep 8"), ...carryOut("gemini", 1)],
      deeds: [],
    },
    {
      title: "a question at the end",
      steps: [{ kind: "say", text: "Shall I use tabs or spaces?" }, ...carryOut("gemini", 2)],
      deeds: ["nudge: asks: Shall I use tabs or spaces?"],
    },
    {
      title: "a request that fails",
      steps: [
        runs("gemini", "true"),
        ...Array<ModelStep>(60).fill({
          kind: "http-error",
          status: 400,
          message: "malformed",
          more: { code: 400 },
        }),
      ],
      deeds: [/^nudge: the turn ended with an error: .*malformed/],
    },
    {
      title: "a Gemini CLI that is killed",
      steps: [runs("gemini", "echo half > half.txt"), { kind: "hang" }, ...carryOut("gemini", 4)],
      deeds: [/^resume: ended with exit code 137/],
    },
    { title: "work without a terminal", steps: carryOut("gemini", 5), deeds: [], mode: "headless" },
  ];
  troubles.forEach(({ steps }, index) => {
    model.play({ matches: worksOn(index + 1), steps });
  });
  await place.plan(
    { agent: "gemini", maxParallel: 12, policy: { backoffSeconds: 1 } },
    troubles.map(({ title, mode }, index) => ({
      ...taskOf(index + 1, title),
      ...(mode === undefined ? {} : { mode }),
    })),
  );
  const issues = troubles.map((_, index) => index + 1);

  const run = place.start(RUN, env);
  await model.asked((request) => worksOn(4)(request) && request.toolOutputs.length > 0);
  process.kill(await agentProcess(place, "t4"), "SIGKILL");
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
}, 150_000);

test.concurrent("a quota that is used up pauses Gemini CLI, and its question is answered", async ({
  place,
  model,
  env,
}) => {
  const details = [
    {
      "@type": "type.googleapis.com/google.rpc.QuotaFailure",
      violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }],
    },
  ];
  const limit: ModelStep = {
    kind: "http-error",
    status: 429,
    message: "quota",
    more: { code: 429, details },
  };
  model.play({ matches: told(1, "has been reset"), steps: carryOut("gemini", 1) });
  model.play({
    matches: worksOn(1),
    steps: [runs("gemini", "true"), ...Array<ModelStep>(60).fill(limit)],
  });
  const policy = { backoffSeconds: 1, rateLimitPauseMinutes: 0.05 };
  await place.plan({ agent: "gemini", policy }, [taskOf(1, "uses up its quota")]);

  await place.succeed(RUN, env);

  // It asks anew for each model that it could fall back to.
  expect([...new Set(await deeds(place, "t1"))]).toEqual([
    "start",
    "answer: Stop",
    expect.stringMatching(/^nudge: .*quota/),
    "deliver",
    "stop-session",
  ]);
}, 150_000);

test.concurrent("a refused key stops Gemini CLI and asks a person", async ({
  place,
  model,
  env,
}) => {
  const refused: ModelStep = {
    kind: "http-error",
    status: 401,
    type: "UNAUTHENTICATED",
    message: "API key not valid.",
    more: { code: 401 },
  };
  model.play({ matches: worksOn(1), steps: Array<ModelStep>(30).fill(refused) });
  await place.plan({ agent: "gemini" }, [taskOf(1, "has a refused key")]);

  const run = await place.coppice(RUN, env);

  expect(run.code).toBe(4);
  expect(await deeds(place, "t1")).toEqual(["start"]);
  expect((await place.task("t1")).error).toMatch(/401/);
}, 150_000);

testWithNewGemini.concurrent(
  "a Gemini CLI that was never logged in waits for a person, and nothing is typed",
  async ({ place, env }) => {
    await place.plan({ agent: "gemini" }, [taskOf(1, "meets the sign-in screen")]);

    const run = await place.coppice(RUN, env);

    expect(run.code).toBe(4);
    expect(await deeds(place, "t1")).toEqual(["start"]);
  },
  150_000,
);

/** The agent that works on this issue has been told these words. */
const told = (issue: number, words: string) => (request: ModelRequest) =>
  worksOn(issue)(request) && request.userTexts.some((text) => text.includes(words));

const RUN = ["run", "--json", "--interval", "1"];

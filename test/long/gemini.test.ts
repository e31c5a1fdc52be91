import { expect } from "vitest";
import { carryOut, deeds, runs, taskOf, worksOn } from "../support/agent-stage.ts";
import { expectListAloneApproved } from "../support/approvals.ts";
import { testWithGemini as test, testWithNewGemini } from "../support/gemini-stage.ts";
import type { ModelStep } from "../support/model-server.ts";
import {
  expectHealed,
  expectKeyRefused,
  expectLogInAsked,
  hasBeenTold,
} from "../support/troubles.ts";

test("a trouble of one Gemini CLI is healed, and none at work is disturbed", async ({
  place,
  model,
  env,
}) => {
  const troubles = [
    "a long silent command",
    "a question at the end",
    // A failing server (5xx) it asks again and again for minutes, without a word: that reads as work.
    "a request that fails",
    "a full context",
    "an agent that is killed",
  ] as const;
  await expectHealed(
    { place, model, env },
    [
      ...troubles.map((trouble) => ({ agent: "gemini", trouble }) as const),
      { agent: "gemini", trouble: "normal work", mode: "headless" },
    ],
    { maxParallel: 3 },
  );
});

test("a quota that is used up pauses Gemini CLI, and its question is answered", async ({
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
  model.play({ matches: hasBeenTold(1, "has been reset"), steps: carryOut("gemini", 1) });
  model.play({
    matches: worksOn(1),
    steps: [runs("gemini", "true"), ...Array<ModelStep>(60).fill(limit)],
  });
  const policy = { backoffSeconds: 1, rateLimitPauseMinutes: 0.05 };
  await place.plan({ agent: "gemini", policy }, [taskOf(1, "uses up its quota")]);

  const { code, stderr } = await place.start(["run", "--json", "--interval", "1"], env).ended;

  expect(code, stderr).toBe(0);
  // It asks anew for each model that it could fall back to.
  expect([...new Set(await deeds(place, "t1"))]).toEqual([
    "start",
    "answer: Stop",
    expect.stringMatching(/^nudge: .*quota/),
    "deliver",
    "stop-session",
  ]);
});

test("Gemini CLI asks before commands, and only what the list allows is approved", async ({
  place,
  model,
  env,
}) => {
  await expectListAloneApproved({ place, model, env }, { agent: "gemini" });
});

test("a refused key stops Gemini CLI and asks a person", async ({ place, model, env }) => {
  await expectKeyRefused({ place, model, env }, ["gemini"]);
});

testWithNewGemini(
  "a Gemini CLI that was never logged in waits for a person, and nothing is typed",
  async ({ place, model, env }) => {
    await expectLogInAsked({ place, model, env }, "gemini");
  },
);

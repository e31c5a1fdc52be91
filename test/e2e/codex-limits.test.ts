import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { carryOut, deeds, pauseOf, taskOf, worksOn } from "../support/agent-stage.ts";
import { testWithCodex as test } from "../support/codex-stage.ts";
import { expectKeyRefused, expectLogInAsked } from "../support/troubles.ts";

test.concurrent("a usage limit holds every start of Codex until it ends, and lets a turn that runs go on", async ({
  place,
  model,
  env,
}) => {
  const resetsAtMs = nextMinute(Date.now() + 20_000);
  model.play({
    matches: worksOn(1),
    steps: [
      {
        kind: "http-error",
        status: 429,
        message: "The usage limit has been reached",
        type: "usage_limit_reached",
        more: { plan_type: "plus", resets_at: resetsAtMs / 1000 },
      },
      ...carryOut("codex", 1),
    ],
  });
  const paused = () => pauseOf(place, "codex");
  model.play({ matches: worksOn(2), steps: carryOut("codex", 2, paused) });
  model.play({ matches: worksOn(3), steps: carryOut("codex", 3) });
  await place.plan({ agent: "codex", maxParallel: 2, policy: { backoffSeconds: 1 } }, [
    taskOf(1, "reaches the limit"),
    taskOf(2, "is at work meanwhile"),
    taskOf(3, "is not started before"),
  ]);

  await place.succeed(RUN, env);

  expect(await deeds(place, "t1")).toEqual([
    "start",
    expect.stringMatching(/^nudge: .*hit your usage limit/),
    "deliver",
    "stop-session",
  ]);
  expect(await deeds(place, "t2")).toEqual(["start", "deliver", "stop-session"]);
  expect(await deeds(place, "t3")).toEqual(["start", "deliver", "stop-session"]);
  const [first] = model.exchanges.filter(({ request }) => worksOn(3)(request));
  expect(first?.beganMs).toBeGreaterThan(resetsAtMs);
  expect(await place.events()).toContainEqual(
    expect.objectContaining({ kind: "agent-paused", agent: "codex", until: expect.any(String) }),
  );
}, 150_000);

test.concurrent("a rate limit without an end pauses Codex as long as the policy says", async ({
  place,
  model,
  env,
}) => {
  model.play({
    matches: worksOn(1),
    steps: [
      { kind: "http-error", status: 429, message: "Too many requests" },
      ...carryOut("codex", 1),
    ],
  });
  await place.plan({ agent: "codex", policy: { backoffSeconds: 1, rateLimitPauseMinutes: 0.05 } }, [
    taskOf(1, "too fast"),
  ]);

  await place.succeed(RUN, env);

  expect(await deeds(place, "t1")).toEqual([
    "start",
    expect.stringMatching(/^nudge: .*429/),
    "deliver",
    "stop-session",
  ]);
});

test.concurrent("a refused key stops Codex and asks a person", async ({ place, model, env }) => {
  await expectKeyRefused({ place, model, env }, ["codex"]);
});

test.concurrent("a Codex that was never logged in waits for a person, and nothing is typed", async ({
  place,
  model,
  env,
}) => {
  await rm(join(place.folder, "account/home/.codex/config.toml"));
  await expectLogInAsked({ place, model, env }, "codex");
});

const RUN = ["run", "--json", "--interval", "1"];

const nextMinute = (ms: number): number => Math.ceil(ms / 60_000) * 60_000;

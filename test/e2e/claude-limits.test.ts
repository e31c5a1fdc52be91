import { expect } from "vitest";
import { carryOut, deedsOnWork, pauseOf, runs, taskOf, worksOn } from "../support/agent-stage.ts";
import { testWithClaude as test } from "../support/claude-stage.ts";
import type { ModelStep } from "../support/model-server.ts";
import { expectKeyRefused } from "../support/troubles.ts";

test.concurrent("a subscription's limit holds every start; Claude Code itself is left to go on when it ends", async ({
  place,
  model,
  env,
}) => {
  let resetsAtMs = Number.POSITIVE_INFINITY;
  const limit: ModelStep = {
    kind: "http-error",
    status: 429,
    type: "rate_limit_error",
    message: "This request would exceed your account's rate limit.",
    headers: () => {
      // Claude Code shows whole minutes.
      resetsAtMs = Math.ceil((Date.now() + 20_000) / 60_000) * 60_000;
      const reset = String(resetsAtMs / 1000);
      return {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": reset,
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
        "anthropic-ratelimit-unified-5h-reset": reset,
      };
    },
  };
  model.play({ matches: worksOn(1), steps: [runs("claude", "true"), limit] });
  const paused = () => pauseOf(place, "claude");
  model.play({ matches: worksOn(2), steps: carryOut("claude", 2, paused) });
  model.play({ matches: worksOn(3), steps: carryOut("claude", 3) });
  await place.plan({ agent: "claude", maxParallel: 2, policy: { backoffSeconds: 1 } }, [
    taskOf(1, "reaches the limit"),
    taskOf(2, "is at work meanwhile"),
    taskOf(3, "is not started before"),
  ]);

  const subscription = { ...env, CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-not-a-secret" };
  const run = place.start(RUN, subscription);
  await model.asked(worksOn(3));
  run.signal("SIGINT");
  await run.ended;

  const [first] = model.exchanges.filter(({ request }) => worksOn(3)(request));
  expect(first?.beganMs).toBeGreaterThan(resetsAtMs);
  expect((await place.task("t2")).status).toBe("pr_open");
  // It takes its time, up to minutes, and says so.
  expect(await deedsOnWork(place, "t1")).toEqual(["start"]);
}, 150_000);

test.concurrent("a dialog is answered by the policy's own words or left to a person", async ({
  place,
  model,
  env,
}) => {
  const asks = (question: string): ModelStep => ({
    kind: "call",
    tool: "AskUserQuestion",
    args: {
      questions: [
        {
          question,
          header: "Choice",
          multiSelect: false,
          options: [
            { label: "Red", description: "Loud" },
            { label: "Blue", description: "Calm" },
          ],
        },
      ],
    },
  });
  model.play({
    matches: worksOn(1),
    steps: [asks("Which colour shall the button have?"), ...carryOut("claude", 1)],
  });
  model.play({ matches: worksOn(2), steps: [asks("Which database shall I drop?")] });
  model.play({ matches: worksOn(3), steps: [runs("claude", "git push origin HEAD")] });
  const answers = [{ question: "which colour", answer: "Blue" }];
  await place.plan({ agent: "claude", maxParallel: 3, policy: { answers } }, [
    taskOf(1, "asks what the policy knows"),
    taskOf(2, "asks what nobody knows"),
    taskOf(3, "asks for a permission"),
  ]);

  const run = await place.coppice(RUN, env);

  expect(JSON.parse(run.stdout)).toMatchObject({ outcome: "waiting-for-person" });
  expect(await deedsOnWork(place, "t1")).toEqual([
    "start",
    "answer: Blue",
    "deliver",
    "stop-session",
  ]);
  expect(await deedsOnWork(place, "t2")).toEqual(["start"]);
  expect(await deedsOnWork(place, "t3")).toEqual(["start"]);
  expect((await place.task("t2")).error).toContain("Which database shall I drop?");
  expect((await place.task("t3")).error).toContain("Do you want to proceed?");
  const heard = model.requests.filter(worksOn(1)).flatMap((request) => request.toolOutputs);
  expect(heard.join("\n")).toContain("Blue");
});

test.concurrent("a refused key stops Claude Code and asks a person", async ({
  place,
  model,
  env,
}) => {
  await expectKeyRefused({ place, model, env }, ["claude"]);
});

const RUN = ["run", "--json", "--interval", "1"];

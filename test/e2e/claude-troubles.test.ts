import { expect } from "vitest";
import { carryOut, deeds, taskOf, worksOn } from "../support/agent-stage.ts";
import { testWithClaude as test, testWithNewClaude } from "../support/claude-stage.ts";
import { expectHealed, USUAL_TROUBLES } from "../support/troubles.ts";

test("a trouble of one Claude Code is healed, and none at work is disturbed", async ({
  place,
  model,
  env,
}) => {
  await expectHealed(
    { place, model, env },
    USUAL_TROUBLES.map((trouble) => ({ agent: "claude", trouble })),
  );
}, 150_000);

testWithNewClaude(
  "a Claude Code that was never started is led through its first questions",
  async ({ place, model, env }) => {
    model.play({ matches: worksOn(1), steps: carryOut("claude", 1) });
    await place.plan({ agent: "claude" }, [taskOf(1, "meets every first question")]);

    await place.succeed(RUN, env);

    expect(await deeds(place, "t1")).toEqual([
      "start",
      "answer: Auto (match terminal)",
      "answer: Continue",
      "answer: Yes, I trust this folder",
      "answer: Yes, I accept",
      "deliver",
      "stop-session",
    ]);
  },
);

const RUN = ["run", "--json", "--interval", "1"];

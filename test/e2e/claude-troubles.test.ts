import { expect } from "vitest";
import { carryOut, deeds, taskOf, worksOn } from "../support/agent-stage.ts";
import { testWithClaude as test, testWithNewClaude } from "../support/claude-stage.ts";
import { expectHealed } from "../support/troubles.ts";

test("a trouble of one Claude Code is healed, and none at work is disturbed", async ({
  place,
  model,
  env,
}) => {
  const troubles = [
    "a long silent command",
    "words that stop before the turn does",
    "a question at the end",
    "no commit",
    "a server that fails until the agent gives up",
    "a full context",
    "a stream that breaks off",
    "files left uncommitted",
    "an agent that is killed",
    "a limit that the agent waits out",
  ] as const;
  await expectHealed(
    { place, model, env },
    troubles.map((trouble) => ({ agent: "claude", trouble })),
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

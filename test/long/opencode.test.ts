import { expectListAloneApproved } from "../support/approvals.ts";
import { testWithOpencode as test, testWithNewOpencode } from "../support/opencode-stage.ts";
import { expectHealed, expectKeyRefused, expectLogInAsked } from "../support/troubles.ts";

test("a trouble of one opencode is healed, and none at work is disturbed", async ({
  place,
  model,
  env,
}) => {
  const troubles = [
    "a long silent command",
    "a question at the end",
    "a limit that the agent waits out",
    // It never gives up by itself.
    "a server that fails longer than the policy waits",
    "an agent that is killed",
  ] as const;
  await expectHealed(
    { place, model, env },
    [
      ...troubles.map((trouble) => ({ agent: "opencode", trouble }) as const),
      { agent: "opencode", trouble: "normal work", mode: "headless" },
    ],
    { policy: { retryDeadlineMinutes: 0.2 } },
  );
});

test("opencode asks before commands, and only what the list allows is approved", async ({
  place,
  model,
  env,
}) => {
  await expectListAloneApproved({ place, model, env }, { agent: "opencode" });
});

test("a refused key stops opencode and asks a person", async ({ place, model, env }) => {
  await expectKeyRefused({ place, model, env }, ["opencode"]);
});

testWithNewOpencode(
  "an opencode that was never configured waits for a person, and nothing is typed",
  async ({ place, model, env }) => {
    await expectLogInAsked({ place, model, env }, "opencode");
  },
);

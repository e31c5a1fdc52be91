import { testWithBoth as test } from "../support/headless-stage.ts";
import { expectHealed, expectKeyRefused } from "../support/troubles.ts";

const AGENTS = ["codex", "claude"] as const;

test("without a terminal Codex and Claude Code do their work, and a trouble of one is healed", async ({
  place,
  model,
  env,
}) => {
  const troubles = [
    "normal work",
    "a question at the end",
    "a server that fails until the agent gives up",
    "a limit at which the agent ends",
    "an agent that is killed",
  ] as const;
  await expectHealed(
    { place, model, env },
    AGENTS.flatMap((agent) =>
      troubles.map((trouble) => ({ agent, trouble, mode: "headless" as const })),
    ),
  );
}, 150_000);

test("a refused key stops a headless agent and asks a person", async ({ place, model, env }) => {
  await expectKeyRefused({ place, model, env }, AGENTS, "headless");
}, 150_000);

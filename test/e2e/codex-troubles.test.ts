import { testWithCodex as test } from "../support/codex-stage.ts";
import { expectHealed } from "../support/troubles.ts";

test("a trouble of one Codex is healed, and no Codex at work is disturbed, whatever happens to Coppice", async ({
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
    "a model that never answers",
  ] as const;
  await expectHealed(
    { place, model, env },
    troubles.map((trouble) => ({ agent: "codex", trouble })),
    { coppiceDies: true, policy: { stallAfterMinutes: 0.25 } },
  );
}, 150_000);

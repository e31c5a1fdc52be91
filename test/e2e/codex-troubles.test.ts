import { testWithCodex as test } from "../support/codex-stage.ts";
import { expectHealed, USUAL_TROUBLES } from "../support/troubles.ts";

test("a trouble of one Codex is healed, and no Codex at work is disturbed, whatever happens to Coppice", async ({
  place,
  model,
  env,
}) => {
  const troubles = [...USUAL_TROUBLES, "a model that never answers"] as const;
  await expectHealed(
    { place, model, env },
    troubles.map((trouble) => ({ agent: "codex", trouble })),
    { coppiceDies: true, policy: { stallAfterMinutes: 0.25 } },
  );
}, 150_000);

import { expect } from "vitest";
import { deeds, runs, taskOf, worksOn } from "../support/agent-stage.ts";
import { testWithOpencode as test, testWithNewOpencode } from "../support/opencode-stage.ts";
import { until } from "../support/tmux.ts";
import { expectHealed, expectKeyRefused } from "../support/troubles.ts";

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
    { maxParallel: 3, policy: { retryDeadlineMinutes: 0.5 } },
  );
});

test("opencode asks before commands, and a person is asked: which option is marked only colour tells", async ({
  place,
  model,
  env,
}) => {
  const permissions = { mode: "ask" as const, allow: ["touch *"] };
  await place.plan({ agent: "opencode", permissions }, [taskOf(1, "asks for a permission")]);
  model.play({ matches: worksOn(1), steps: [runs("opencode", "touch 1.txt")] });

  const run = await place.start(["run", "--json", "--interval", "1"], env).ended;

  expect(JSON.parse(run.stdout), run.stderr).toMatchObject({ outcome: "waiting-for-person" });
  expect(await deeds(place, "t1")).toEqual(["start"]);
  expect((await place.task("t1")).error).toContain("waits for a person");
});

test("a refused key stops opencode and asks a person", async ({ place, model, env }) => {
  await expectKeyRefused({ place, model, env }, ["opencode"]);
});

testWithNewOpencode(
  "an opencode that was never configured asks nothing, and nothing is typed while it cannot reach its own model",
  async ({ place, env }) => {
    await place.plan({ agent: "opencode" }, [taskOf(1, "meets no question")]);

    const run = place.start(["run", "--json", "--interval", "1"], env);
    await until(
      "the failing request on its screen",
      async () => {
        const { state } = await place.task("t1");
        return state?.verdict === "error-transient" && /retrying/.test(state.why ?? "");
      },
      300_000,
    );
    run.signal("SIGINT");
    await run.ended;

    expect(await deeds(place, "t1")).toEqual(["start"]);
  },
);

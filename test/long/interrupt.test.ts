import { expect } from "vitest";
import {
  type AgentName,
  carryOut,
  deedsOnWork,
  runs,
  type Stage,
  taskOf,
  worksOn,
} from "../support/agent-stage.ts";
import { testWithClaude } from "../support/claude-stage.ts";
import { testWithCodex } from "../support/codex-stage.ts";
import { testWithGemini } from "../support/gemini-stage.ts";
import type { ModelRequest } from "../support/model-server.ts";
import { testWithOpencode } from "../support/opencode-stage.ts";
import { until } from "../support/tmux.ts";

/** A person ends the turn of an agent whose model never answers, and tells it something else. */
async function expectInterrupted({ place, model, env }: Stage, agent: AgentName): Promise<void> {
  const words = "Forget that and write the file.";
  // Gemini CLI forgets the task's own words when its turn is ended.
  const told = (request: ModelRequest) => request.userTexts.some((text) => text.includes(words));
  model.play({ matches: told, steps: carryOut(agent, 1) });
  model.play({
    matches: worksOn(1),
    steps: [runs(agent, "echo half > half.txt"), { kind: "hang" }],
  });
  await place.plan({ agent }, [taskOf(1, "is on the wrong way")]);

  const run = place.start(["run", "--json", "--interval", "1"], env);
  await model.asked((request) => worksOn(1)(request) && request.toolOutputs.length > 0);
  const works = async () => {
    const { stdout } = await place.coppice(["classify", "t1", "--json"], env);
    return stdout.includes('"working"');
  };
  await until("a turn that runs", works, 120_000);
  const sent = await place.coppice(["send", "t1", "--interrupt", words], env);
  const { code, stderr } = await run.ended;

  expect(sent).toMatchObject({ code: 0, stderr: "sent\n" });
  expect(await deedsOnWork(place, "t1"), stderr).toEqual(["start", "deliver", "stop-session"]);
  expect(code).toBe(0);
}

testWithCodex("a person interrupts Codex", async ({ place, model, env }) => {
  await expectInterrupted({ place, model, env }, "codex");
});

testWithClaude("a person interrupts Claude Code", async ({ place, model, env }) => {
  await expectInterrupted({ place, model, env }, "claude");
});

testWithGemini("a person interrupts Gemini CLI", async ({ place, model, env }) => {
  await expectInterrupted({ place, model, env }, "gemini");
});

testWithOpencode("a person interrupts opencode", async ({ place, model, env }) => {
  await expectInterrupted({ place, model, env }, "opencode");
});

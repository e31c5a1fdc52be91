import { expect } from "vitest";
import {
  agentProcess,
  carryOut,
  deeds,
  disturbances,
  runs,
  taskOf,
  worksOn,
} from "../support/agent-stage.ts";
import { testWithBoth as test } from "../support/headless-stage.ts";
import type { ModelScript, ModelStep } from "../support/model-server.ts";

const AGENTS = ["codex", "claude"] as const;
type AgentName = (typeof AGENTS)[number];

interface Trouble {
  readonly title: string;
  readonly steps: (agent: AgentName, issue: number) => readonly ModelStep[];
  /** Once it is told to go on. */
  readonly goesOn?: typeof carryOut;
  readonly deeds: readonly RegExp[];
}

const TROUBLES: readonly Trouble[] = [
  { title: "normal work", steps: carryOut, deeds: [] },
  {
    title: "a question at the end",
    steps: (agent, issue) => [
      { kind: "say", text: "Shall I use tabs or spaces?" },
      ...carryOut(agent, issue),
    ],
    deeds: [/^nudge: ended with a question: Shall I use tabs or spaces\?/],
  },
  {
    title: "a server that fails until the agent gives up",
    steps: () =>
      Array<ModelStep>(60).fill({
        kind: "http-error",
        status: 500,
        type: "api_error",
        message: "out of order",
      }),
    goesOn: carryOut,
    deeds: [/^nudge: exit code 1; the turn ended with an error: /],
  },
  {
    title: "a limit",
    steps: (agent, issue) => [
      ...Array<ModelStep>(LIMITED_AFTER[agent]).fill({
        kind: "http-error",
        status: 429,
        type: "rate_limit_error",
        message: "Too many requests",
      }),
      ...carryOut(agent, issue),
    ],
    deeds: [/^nudge: exit code 1; the turn ended with an error: .*429/],
  },
  {
    title: "an agent that is killed",
    steps: (agent, issue) => [
      runs(agent, "echo half > half.txt"),
      { kind: "hang" },
      ...carryOut(agent, issue),
    ],
    deeds: [/^resume: ended with exit code 137/],
  },
];

/** Requests that are refused until the agent gives up. */
const LIMITED_AFTER = { codex: 1, claude: 3 } as const;

test("without a terminal Codex and Claude Code do their work, and a trouble of one is healed", async ({
  place,
  model,
  env,
}) => {
  const tasks = AGENTS.flatMap((agent) => TROUBLES.map((trouble) => ({ agent, trouble }))).map(
    (one, index) => ({ ...one, issue: index + 1 }),
  );
  for (const { agent, trouble, issue } of tasks) {
    const told: ModelScript["matches"] = (request) =>
      worksOn(issue)(request) && request.userTexts.some((text) => /Please go on/.test(text));
    if (trouble.goesOn) model.play({ matches: told, steps: trouble.goesOn(agent, issue) });
    model.play({ matches: worksOn(issue), steps: trouble.steps(agent, issue) });
  }
  const policy = { backoffSeconds: 1, rateLimitPauseMinutes: 0.05 };
  await place.plan(
    { mode: "headless", maxParallel: tasks.length, policy },
    tasks.map(({ agent, trouble, issue }) => ({ ...taskOf(issue, trouble.title), agent })),
  );

  const run = place.start(RUN, env);
  for (const { trouble, issue } of tasks) {
    if (trouble.title !== "an agent that is killed") continue;
    await model.asked((request) => worksOn(issue)(request) && request.toolOutputs.length > 0);
    process.kill(await agentProcess(place, `t${issue}`), "SIGKILL");
  }
  const { code, stderr } = await run.ended;

  const seen = await Promise.all(tasks.map(({ issue }) => deeds(place, `t${issue}`)));
  expect(seen, stderr).toEqual(
    tasks.map(({ trouble }) => [
      "start",
      ...trouble.deeds.map((one) => expect.stringMatching(one)),
      "deliver",
      "stop-session",
    ]),
  );
  expect(code).toBe(0);
  expect(await Promise.all(tasks.map(({ issue }) => disturbances(place, model, issue)))).toEqual(
    tasks.map(() => []),
  );
}, 150_000);

test("a refused key stops a headless agent and asks a person", async ({ place, model, env }) => {
  const refused = {
    kind: "http-error",
    status: 401,
    type: "authentication_error",
    message: "Incorrect API key",
  } as const;
  AGENTS.forEach((_, index) => {
    model.play({ matches: worksOn(index + 1), steps: Array<ModelStep>(30).fill(refused) });
  });
  await place.plan(
    { mode: "headless", maxParallel: 2 },
    AGENTS.map((agent, index) => ({ ...taskOf(index + 1, "has a refused key"), agent })),
  );

  const run = await place.coppice(RUN, env);

  expect(run.code).toBe(4);
  for (const id of ["t1", "t2"]) {
    expect(await deeds(place, id)).toEqual(["start"]);
    expect((await place.task(id)).error).toMatch(/401/);
  }
}, 150_000);

const RUN = ["run", "--json", "--interval", "1"];

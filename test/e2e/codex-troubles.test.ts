import { expect } from "vitest";
import {
  agentProcess,
  carryOut,
  deeds,
  disturbances,
  door,
  runs,
  taskOf,
  worksOn,
} from "../support/agent-stage.ts";
import { testWithCodex as test } from "../support/codex-stage.ts";
import type { ModelRequest, ModelStep } from "../support/model-server.ts";

test("a trouble of one Codex is healed, and no Codex at work is disturbed, whatever happens to Coppice", async ({
  place,
  model,
  env,
}) => {
  const begin = door();
  const speakOn = door();
  const toldThatItFailed = (request: ModelRequest) =>
    worksOn(5)(request) && request.userTexts.some((text) => text.includes("The connection failed"));
  model.play({ matches: toldThatItFailed, steps: carryOut("codex", 5) });
  const troubles: readonly {
    readonly title: string;
    readonly steps: readonly ModelStep[];
    readonly deeds: readonly (string | RegExp)[];
  }[] = [
    {
      title: "a long silent command",
      steps: [runs("codex", "sleep 12"), ...carryOut("codex", 1)],
      deeds: [],
    },
    {
      title: "words that stop before the turn does",
      steps: [
        {
          kind: "say",
          text: "All tests passed. Everything is committed. Done!",
          pause: speakOn.opened,
          call: { tool: "exec_command", args: { cmd: "true" } },
        },
        ...carryOut("codex", 2),
      ],
      deeds: [],
    },
    {
      title: "a question at the end",
      steps: [{ kind: "say", text: "Shall I use tabs or spaces?" }, ...carryOut("codex", 3)],
      deeds: ["nudge: asks: Shall I use tabs or spaces?"],
    },
    {
      title: "no commit",
      steps: [{ kind: "say", text: "All tests passed. Done!" }, ...carryOut("codex", 4)],
      deeds: ["nudge: ended without a commit"],
    },
    {
      title: "a server that fails until Codex gives up",
      steps: Array<ModelStep>(60).fill({
        kind: "http-error",
        status: 500,
        message: "out of order",
      }),
      deeds: [/^nudge: the turn ended with an error/],
    },
    {
      title: "a full context",
      steps: [
        {
          kind: "stream-error",
          code: "context_length_exceeded",
          message: "Your input exceeds the context window of this model.",
        },
        ...carryOut("codex", 6),
      ],
      deeds: ["restart: the agent's context is full"],
    },
    {
      title: "a stream that breaks off",
      steps: [{ kind: "drop", text: "I was about to" }, ...carryOut("codex", 7)],
      deeds: [],
    },
    {
      title: "files left uncommitted",
      steps: [
        runs("codex", "echo x > left.txt"),
        { kind: "say", text: "I added the file." },
        ...carryOut("codex", 8),
      ],
      deeds: ["nudge: ended with uncommitted files (left.txt)"],
    },
    {
      title: "a Codex that is killed",
      steps: [runs("codex", "echo half > half.txt"), { kind: "hang" }, ...carryOut("codex", 9)],
      deeds: [/^resume: ended with exit code 137/],
    },
    {
      title: "a limit that Codex waits out",
      steps: [
        {
          kind: "stream-error",
          code: "rate_limit_exceeded",
          message: "Rate limit reached for gpt-5.5. Please try again in 3s.",
        },
        ...carryOut("codex", 10),
      ],
      deeds: [],
    },
    {
      title: "a model that never answers",
      steps: [{ kind: "hang" }, ...carryOut("codex", 11)],
      deeds: [/^resume: no progress/],
    },
  ];
  troubles.forEach(({ steps: [first, ...rest] }, index) => {
    const steps = first === undefined ? [] : [{ ...first, after: begin.opened }, ...rest];
    model.play({ matches: worksOn(index + 1), steps });
  });
  await place.plan(
    { agent: "codex", maxParallel: 12, policy: { backoffSeconds: 1, stallAfterMinutes: 0.25 } },
    troubles.map(({ title }, index) => taskOf(index + 1, title)),
  );
  const issues = troubles.map((_, index) => index + 1);

  const killed = place.start(RUN, env);
  await Promise.all(issues.map((issue) => model.asked(worksOn(issue))));
  killed.signal("SIGKILL");
  await killed.ended;
  const run = place.start(RUN, env);
  begin.open();
  await model.asked((request) => worksOn(9)(request) && request.toolOutputs.length > 0);
  process.kill(await agentProcess(place, "t9"), "SIGKILL");
  await model.asked((request) => worksOn(1)(request) && request.toolOutputs.length > 0);
  speakOn.open();
  const { code } = await run.ended;

  const seen = await Promise.all(issues.map((issue) => deeds(place, `t${issue}`)));
  expect(seen).toEqual(
    troubles.map(({ deeds: healing }) => [
      "start",
      ...healing.map((one) => (typeof one === "string" ? one : expect.stringMatching(one))),
      "deliver",
      "stop-session",
    ]),
  );
  expect(code).toBe(0);
  // The last one was given up while its request was under way.
  const working = issues.filter((issue) => issue < 11);
  expect(await Promise.all(working.map((issue) => disturbances(place, model, issue)))).toEqual(
    working.map(() => []),
  );
  const kept = await place.lab.git(["show", "--stat", "fix/issue-9"], place.lab.origin);
  expect(kept).toContain("half.txt");
}, 150_000);

const RUN = ["run", "--json", "--interval", "1"];

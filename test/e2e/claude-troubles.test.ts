import { expect } from "vitest";
import {
  agentProcess,
  carryOut,
  deeds,
  deedsOnWork,
  disturbances,
  door,
  runs,
  SHELL,
  taskOf,
  worksOn,
} from "../support/agent-stage.ts";
import { testWithClaude as test, testWithNewClaude } from "../support/claude-stage.ts";
import type { ModelRequest, ModelStep } from "../support/model-server.ts";

test("a trouble of one Claude Code is healed, and none at work is disturbed", async ({
  place,
  model,
  env,
}) => {
  const speakOn = door();
  const toldThatItFailed = (request: ModelRequest) =>
    worksOn(5)(request) && request.userTexts.some((text) => text.includes("The connection failed"));
  model.play({ matches: toldThatItFailed, steps: carryOut("claude", 5) });
  const troubles: readonly {
    readonly title: string;
    readonly steps: readonly ModelStep[];
    readonly deeds: readonly (string | RegExp)[];
  }[] = [
    {
      title: "a long silent command",
      steps: [
        runs("claude", `node -e "setTimeout(() => undefined, 12_000)"`),
        ...carryOut("claude", 1),
      ],
      deeds: [],
    },
    {
      title: "words that stop before the turn does",
      steps: [
        {
          kind: "say",
          text: "All tests passed. Everything is committed. Done!",
          pause: speakOn.opened,
          call: SHELL.claude("true"),
        },
        ...carryOut("claude", 2),
      ],
      deeds: [],
    },
    {
      title: "a question at the end",
      steps: [{ kind: "say", text: "Shall I use tabs or spaces?" }, ...carryOut("claude", 3)],
      deeds: ["nudge: asks: Shall I use tabs or spaces?"],
    },
    {
      title: "no commit",
      steps: [{ kind: "say", text: "All tests passed. Done!" }, ...carryOut("claude", 4)],
      deeds: ["nudge: ended without a commit"],
    },
    {
      title: "a server that fails until Claude Code gives up",
      steps: Array<ModelStep>(60).fill({
        kind: "http-error",
        status: 500,
        type: "api_error",
        message: "out of order",
      }),
      deeds: [/^nudge: the turn ended with an error/],
    },
    {
      title: "a full context",
      steps: [
        {
          kind: "http-error",
          status: 400,
          type: "invalid_request_error",
          message: "prompt is too long: 210000 tokens > 200000 maximum",
        },
        ...carryOut("claude", 6),
      ],
      deeds: ["restart: the agent's context is full"],
    },
    {
      title: "a stream that breaks off",
      steps: [{ kind: "drop", text: "I was about to" }, ...carryOut("claude", 7)],
      deeds: [],
    },
    {
      title: "files left uncommitted",
      steps: [
        runs("claude", "echo x > left.txt"),
        { kind: "say", text: "I added the file." },
        ...carryOut("claude", 8),
      ],
      deeds: ["nudge: ended with uncommitted files (left.txt)"],
    },
    {
      title: "a Claude Code that is killed",
      steps: [runs("claude", "echo half > half.txt"), { kind: "hang" }, ...carryOut("claude", 9)],
      deeds: [/^resume: ended with exit code 137/],
    },
    {
      title: "a limit that Claude Code waits out",
      steps: [
        {
          kind: "http-error",
          status: 429,
          type: "rate_limit_error",
          message: "This request would exceed your rate limit.",
          headers: { "retry-after": "4" },
        },
        ...carryOut("claude", 10),
      ],
      deeds: [],
    },
  ];
  troubles.forEach(({ steps }, index) => {
    model.play({ matches: worksOn(index + 1), steps });
  });
  await place.plan(
    { agent: "claude", maxParallel: 12, policy: { backoffSeconds: 1 } },
    troubles.map(({ title }, index) => taskOf(index + 1, title)),
  );
  const issues = troubles.map((_, index) => index + 1);

  const run = place.start(RUN, env);
  await model.asked((request) => worksOn(9)(request) && request.toolOutputs.length > 0);
  process.kill(await agentProcess(place, "t9"), "SIGKILL");
  await model.asked((request) => worksOn(1)(request) && request.toolOutputs.length > 0);
  speakOn.open();
  const { code } = await run.ended;

  const seen = await Promise.all(issues.map((issue) => deedsOnWork(place, `t${issue}`)));
  expect(seen).toEqual(
    troubles.map(({ deeds: healing }) => [
      "start",
      ...healing.map((one) => (typeof one === "string" ? one : expect.stringMatching(one))),
      "deliver",
      "stop-session",
    ]),
  );
  expect(code).toBe(0);
  const disturbed = await Promise.all(issues.map((issue) => disturbances(place, model, issue)));
  expect(disturbed).toEqual(issues.map(() => []));
  const kept = await place.lab.git(["show", "--stat", "fix/issue-9"], place.lab.origin);
  expect(kept).toContain("half.txt");
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

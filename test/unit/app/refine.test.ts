import { expect, test } from "vitest";
import { opinionsOn, type Refiner, refiningAgent } from "../../../src/app/refine.ts";
import { known, unknown } from "../../../src/classify/evidence.ts";
import type { Consultant } from "../../../src/ports/consultant.ts";
import { issue } from "../../support/issue.ts";

const CLAUDE = (result: unknown) =>
  known(JSON.stringify({ type: "result", subtype: "success", is_error: false, result }));
const ANSWER = JSON.stringify({ files: [{ path: "src/a.ts", touches: true, why: "here" }] });
const HOST = {
  cores: 2,
  freeMemoryBytes: 1,
  which: async () => "/bin/claude",
  version: async () => "2.1.328 (Claude Code)",
  freeDiskBytes: async () => null,
  env: (name: string) =>
    ({ PATH: "/bin", ANTHROPIC_API_KEY: "its own", GITHUB_TOKEN: "not for agents" })[name],
  randomHex: () => "ab12",
  nodeVersion: "20",
  homeDir: "/home",
};

async function asked(
  answers: (nth: number) => Awaited<ReturnType<Consultant["ask"]>>,
  count: number,
  more: Partial<Refiner> = {},
) {
  const questions: Parameters<Consultant["ask"]>[0][] = [];
  const told: string[] = [];
  const issues = Array.from({ length: count }, (_, at) => issue(at + 1));
  const opinions = await opinionsOn(
    {
      agent: "claude",
      folder: "/repo",
      consultant: {
        ask: async (question) => {
          questions.push(question);
          return answers(questions.length);
        },
      },
      host: HOST,
      clock: { now: () => 0, steady: () => 0, utcOffsetMinutes: () => 0, sleep: async () => {} },
      tell: (text) => told.push(text),
      ...more,
    } as Refiner,
    issues,
    new Map([[1, ["src/b.ts"]]]),
  );
  return { opinions, questions, told };
}

test("an agent is asked about each issue, in the checkout, with its own key and no token of the forge", async () => {
  const { opinions, questions } = await asked(() => CLAUDE(ANSWER), 2);
  expect([...opinions.byIssue.keys()]).toEqual([1, 2]);
  expect(opinions).toMatchObject({ of: "Claude Code" });
  expect(questions[0]).toMatchObject({ folder: "/repo", env: { ANTHROPIC_API_KEY: "its own" } });
  expect(questions[0]?.words).toContain('- "src/b.ts"');
  expect(JSON.stringify(questions)).not.toContain("not for agents");
});

test("what is no answer is told and counts nothing; after three failures in a row nobody else is asked", async () => {
  const mixed = await asked((nth) => (nth === 2 ? CLAUDE("no idea") : CLAUDE(ANSWER)), 5);
  expect([...mixed.opinions.byIssue.keys()]).toEqual([1, 3, 4, 5]);
  expect(mixed.told).toContain("Claude Code on #2 is ignored: its answer is no JSON object");
  const silent = await asked(() => unknown("no network"), 20);
  expect(silent.opinions.byIssue.size).toBe(0);
  expect(silent.questions.length).toBeLessThanOrEqual(4);
  expect(silent.told.at(-1)).toMatch(/was not asked about 1[67] more issues/);
});

test("an agent that is not there costs nothing but its word", async () => {
  const { opinions, questions, told } = await asked(() => CLAUDE(ANSWER), 1, {
    host: { ...HOST, version: async () => null },
  });
  expect({ asked: questions.length, known: opinions.byIssue.size }).toEqual({ asked: 0, known: 0 });
  expect(told).toEqual(["Claude Code does not start: the prediction does without it"]);
});

test("an agent that cannot be kept from writing is refused by name", () => {
  expect(() => refiningAgent("command")).toThrow(/--refine command/);
});

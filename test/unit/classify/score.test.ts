import { expect, test } from "vitest";
import { type ScoredScreen, scoreOf } from "../../../src/classify/score.ts";

const screen = (
  file: string,
  truth: ScoredScreen["truth"],
  said: ScoredScreen["said"],
  agent = "codex",
): ScoredScreen => ({ file, agent, truth, said });

test("the score counts what is right, per agent, and what was taken for what", () => {
  const score = scoreOf([
    screen("a", { state: "working" }, { state: "working", action: "none" }),
    screen("b", { state: "dead" }, { state: "exited-ok", action: "restart" }),
    screen("c", { state: "dead" }, { state: "exited-ok", action: "restart" }, "shell"),
    screen("d", { state: "working" }, { state: "unknown", action: "none" }, "shell"),
  ]);
  expect(score).toMatchObject({
    screens: 4,
    right: 1,
    agents: [
      { agent: "codex", screens: 2, right: 1 },
      { agent: "shell", screens: 2, right: 0 },
    ],
    confusion: [
      { truth: "dead", said: "exited-ok", files: ["b", "c"] },
      { truth: "working", said: "unknown", files: ["d"] },
    ],
  });
});

test("each dangerous mistake is found, by the label's action and, without one, by the state", () => {
  const { safety } = scoreOf([
    screen(
      "finish",
      { state: "idle-done", action: "nudge" },
      { state: "idle-done", action: "finish" },
    ),
    screen("finish by state", { state: "dead" }, { state: "exited-ok", action: "finish" }),
    screen("disturbed", { state: "working" }, { state: "idle-done", action: "nudge" }),
    screen(
      "answer",
      { state: "waiting-approval", action: "ask-person" },
      { state: "onboarding", action: "answer" },
    ),
    screen("answer by state", { state: "working" }, { state: "onboarding", action: "answer" }),
    screen("asleep", { state: "idle-done", action: "nudge" }, { state: "working", action: "none" }),
    screen("asleep by state", { state: "exited-error" }, { state: "working", action: "none" }),
  ]);
  expect(safety).toEqual({
    falseFinish: ["finish", "finish by state"],
    disturbed: ["disturbed", "answer by state"],
    unsafeAnswer: ["answer", "answer by state"],
    asleep: ["asleep", "asleep by state"],
  });
});

test("what is right is no mistake", () => {
  const { safety } = scoreOf([
    screen("a", { state: "idle-done", action: "finish" }, { state: "idle-done", action: "finish" }),
    screen("b", { state: "exited-ok" }, { state: "exited-ok", action: "finish" }),
    screen("c", { state: "onboarding" }, { state: "onboarding", action: "answer" }),
    screen("d", { state: "rate-limited" }, { state: "rate-limited", action: "wait-until" }),
    screen("e", { state: "working" }, { state: "working", action: "none" }),
  ]);
  expect(Object.values(safety).flat()).toEqual([]);
});

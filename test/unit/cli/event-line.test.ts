import { expect, test } from "vitest";
import { eventLine } from "../../../src/cli/render.ts";
import { TaskId } from "../../../src/manifest/task.ts";
import type { CoppiceEvent } from "../../../src/ports/journal.ts";

const t1 = TaskId.parse("t1");
const t2 = TaskId.parse("t2");
const say = (event: CoppiceEvent): string | undefined => eventLine(event, (_, text) => text);

test("a standstill names only the tasks that a person can move", () => {
  const waits = [
    { taskId: t1, reason: "asks: Which database?", on: [], needsPerson: true },
    { taskId: t2, reason: "waits for t1 (stuck, dependsOn)", on: [t1], needsPerson: true },
  ];
  expect(say({ kind: "standstill", waits })).toBe(
    "nothing moves without you:\n  t1 asks: Which database?\n  1 more waits for these",
  );
});

test("a start is told once, with its agent and attempt", () => {
  const action = {
    kind: "start",
    taskId: t1,
    attempt: 1,
    agent: "codex",
    branch: "fix/issue-1",
    startPoint: { kind: "base", base: "main" },
  } as const;
  expect(say({ kind: "action-done", action, result: "codex, attempt 1" })).toBe(
    "t1 → running: codex, attempt 1",
  );
  const change = { kind: "status-changed", taskId: "t1", to: "running", why: "" } as const;
  expect(say({ ...change, from: "pending" })).toBeUndefined();
  expect(say({ ...change, from: "stuck" })).toBe("t1 stuck → running");
});

test("a pull request is told once, with its address and what could not be set", () => {
  const action = {
    kind: "deliver",
    taskId: t1,
    sha: "f00",
    branch: "fix/issue-1",
    base: "main",
    forkPoint: "f01",
  } as const;
  expect(say({ kind: "action-done", action, result: "#7 https://x.test/7 (no labels)" })).toBe(
    "t1 → pull request #7 https://x.test/7 (no labels)",
  );
  expect(
    say({ kind: "pull-request", taskId: "t1", number: 7, url: "https://x.test/7", adopted: false }),
  ).toBeUndefined();
  expect(
    say({ kind: "status-changed", taskId: "t1", from: "running", to: "pr_open", why: "" }),
  ).toBeUndefined();
});

test("trouble comes with its reason", () => {
  expect(
    say({
      kind: "status-changed",
      taskId: "t1",
      from: "running",
      to: "stuck",
      why: "ended with exit code 1",
    }),
  ).toBe("t1 running → stuck: ended with exit code 1");
});

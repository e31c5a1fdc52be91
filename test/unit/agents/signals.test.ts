import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { agentByName, agentNames } from "../../../src/agents/catalog.ts";
import { claude } from "../../../src/agents/claude.ts";
import { codex } from "../../../src/agents/codex.ts";
import { gemini } from "../../../src/agents/gemini.ts";
import { opencode } from "../../../src/agents/opencode.ts";

const THREAD = "01a1f8ec-177e-77d0-a44d-fccfbcb4f63f";

describe("Codex's notices", () => {
  const notice = (more: object = {}) => ({
    type: "agent-turn-complete",
    "thread-id": THREAD,
    "turn-id": "01a1f8ec-17d6-7552-8e9f-65f067fcc9d6",
    cwd: "/state/worktrees/t1",
    client: "codex-tui",
    "input-messages": ["You work on issue #1."],
    "last-assistant-message": "Shall I go on?",
    ...more,
  });

  test("the end of a turn brings the conversation and the last words", () => {
    expect(codex.signals?.(notice())).toEqual([
      { kind: "conversation", text: THREAD },
      { kind: "turn-ended", text: "Shall I go on?" },
    ]);
    expect(codex.signals?.(notice({ "last-assistant-message": null }))).toContainEqual({
      kind: "turn-ended",
      text: "",
    });
  });

  test("the errand that names the conversation is no turn of the task", () => {
    const asked =
      "Generate a concise, single-line task title of at most 36 characters. User prompt: You work on";
    expect(codex.signals?.(notice({ "input-messages": [asked] }))).toEqual([]);
  });

  test("an id that could be read as an option is none", () => {
    expect(codex.signals?.(notice({ "thread-id": "--config=evil" }))).toEqual([]);
  });
});

describe("Claude Code's notices", () => {
  const said = (hookEventName: string, more: object = {}) =>
    claude.signals?.({ session_id: THREAD, hook_event_name: hookEventName, ...more });

  test("its start brings the conversation, a prompt begins a turn, Stop ends it", () => {
    expect(said("SessionStart")).toEqual([{ kind: "conversation", text: THREAD }]);
    expect(said("UserPromptSubmit", { prompt: "do it" })).toEqual([
      { kind: "turn-started", text: "" },
    ]);
    expect(said("Stop", { last_assistant_message: "Done.", background_tasks: [] })).toEqual([
      { kind: "turn-ended", text: "Done." },
    ]);
  });

  test("a turn with commands that run on has not ended", () => {
    expect(said("Stop", { last_assistant_message: "Waiting.", background_tasks: [{}] })).toEqual(
      [],
    );
  });

  test("a failed request ends the turn with its error", () => {
    expect(said("StopFailure", { error: "rate_limit", error_details: "429 slow down" })).toEqual([
      { kind: "turn-failed", text: "rate_limit: 429 slow down" },
    ]);
  });

  test("a question for permission names the tool and its command", () => {
    const asked = { tool_name: "Bash", tool_input: { command: "git push" } };
    expect(said("PermissionRequest", asked)).toEqual([
      { kind: "approval", text: "Bash git push", command: "git push" },
    ]);
    expect(said("PermissionRequest", { tool_name: "Write", tool_input: null })).toEqual([
      { kind: "approval", text: "Write" },
    ]);
  });

  test("its launch adds one constant hook for each event, to the person's own settings", () => {
    const { argv } = claude.launch({
      taskId: "t1",
      branch: "b",
      worktree: "/w/$(touch pwned)",
      promptFile: "/p",
      programsDir: "/state/bin",
      model: undefined,
      modelTier: undefined,
      version: undefined,
      asks: false,
      deny: [],
      command: undefined,
    });
    const settings = JSON.parse(argv[argv.indexOf("--settings") + 1] ?? "");
    expect(Object.keys(settings)).toEqual(["hooks"]);
    expect(Object.keys(settings.hooks)).toContain("StopFailure");
    expect(new Set(JSON.stringify(settings).match(/exec [^,]*claude/g))).toHaveLength(1);
    expect(JSON.stringify(settings)).not.toContain("pwned");
  });
});

describe("the events of a headless run", () => {
  test("Codex names its conversation, says words, retries, fails or ends", () => {
    expect(codex.signals?.({ type: "thread.started", thread_id: THREAD })).toEqual([
      { kind: "conversation", text: THREAD },
    ]);
    const item = { id: "item_2", type: "agent_message", text: "Done." };
    expect(codex.signals?.({ type: "item.completed", item })).toEqual([
      { kind: "said", text: "Done." },
    ]);
    expect(codex.signals?.({ type: "error", message: "Reconnecting... 1/5" })).toEqual([
      { kind: "retrying", text: "Reconnecting... 1/5" },
    ]);
    const error = { message: "You’ve hit your usage limit." };
    expect(codex.signals?.({ type: "turn.failed", error })).toEqual([
      { kind: "turn-failed", text: error.message },
    ]);
    expect(codex.signals?.({ type: "turn.completed", usage: {} })).toEqual([
      { kind: "turn-ended", text: "" },
    ]);
  });

  test("Claude Code's result is its last word or its error", () => {
    const result = (isError: boolean, text: string) =>
      claude.signals?.({ type: "result", subtype: "success", is_error: isError, result: text });
    expect(result(false, "Done.")).toEqual([{ kind: "turn-ended", text: "Done." }]);
    const limit = "You've hit your 5-hour limit · resets 3:53pm (UTC)";
    expect(result(true, limit)).toEqual([{ kind: "turn-failed", text: limit }]);
    const retry = { type: "system", subtype: "api_retry", error_status: 429, error: "rate_limit" };
    expect(claude.signals?.(retry)).toEqual([
      { kind: "retrying", text: "API Error: 429 rate_limit" },
    ]);
    expect(
      claude.signals?.({ type: "system", subtype: "init", session_id: THREAD }),
    ).toContainEqual({ kind: "conversation", text: THREAD });
  });

  test("Gemini's result has its error, its words come before", () => {
    expect(gemini.signals?.({ type: "init", session_id: THREAD, model: "auto" })).toEqual([
      { kind: "conversation", text: THREAD },
    ]);
    const message = { type: "message", role: "assistant", content: "Done.", delta: true };
    expect(gemini.signals?.(message)).toEqual([{ kind: "said", text: "Done." }]);
    const error = { type: "unknown", message: "[API Error: You have exhausted your daily quota]" };
    expect(gemini.signals?.({ type: "result", status: "error", error })).toEqual([
      { kind: "turn-failed", text: error.message },
    ]);
  });

  test("opencode's steps name the conversation; only the last one ends the turn", () => {
    const sessionID = "ses_e06a4f5b1ffezMWOoWRZcPJyAM";
    expect(opencode.signals?.({ type: "step_start", sessionID, part: {} })).toContainEqual({
      kind: "conversation",
      text: sessionID,
    });
    const finish = (reason: string) =>
      opencode.signals?.({ type: "step_finish", part: { reason } });
    expect(finish("tool-calls")).toEqual([]);
    expect(finish("stop")).toEqual([{ kind: "turn-ended", text: "" }]);
    const error = { name: "APIError", data: { message: "Incorrect API key", statusCode: 401 } };
    expect(opencode.signals?.({ type: "error", sessionID, error })).toEqual([
      { kind: "turn-failed", text: "401 Incorrect API key" },
    ]);
  });
});

test.prop([fc.constantFrom(...agentNames), fc.jsonValue()])(
  "whatever a notice holds, it is understood or passed over",
  (name, notice) => {
    expect(agentByName(name)?.signals?.(notice) ?? []).toEqual([]);
  },
);

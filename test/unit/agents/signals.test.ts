import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { agentByName, agentNames } from "../../../src/agents/catalog.ts";
import { claude } from "../../../src/agents/claude.ts";
import { codex } from "../../../src/agents/codex.ts";

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
      model: undefined,
      modelTier: undefined,
      asks: false,
      command: undefined,
    });
    const settings = JSON.parse(argv[argv.indexOf("--settings") + 1] ?? "");
    expect(Object.keys(settings)).toEqual(["hooks"]);
    expect(Object.keys(settings.hooks)).toContain("StopFailure");
    expect(new Set(JSON.stringify(settings).match(/exec [^,]*claude/g))).toHaveLength(1);
    expect(JSON.stringify(settings)).not.toContain("pwned");
  });
});

test.prop([fc.constantFrom(...agentNames), fc.jsonValue()])(
  "whatever a notice holds, it is understood or passed over",
  (name, notice) => {
    expect(agentByName(name)?.signals?.(notice) ?? []).toEqual([]);
  },
);

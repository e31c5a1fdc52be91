import { expect, test } from "vitest";
import { claude } from "../../../src/agents/claude.ts";
import type { Screen } from "../../../src/agents/screen.ts";
import { screenFact } from "../../support/facts.ts";

const RULE = "─".repeat(120);
const PROMPT = [
  "❯ You work on issue #1: the client hits a usage limit",
  "",
  "  - When the server answers 401, ask for the key again.",
  "  - When it answers 429, the quota is exceeded: try again at 11:31 AM.",
  "  - When all is committed, end your turn",
];

test.each([
  [
    "a server error",
    "error-transient",
    [
      "● API Error: 500 out of order. This is a server-side issue, usually temporary — try again in a moment. If it",
      "  persists, check your inference gateway (127.0.0.1:44503).",
    ],
    "Resend your message to try again",
  ],
  [
    "a full context",
    "context-full",
    [
      "  ⎿  Prompt is too long · the request is ~210000 tokens (limit 200000) · /clear to start fresh",
    ],
    "Once fixed, resend your message",
  ],
])("%s is read from the notice alone, whatever the prompt above it says", (_, kind, rows, hint) => {
  const reading = claude.read(screenOf([...PROMPT, "", ...rows, "", RULE, `❯ ${hint}`, RULE]));
  expect(reading).toMatchObject({ kind, turn: "ended" });
  expect(reading.why).not.toContain("committed");
  expect(reading.resetText).toBeUndefined();
});

test.each(["Continuing automatically at 1:02pm", "Continuing shortly"])(
  "a limit that Claude Code waits out by itself is a turn that runs: %s",
  (continuing) => {
    const said = [
      "● Look",
      "  Ran 1 shell command",
      "  ⎿  You've hit your 5-hour limit · resets 1:02pm (UTC)",
      "",
      "● Usage limit reached · continuing automatically at 1:02pm · esc to cancel",
    ];
    const footer = [
      "  ⚠ Usage limit reached · limit resets 1:02pm",
      `    ${continuing} · Esc to cancel`,
    ];
    const reading = claude.read(screenOf([...PROMPT, "", ...said, "", RULE, "❯ ", RULE], footer));
    expect(reading).toMatchObject({ kind: "rate-limited", turn: "running" });
    expect(reading.resetText).toMatch(/^1:02pm/);
  },
);

test("the model's word about a limit that goes by is no limit", () => {
  const said = "● Usage limit reached · continuing automatically at 1:02pm, says the page now.";
  const reading = claude.read(screenOf([...PROMPT, "", said, "", RULE, "❯ ", RULE]));
  expect(reading).toMatchObject({ kind: "idle-done", turn: "ended" });
});

const screenOf = (lines: readonly string[], footer: readonly string[] = []): Screen =>
  screenFact([...lines, ...footer, "  ⏵⏵ bypass permissions on (shift+tab to cycle)"], {
    cursor: { x: 2, y: lines.length - 2, visible: true },
    title: "✳ Claude Code",
    currentCommand: "claude",
    alternateOn: true,
    silentSeconds: 8,
  });

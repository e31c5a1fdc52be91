import { expect, test } from "vitest";
import { claude } from "../../../src/agents/claude.ts";
import { screenFact } from "../../support/facts.ts";

const RULE = "─".repeat(80);
const BANNER = [" ▐▛███▛█   Claude Code v2.1.328", "▝▜██████▀  Opus · API Usage Billing", ""];

/** A screen of Claude Code that ends with this composer; its hidden cursor stands behind its last word. */
function read(...composer: readonly string[]) {
  const x = composer.at(-2)?.length ?? 0;
  const lines = [...BANNER, ...composer, "  ⏵⏵ bypass permissions on (shift+tab to cycle)"];
  return claude.read(
    screenFact(lines, {
      cols: 80,
      cursor: { x, y: lines.length - 3, visible: false },
      title: "✳ Claude Code",
      currentCommand: "claude",
      alternateOn: true,
      silentSeconds: 30,
    }),
  );
}

test("a prompt that an interrupted turn gave back is a draft, also where its first rows are not seen", () => {
  const rows = Array.from({ length: 12 }, (_, index) => `  Row ${index} of the task.`);
  const long = `─── ↑ 4 more ${"─".repeat(67)}`;
  expect(read(RULE, "❯ The task.", ...rows, RULE)).toMatchObject({
    kind: "idle-fresh",
    draft: true,
  });
  expect(read(long, ...rows, RULE)).toMatchObject({ kind: "idle-fresh", draft: true });
});

test("an empty composer has no draft", () => {
  expect(read(RULE, "❯ ", RULE)).toMatchObject({ kind: "idle-fresh" });
  expect(read(RULE, "❯ ", RULE).draft).toBeUndefined();
});

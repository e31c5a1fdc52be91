import { expect, test } from "vitest";
import type { ScreenReading } from "../../../src/agents/agent.ts";
import { opencode } from "../../../src/agents/opencode.ts";

/** The screen of an opencode at rest with this transcript. */
function read(...transcript: readonly string[]): ScreenReading {
  const composer = [
    "  ┃",
    "  ┃",
    "  ┃",
    "  ┃  Build  model",
    "  ╹▀▀▀▀▀▀▀▀▀▀▀▀",
    "   ctrl+p commands",
  ];
  return opencode.read({
    lines: [...transcript, "", ...composer],
    cols: 120,
    rows: transcript.length + composer.length + 1,
    cursor: { x: 5, y: transcript.length + 2, visible: true },
    title: "OC | Work",
    currentCommand: "opencode",
    alternateOn: true,
    inMode: false,
    paneDead: false,
    paneDeadStatus: null,
    silentSeconds: 5,
  });
}

const boxOf = (...rows: readonly string[]) => ["  ┃", ...rows.map((row) => `  ┃  ${row}`), "  ┃"];
const CLOSED = ["", "     ▣  Build · model"];
const LIMIT = "Usage limit reached, try again at 11:31 AM";

test("words of the prompt are no error of the turn that they began", () => {
  const before = [
    ...boxOf("Say hello."),
    "",
    "     Hello.",
    "",
    "     ▣  Build · model · 1.2s",
    "",
  ];
  for (const earlier of [[], before]) {
    expect(read(...earlier, ...boxOf(LIMIT, "", LIMIT), ...CLOSED)).toMatchObject({
      kind: "idle-fresh",
    });
  }
});

test("a box below the prompt, or below words of the turn, is its error", () => {
  const turns = [
    [...boxOf("Work."), "", ...boxOf(LIMIT), ...CLOSED],
    [
      "     ▣  Build · model · 1.2s",
      ...boxOf("Work."),
      "",
      "     I look.",
      "",
      ...boxOf(LIMIT),
      ...CLOSED,
    ],
    ["     I look.", "", ...boxOf(LIMIT), ...CLOSED],
  ];
  for (const turn of turns) {
    expect(read(...turn)).toMatchObject({ kind: "rate-limited", resetText: "11:31 AM" });
  }
});

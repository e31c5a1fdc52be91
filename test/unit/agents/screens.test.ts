import { resolve } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { agentByName, agentNames } from "../../../src/agents/catalog.ts";
import { command } from "../../../src/agents/command.ts";
import type { Screen } from "../../../src/agents/screen.ts";
import { classifyScreen } from "../../../src/classify/classify.ts";
import { type LabelledScreen, recordedScreens } from "../../support/recorded-screens.ts";

const SCREENS = await recordedScreens(resolve(import.meta.dirname, "../../../fixtures/screens"));
const agentOf = (recorded: LabelledScreen) => agentByName(recorded.agent) ?? command;
const MEDDLING = new Set(["answer", "nudge", "resume", "restart", "finish"]);

test("the recorded screens cover every agent and every kind of verdict that a screen can give", () => {
  expect(SCREENS.length).toBeGreaterThan(100);
  expect(new Set(SCREENS.map(({ agent }) => agent))).toEqual(
    new Set(["codex", "claude", "gemini", "opencode", "qwen", "copilot", "shell"]),
  );
  expect(new Set(SCREENS.map(({ state }) => state)).size).toBeGreaterThanOrEqual(16);
});

test.each(SCREENS.map((recorded) => [recorded.file, recorded] as const))(
  "%s is read as what it was made to be",
  (_, recorded) => {
    expect(classifyScreen(agentOf(recorded), recorded.screen).state).toBe(recorded.state);
  },
);

describe.each<readonly [string, (screen: Screen) => Screen]>([
  ["the agent's title is switched off", (screen) => ({ ...screen, title: "" })],
  ["the wrapper's sh stands in front of the agent", wrapped],
  [
    "the capture has no history",
    (screen) => ({ ...screen, lines: screen.lines.slice(-screen.rows) }),
  ],
  ["a redraw has the cursor elsewhere", cursorAt(0, 0, true)],
  ["the agent draws its own cursor", cursorAt(0, 0, false)],
  ["the last row is not drawn yet", withoutLast(1)],
  ["the last three rows are not drawn yet", withoutLast(3)],
  ["the terminal is narrow", (screen) => ({ ...screen, lines: screen.lines.map(cut(60)) })],
  [
    "the next version draws other glyphs",
    (screen) => ({ ...screen, lines: screen.lines.map(otherGlyphs) }),
  ],
])("when %s", (_, change) => {
  test("no working agent is disturbed and nothing counts as finished that is not", () => {
    const acts = SCREENS.map((recorded) => ({
      ...recorded,
      action: classifyScreen(agentOf(recorded), change(recorded.screen)).action,
    }));
    expect(acts.filter(({ state, action }) => state === "working" && MEDDLING.has(action))).toEqual(
      [],
    );
    expect(
      acts.filter(
        ({ state, action }) =>
          action === "finish" && state !== "idle-done" && state !== "exited-ok",
      ),
    ).toEqual([]);
  });
});

test("an agent that nobody described is never answered, typed at or believed to have finished", () => {
  const tuis = SCREENS.filter(
    ({ agent, state }) => agent !== "shell" && !state?.startsWith("exited"),
  );
  const acts = tuis.map(({ file, screen }) => ({ file, ...classifyScreen(command, screen) }));
  expect(acts.filter(({ action }) => ["answer", "nudge", "finish"].includes(action))).toEqual([]);
});

test.each([
  ["a still composer of an agent that nobody described asks a person", 61, "", "ask-person"],
  ["one that wrote less than a minute ago is left alone", 30, "", "none"],
  ["one with a spinner above it is left alone", 61, "⠼ Working...", "none"],
])("%s", (_, silentSeconds, above, action) => {
  const rule = "─".repeat(80);
  const lines = [" Finished the work.", above, rule, "", rule, " ~/repo (main)"];
  const screen = { ...blank, lines, currentCommand: "pi", silentSeconds, rows: lines.length };
  const cursor = { x: 0, y: 3, visible: true };
  expect(classifyScreen(command, { ...screen, cursor }).action).toBe(action);
});

test.prop([fc.constantFrom("", "y", "N", "yes"), fc.constantFrom("sh", "node", "git")])(
  "a yes or no that nobody sent leaves its question open",
  (draft, currentCommand) => {
    const line = `Keep the old name? [y/N] ${draft}`;
    const cursor = { x: line.length, y: 0, visible: true };
    const reading = command.read({ ...blank, currentCommand, lines: [line], cursor });
    expect(reading).toMatchObject({
      kind: "waiting-input",
      dialog: { id: "program/question", title: "Keep the old name? [y/N]", options: [] },
    });
    const more = { ...blank, currentCommand, lines: [line, ""], cursor: { ...cursor, x: 0, y: 1 } };
    expect(command.read(more).kind).not.toBe("waiting-input");
  },
);

test.each(["git", "sleep", "vim", "less", "sudo", "python3"])(
  "%s in front of what an agent left on the screen is nothing to type at, to answer or to finish",
  (currentCommand) => {
    const left = SCREENS.filter(({ agent }) => agent !== "shell").map((recorded) => {
      const screen = { ...recorded.screen, currentCommand, cursor: { x: 0, y: 0, visible: true } };
      return { ...recorded, ...classifyScreen(agentOf(recorded), screen) };
    });
    expect(
      left.filter(
        ({ state, action }) =>
          ["finish", "nudge", "answer"].includes(action) && !state.startsWith("exited"),
      ),
    ).toEqual([]);
  },
);

/** At work, with a composer below the transcript. */
const WORKING = SCREENS.filter(
  ({ agent, state, screen }) =>
    agent !== "shell" &&
    state === "working" &&
    screen.lines.slice(-Math.floor(screen.lines.length / 2)).some((line) => line.trim() !== ""),
);

const TRAPS = [
  "All tests passed. Successfully pushed to origin/main. Done!",
  "error: cannot find module foo",
  "fatal: 3 failed",
  "Do you want to proceed? [y/N]",
  "API Error: 429 rate limit",
];

test.prop([fc.constantFrom(...WORKING), fc.constantFrom(...TRAPS), fc.nat()])(
  "words in the transcript of a working agent change nothing",
  (recorded, trap, at) => {
    const { lines } = recorded.screen;
    // In the transcript only: the last rows are the composer's and the footer's.
    const row = at % Math.max(1, Math.floor(lines.length / 3));
    const screen = { ...recorded.screen, lines: lines.with(row, trap) };
    const { state } = classifyScreen(agentOf(recorded), screen);
    expect(state).toBe("working");
  },
);

const blank: Screen = {
  lines: [],
  cols: 120,
  rows: 30,
  cursor: { x: 0, y: 0, visible: true },
  title: "",
  currentCommand: "",
  alternateOn: false,
  inMode: false,
  paneDead: false,
  paneDeadStatus: null,
  silentSeconds: null,
};

const anyScreen: fc.Arbitrary<Screen> = fc.record({
  lines: fc.array(
    fc.oneof(
      fc.string(),
      fc.string({ unit: "grapheme" }),
      fc.constantFrom(...SCREENS.flatMap(({ screen }) => screen.lines)),
    ),
    { maxLength: 60 },
  ),
  cols: fc.integer({ min: 1, max: 300 }),
  rows: fc.integer({ min: 1, max: 80 }),
  cursor: fc.record({ x: fc.nat(300), y: fc.nat(80), visible: fc.boolean() }),
  title: fc.string({ unit: "grapheme" }),
  currentCommand: fc.constantFrom("node", "codex", "sh", "bash", "git", "vim", "less", ""),
  alternateOn: fc.boolean(),
  inMode: fc.boolean(),
  paneDead: fc.constant(false),
  paneDeadStatus: fc.constant(null),
  silentSeconds: fc.option(fc.nat(1000)),
});

test.prop([anyScreen, fc.constantFrom(...agentNames)])(
  "any screen is read by any agent without a throw, with a reason and a confidence between 0 and 1",
  (screen, name) => {
    const reading = agentByName(name)?.read(screen);
    expect(reading?.why).not.toBe("");
    expect(reading?.confidence).toBeGreaterThanOrEqual(0);
    expect(reading?.confidence).toBeLessThanOrEqual(1);
    expect(reading?.kind).not.toBe("dead");
  },
);

function cursorAt(x: number, y: number, visible: boolean): (screen: Screen) => Screen {
  return (screen) => ({ ...screen, cursor: { x, y, visible } });
}

function withoutLast(rows: number): (screen: Screen) => Screen {
  return (screen) => {
    const drawn = screen.lines.flatMap((line, row) => (line.trim() === "" ? [] : [row]));
    const end = drawn.at(-rows) ?? 0;
    return { ...screen, lines: screen.lines.map((line, row) => (row < end ? line : "")) };
  };
}

function wrapped(screen: Screen): Screen {
  const agentInFront = ["node", "codex", "claude", "opencode"].includes(screen.currentCommand);
  return agentInFront ? { ...screen, currentCommand: "sh" } : screen;
}

const cut =
  (columns: number) =>
  (line: string): string =>
    [...line].slice(0, columns).join("");

function otherGlyphs(line: string): string {
  return line
    .replaceAll("●", "⏺")
    .replaceAll("•", "◦")
    .replaceAll("⎿", "└")
    .replace(/[✻✽✢✶·](?= \p{L})/gu, "✺");
}

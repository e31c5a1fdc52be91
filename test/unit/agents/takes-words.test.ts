import { resolve } from "node:path";
import { expect, test } from "vitest";
import type { Dialog } from "../../../src/agents/agent.ts";
import { agentByName } from "../../../src/agents/catalog.ts";
import { command } from "../../../src/agents/command.ts";
import { takesAnswer, takesWords } from "../../../src/agents/takes-words.ts";
import { recordedScreens } from "../../support/recorded-screens.ts";

const SCREENS = await recordedScreens(resolve(import.meta.dirname, "../../../fixtures/screens"));
const READY = ["idle-fresh", "idle-done"];
const CLOSED = [
  "onboarding",
  "waiting-approval",
  "shell-prompt",
  "exited-ok",
  "exited-error",
  "editor",
  "pager",
];

const cases = SCREENS.filter(({ state, agent }) => {
  const wanted = [...READY, ...CLOSED].includes(state ?? "");
  return wanted && (agent !== "shell" || CLOSED.includes(state ?? ""));
});

test.each(cases.map((recorded) => [recorded.file, recorded] as const))(
  "words go to the composer of %s, never to a dialog, a shell or an editor",
  (_, { agent, screen, state }) => {
    const reading = (agentByName(agent) ?? command).read(screen);
    expect(takesWords(reading)).toBe(READY.includes(state ?? ""));
  },
);

test.each([
  ["a question of a program", { dialog: dialog([]) }, true],
  ["a secret that is asked for", { dialog: dialog([]), needsPerson: true }, false],
  ["options to choose from", { dialog: dialog(["Yes", "No"]) }, false],
  ["a log-in", { needsPerson: true }, false],
])("a person's words to %s: %o", (_, more, taken) => {
  const reading = { kind: "waiting-input", confidence: 0.9, why: "asks", ...more } as const;
  expect(takesAnswer(reading)).toBe(taken);
  expect(takesWords(reading)).toBe(false);
});

function dialog(labels: readonly string[]): Dialog {
  const options = labels.map((label) => ({ label, highlighted: false }));
  return { id: "program/question", title: "Go on?", body: "Go on?", options };
}

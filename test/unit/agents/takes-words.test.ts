import { resolve } from "node:path";
import { expect, test } from "vitest";
import { agentByName } from "../../../src/agents/catalog.ts";
import { command } from "../../../src/agents/command.ts";
import { takesWords } from "../../../src/agents/takes-words.ts";
import { recordedScreens } from "../../support/recorded-screens.ts";

const SCREENS = recordedScreens(resolve(import.meta.dirname, "../../../fixtures/screens"));
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

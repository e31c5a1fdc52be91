import { resolve } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { agentByName } from "../../../src/agents/catalog.ts";
import { command } from "../../../src/agents/command.ts";
import type { Screen } from "../../../src/agents/screen.ts";
import { classifyScreen } from "../../../src/classify/classify.ts";
import { type PrivateWords, scrubScreen } from "../../../src/classify/scrub.ts";
import { recordedScreens } from "../../support/recorded-screens.ts";

const SCREENS = await recordedScreens(resolve(import.meta.dirname, "../../../fixtures/screens"));
const WORDS: PrivateWords = {
  names: ["coder", "vm", "build-host", "Ada Byron"],
  redact: (text) => text.replaceAll("hunter2-token", "[secret]"),
};
const scrubbed = (line: string): string => {
  const [first] = SCREENS;
  if (first === undefined) throw new Error("there are no recorded screens");
  return scrubScreen({ ...first.screen, lines: [line] }, WORDS).lines[0] ?? "";
};

describe("what tells about a person or a machine goes, letter by letter", () => {
  test.each([
    ["  cd /home/coder/w/codexe && ls", "  cd /xxxx/xxxxx/x/xxxxxx && ls"],
    ["│ directory: ~/secret-project │", "│ directory: ~/xxxxxx-xxxxxxx │"],
    [
      "› Improve documentation in src/billing/api.ts",
      "› Improve documentation in xxx/xxxxxxx/xxx.xx",
    ],
    [
      "log in at https://auth.example.com/device?code=ABCD-1234",
      "log in at https://xxxx.xxxxxxx.xxx/xxxxxx?xxxx=xxxx-xxxx",
    ],
    ["git@github.com denied ada@example.org", "xxx@xxxxxx.xxx denied xxx@xxxxxxx.xxx"],
    ["coder@build-host:~$ ", "xxxxx@xxxxx-xxxx:~$ "],
    ["Author: Ada Byron", "Author: xxx xxxxx"],
    [
      "connect to 192.168.0.17:8080 or db.internal:5432",
      "connect to xxx.xxx.x.xx:xxxx or xx.xxxxxxxx:xxxx",
    ],
    [
      "session 01a1f8ec-177e-77d0-a44d-fccfbcb4f63f",
      "session xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    ],
    ["key hunter2-token is set", "key xxxxxxxxxxxxx is set"],
  ])("%s", (line, clean) => {
    expect(scrubbed(line)).toBe(clean);
  });
});

test.each([
  "  ⎿  Context limit reached · /compact or /clear to continue",
  "✻ 500 Internal server error · retrying in 4s · attempt 4/10",
  "■ You’ve hit your usage limit. Upgrade to Pro, or try again at 11:31 AM.",
  "Overwrite? [y/N] ",
  "› 1. Yes, proceed (y)",
  "• Working (1m 3s • esc to interrupt)",
])("what the reader goes by stays: %s", (line) => {
  expect(scrubbed(line)).toBe(line);
});

test.each(SCREENS.map((one) => [one.file, one] as const))("%s is read as before", (_, one) => {
  const agent = agentByName(one.agent) ?? command;
  const clean = scrubScreen(one.screen, WORDS);
  expect(classifyScreen(agent, clean).state).toBe(classifyScreen(agent, one.screen).state);
});

test.prop([fc.array(fc.string({ unit: "binary", maxLength: 200 }))])(
  "no line becomes longer or shorter, and scrubbing twice changes nothing",
  (lines) => {
    const [first] = SCREENS;
    const screen: Screen = { ...(first?.screen as Screen), lines };
    const once = scrubScreen(screen, WORDS);
    expect(once.lines.map((line) => line.length)).toEqual(lines.map((line) => line.length));
    expect(scrubScreen(once, WORDS)).toEqual(once);
  },
);

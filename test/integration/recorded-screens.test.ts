import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRecordedScreens } from "../../src/adapters/fs/recorded-screens.ts";
import type { RecordedScreen, RecordedScreens } from "../../src/ports/recorded-screens.ts";

let folder: string;
let screens: RecordedScreens;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "screens-"));
  screens = createRecordedScreens(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const screen = (more: Partial<RecordedScreen> = {}): RecordedScreen => ({
  file: "codex/1-working.txt",
  agent: "codex",
  agentVersion: "codex-cli 0.169.0",
  label: { state: "working", action: "none" },
  screen: {
    lines: ["• Working (3s • esc to interrupt)", "", "› "],
    cols: 80,
    rows: 24,
    cursor: { x: 2, y: 2, visible: true },
    title: "⠋ t1",
    currentCommand: "node",
    alternateOn: true,
    inMode: false,
    paneDead: false,
    paneDeadStatus: null,
    silentSeconds: 1,
  },
  ...more,
});

test("what was added is read again, in order", async () => {
  const added = [
    screen(),
    screen({ file: "shell/2.txt", agent: "shell", label: { state: "dead" } }),
  ];
  for (const one of added) await screens.add(one);
  expect(await screens.read()).toEqual(added);
});

test("a screen is never replaced", async () => {
  await screens.add(screen());
  await expect(screens.add(screen({ agent: "claude" }))).rejects.toThrow(/EEXIST/);
  expect(await screens.read()).toHaveLength(1);
});

test("labels in a file of their own win, in the words of either spelling", async () => {
  await screens.add(screen({ label: null }));
  const label = {
    file: "codex/1-working.txt",
    state: "waiting_input",
    appropriateAction: "answer:y Enter",
  };
  await writeFile(join(folder, "labels.jsonl"), `${JSON.stringify(label)}\n`);
  expect((await screens.read()).map((one) => one.label)).toEqual([
    { state: "waiting-input", action: "answer" },
  ]);
});

test.each([
  ["no folder", async () => rm(join(folder, "screens.jsonl")), /screens\.jsonl: /],
  ["a line that is none", async () => writeFile(join(folder, "screens.jsonl"), "\n{}\n"), /:2: /],
  ["a missing screen", async () => rm(join(folder, "codex/1-working.txt")), /1-working\.txt: /],
  [
    "a path that leaves the folder",
    async () => {
      const list = join(folder, "screens.jsonl");
      await writeFile(list, (await readFile(list, "utf8")).replace("codex/1", "../codex/1"));
    },
    /path inside/,
  ],
])("%s is an error that names the place", async (_, spoil, message) => {
  await screens.add(screen());
  await spoil();
  await expect(screens.read()).rejects.toThrow(
    expect.objectContaining({
      code: "screens-unreadable",
      message: expect.stringMatching(message),
    }),
  );
});

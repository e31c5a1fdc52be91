import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Screen } from "../../src/agents/screen.ts";
import { openTerminals, type Terminals, until } from "../support/tmux.ts";

let terminals: Terminals;
beforeEach(async () => {
  terminals = await openTerminals();
});
afterEach(() => terminals.close());

/**
 * A composer as coding agents have it: bracketed paste, an Enter right after a paste is taken for a part of it, C-u clears
 * one line, `swallow` Enters are lost, `dialog` shows a modal that any key answers. What is sent goes to `sent.jsonl`.
 */
const composer = (options: { swallow?: number; dialog?: boolean; mute?: boolean }) => `
  import { appendFileSync } from "node:fs";
  let { swallow = 0, dialog = false, mute = false } = ${JSON.stringify(options)};
  let draft = "", pasted = null, pastedAt = 0, keys = "";
  const sent = [];
  const show = () => {
    if (mute) return;
    const text = dialog ? "Really? 1. Yes 2. No" : "sent " + sent.length + "\\r\\n> " + draft.replaceAll("\\n", "\\r\\n  ");
    process.stdout.write("\\x1b[2J\\x1b[H" + text + "\\r\\nkeys " + keys);
  };
  const note = (value) => appendFileSync("sent.jsonl", JSON.stringify(value) + "\\n");
  process.stdin.setRawMode(true).setEncoding("utf8");
  process.stdout.write("\\x1b[?2004h");
  process.stdin.on("data", (data) => {
    for (const [token] of data.matchAll(/\\x1b\\[[0-9]*[~A-Z]|[^]/gu)) {
      if (token === "\\x1b[200~") pasted = "";
      else if (token === "\\x1b[201~") { draft += pasted; pasted = null; pastedAt = Date.now(); }
      else if (pasted !== null) pasted += token;
      else if (dialog) { note({ answered: token }); dialog = false; }
      else if (token === "\\x15") draft = draft.includes("\\n") ? draft.slice(0, draft.lastIndexOf("\\n")) : "";
      else if (token === "\\r" && Date.now() - pastedAt < 200) draft += "\\n";
      else if (token === "\\r" && swallow > 0) swallow -= 1;
      else if (token === "\\r") { note(draft); sent.push(draft); draft = ""; }
      else if (token === "\\x1b[B") keys += "down ";
      else draft += token;
    }
    show();
  });
  show();
  if (mute) process.stdout.write("ready");`;

async function open(options: { swallow?: number; dialog?: boolean; mute?: boolean }) {
  await terminals.sessions.start(
    await terminals.spec("1", await terminals.program(composer(options))),
  );
  await screen((text) => /sent|Really|ready/.test(text));
}
const screen = (is: (text: string) => boolean): Promise<Screen> =>
  until("the screen", async () => {
    const seen = await terminals.sessions.capture("task-1", 0);
    return seen.kind === "known" && seen.value && is(seen.value.lines.join("\n")) && seen.value;
  });
const sent = async (): Promise<unknown[]> => {
  const text = await readFile(join(terminals.worktree, "sent.jsonl"), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
};
const anything = () => true;

test.each([
  ["one line", "go on"],
  ["many lines", "first\n\n  second; $(touch x) `id` \"'\\\n#{pane_id} é✓\tend;"],
  ["16 kB and more", "a line of words that goes on\n".repeat(1500).trimEnd()],
])("%s arrive as one message", async (_, text) => {
  await open({});
  expect(await terminals.sessions.inject("task-1", text, anything)).toEqual({ kind: "sent" });
  expect(await sent()).toEqual([text]);
});

test("control characters cannot leave the paste and type keys", async () => {
  await open({});
  const text = "a\u001b[201~\rb\u0003c\u009b201~\rd";
  expect(await terminals.sessions.inject("task-1", text, anything)).toEqual({ kind: "sent" });
  expect(await sent()).toEqual(["a[201~\nbc201~\nd"]);
});

test("a draft of several lines is cleared first", async () => {
  await open({});
  await terminals.tmux("set-buffer", "-b", "draft", "half\na thought\nor two");
  await terminals.tmux("paste-buffer", "-p", "-r", "-b", "draft", "-t", "=task-1:");
  await screen((text) => text.includes("or two"));
  expect(await terminals.sessions.inject("task-1", "new words", anything)).toEqual({
    kind: "sent",
  });
  expect(await sent()).toEqual(["new words"]);
});

test("copy mode is left, in which Enter would never arrive", async () => {
  await open({});
  await terminals.tmux("copy-mode", "-t", "=task-1:");
  expect(await screen(anything)).toMatchObject({ inMode: true });
  expect(await terminals.sessions.inject("task-1", "words", anything)).toEqual({ kind: "sent" });
  expect(await sent()).toEqual(["words"]);
});

test("an Enter that was swallowed is pressed once more, and only once", async () => {
  await open({ swallow: 1 });
  expect(await terminals.sessions.inject("task-1", "words", anything)).toEqual({ kind: "sent" });
  expect(await sent()).toEqual(["words"]);
  await terminals.sessions.stop("task-1");
  await open({ swallow: 2 });
  expect(await terminals.sessions.inject("task-1", "words", anything)).toMatchObject({
    kind: "unproven",
    reason: expect.stringContaining("did not move after Enter"),
  });
});

test("nothing is typed on a screen that is not the expected one, without a session, or without words", async () => {
  await open({ dialog: true });
  const composes = ({ lines }: Screen) => lines.some((line) => line.startsWith(">"));
  expect(await terminals.sessions.inject("task-1", "words", composes)).toMatchObject({
    kind: "refused",
    reason: expect.stringContaining("not what it was expected to be"),
  });
  expect(await terminals.sessions.inject("task-2", "words", anything)).toMatchObject({
    kind: "refused",
  });
  expect(await terminals.sessions.inject("task-1", "\u001b\n ", anything)).toMatchObject({
    kind: "refused",
  });
  expect(await terminals.sessions.press("task-1", ["Enter; kill-server"], anything)).toMatchObject({
    kind: "refused",
  });
  expect(await sent()).toEqual([]);
});

test("words that do not appear are not followed by an Enter", async () => {
  await open({ mute: true });
  expect(await terminals.sessions.inject("task-1", "words", anything)).toMatchObject({
    kind: "unproven",
    reason: expect.stringContaining("did not appear"),
  });
  expect(await sent()).toEqual([]);
});

test("keys are pressed one after the other as long as the screen is the expected one", async () => {
  await open({});
  const keys = ["Down", "Down", ";", "-", "é"];
  expect(await terminals.sessions.press("task-1", keys.slice(0, 4), anything)).toEqual({
    kind: "sent",
  });
  expect((await screen(anything)).lines).toMatchObject({ 1: "> ;-", 2: "keys down down" });
  await terminals.sessions.stop("task-1");
  await open({ dialog: true });
  const asks = ({ lines }: Screen) => lines.join().includes("Really?");
  expect(await terminals.sessions.press("task-1", ["2", "Enter"], asks)).toMatchObject({
    kind: "unproven",
    reason: expect.stringContaining("after 1 of 2 keys"),
  });
  expect(await sent()).toEqual([{ answered: "2" }]);
});

test("an ended agent gets no words", async () => {
  await terminals.sessions.start(await terminals.spec("1", ["true"]));
  await until("its end", async () => {
    const seen = await terminals.sessions.capture("task-1", 0);
    return seen.kind === "known" && seen.value?.paneDead;
  });
  expect(await terminals.sessions.inject("task-1", "words", anything)).toMatchObject({
    kind: "refused",
    reason: expect.stringContaining("ended"),
  });
});

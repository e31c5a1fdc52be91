import { afterEach, beforeEach, expect, test } from "vitest";
import { takesWords } from "../../src/agents/takes-words.ts";
import { say } from "../../src/executor/steer.ts";
import { Manifest } from "../../src/manifest/manifest.ts";
import { executorWorld } from "../support/fakes/executor-world.ts";
import { openTerminals, type Terminals, until } from "../support/tmux.ts";

let terminals: Terminals;
beforeEach(async () => {
  terminals = await openTerminals();
});
afterEach(() => terminals.close());

/** An agent at work as opencode draws it: the second Escape ends its turn, and then it takes words; it shows what it got. */
const AT_WORK = `
  let escapes = 0, draft = "", told = "";
  const draw = () => process.stdout.write("\\x1b[2J\\x1b[H" + [
    "  ┃", "  ┃  Work.", "  ┃", "", "     It got " + escapes + " keys and was told: " + told, "",
    "     ▣  Build · model" + (escapes < 2 ? "" : " · interrupted"), "",
    "  ┃", "  ┃  " + draft, "  ┃", "  ┃  Build  model", "  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀",
    "   " + (["■■■⬝⬝⬝  esc interrupt", "■■■⬝⬝⬝  esc again to interrupt"][escapes] ?? "ctrl+p commands"),
  ].join("\\r\\n") + "\\x1b[10;" + (6 + draft.length) + "H");
  process.stdin.setRawMode(true);
  process.stdin.on("data", (data) => {
    const key = String(data);
    if (key === "\\x1b") escapes += 1;
    else if (key === "\\r") { told += draft; draft = ""; }
    else if (key !== "\\x15") draft += key;
    draw();
  });
  draw();
`;

const manifest = Manifest.parse({
  project: "interrupts",
  phases: [{ name: "One", tasks: [{ id: "t1", status: "running", state: { agent: "opencode" } }] }],
});
const [task] = manifest.phases.flatMap(({ tasks }) => tasks);

test("a turn that runs is ended by its agent's own keys before words are typed, and none are pressed where none runs", async () => {
  if (task === undefined) throw new Error("the manifest has no task");
  const { sessions } = terminals;
  const { context } = executorWorld(manifest, { sessions });
  const shows = (words: string) =>
    until(words, async () => {
      const seen = await sessions.capture("task-t1", 0);
      return seen.kind === "known" && (seen.value?.lines.join("\n") ?? "").includes(words);
    });
  const interrupts = { interrupts: true };
  await sessions.start(await terminals.spec("t1", await terminals.program(AT_WORK)));
  await shows("It got 0 keys");

  expect(await say(context, task, "one", takesWords, interrupts)).toEqual({ kind: "sent" });
  await shows("It got 2 keys and was told: one");
  expect(await say(context, task, "two", takesWords, interrupts)).toEqual({ kind: "sent" });
  await shows("It got 2 keys and was told: onetwo");
});

import { afterEach, beforeEach, expect, test } from "vitest";
import { createClock } from "../../src/adapters/system/clock.ts";
import type { ExecutionContext, ExecutorPorts } from "../../src/executor/context.ts";
import { interrupt } from "../../src/executor/steer.ts";
import { Manifest } from "../../src/manifest/manifest.ts";
import { openTerminals, type Terminals, until } from "../support/tmux.ts";

let terminals: Terminals;
beforeEach(async () => {
  terminals = await openTerminals();
});
afterEach(() => terminals.close());

/** An agent at work as opencode draws it, which ends its turn at the second Escape; it shows how many it got. */
const AT_WORK = `
  const escapes = [];
  const draw = () => process.stdout.write("\\x1b[2J\\x1b[H" + [
    "  ┃", "  ┃  Work.", "  ┃", "", "     Looking at " + escapes.length + " keys.", "",
    "     ▣  Build · model" + (escapes.length < 2 ? "" : " · interrupted"), "",
    "  ┃", "  ┃  ", "  ┃", "  ┃  Build  model", "  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀",
    "   " + (["■■■⬝⬝⬝  esc interrupt", "■■■⬝⬝⬝  esc again to interrupt"][escapes.length] ?? "ctrl+p commands"),
  ].join("\\r\\n") + "\\x1b[10;6H");
  process.stdin.setRawMode(true);
  process.stdin.on("data", (key) => { escapes.push(key); draw(); });
  draw();
`;

const manifest = Manifest.parse({
  project: "interrupts",
  phases: [{ name: "One", tasks: [{ id: "t1", status: "running", state: { agent: "opencode" } }] }],
});
const [task] = manifest.phases.flatMap(({ tasks }) => tasks);

test("a turn that runs is ended by its agent's own keys, and nothing is pressed where none runs", async () => {
  if (task === undefined) throw new Error("the manifest has no task");
  const { sessions, workdir } = terminals;
  const context: ExecutionContext = {
    manifest,
    workdir,
    ports: { sessions, clock: createClock() } as ExecutorPorts,
  };
  const shows = (words: RegExp) =>
    until(String(words), async () => {
      const seen = await sessions.capture("task-t1", 0);
      return seen.kind === "known" && words.test(seen.value?.lines.join("\n") ?? "");
    });
  expect(await interrupt(context, task)).toEqual({ kind: "sent" });
  await sessions.start(await terminals.spec("t1", await terminals.program(AT_WORK)));
  await shows(/Looking at 0 keys/);

  expect(await interrupt(context, task)).toEqual({ kind: "sent" });
  await shows(/Looking at 2 keys[\s\S]*interrupted/);
  expect(await interrupt(context, task)).toEqual({ kind: "sent" });
  await shows(/Looking at 2 keys/);
});

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Dialog } from "../../src/agents/agent.ts";
import { agentByName } from "../../src/agents/catalog.ts";
import { askedBy } from "../../src/agents/dialogs.ts";
import type { ExecutionContext, ExecutorPorts } from "../../src/executor/context.ts";
import { answer } from "../../src/executor/steer.ts";
import { Manifest } from "../../src/manifest/manifest.ts";
import { TaskId } from "../../src/manifest/task.ts";
import { openTerminals, type Terminals, until } from "../support/tmux.ts";

let terminals: Terminals;
beforeEach(async () => {
  terminals = await openTerminals();
});
afterEach(() => terminals.close());

/** A dialog as agents draw them: arrows move the mark, Enter takes the marked option; keys are read as they are pressed. */
const DIALOG = (title: string, options: readonly string[]) => `
  const options = ${JSON.stringify(options)};
  let marked = 0;
  const draw = (text) => process.stdout.write("\\x1b[2J\\x1b[H" + text);
  const dialog = () => draw(" ${title}\\r\\n\\r\\n" + options.map((label, index) =>
    (index === marked ? " ❯ " : "   ") + (index + 1) + ". " + label).join("\\r\\n") + "\\r\\n\\r\\n Enter to confirm · Esc to cancel");
  process.stdin.setRawMode(true);
  process.stdin.on("data", (key) => {
    if (String(key) === "\\r") return draw("chosen: " + options[marked] + "\\r\\n");
    const step = { "\\x1b[A": -1, "\\x1b[B": 1 }[String(key)] ?? 0;
    marked = Math.max(0, Math.min(options.length - 1, marked + step));
    dialog();
  });
  dialog();
`;

const manifest = Manifest.parse({
  project: "answers",
  phases: [{ name: "One", tasks: [{ id: "t1", status: "running", state: { agent: "claude" } }] }],
});

/** Answering needs the sessions alone. */
const contextOf = ({ sessions, workdir }: Terminals): ExecutionContext => ({
  manifest,
  workdir,
  ports: { sessions } as ExecutorPorts,
});

async function screenWith(pattern: RegExp): Promise<string> {
  return await until(String(pattern), async () => {
    const seen = await terminals.sessions.capture("task-t1", 0);
    const text = seen.kind === "known" ? (seen.value?.lines.join("\n") ?? "") : "";
    return pattern.test(text) && text;
  });
}

async function openDialog(title: string, options: readonly string[]): Promise<Dialog> {
  const argv = await terminals.program(DIALOG(title, options));
  await terminals.sessions.start(await terminals.spec("t1", argv));
  await screenWith(/Enter to confirm/);
  const seen = await terminals.sessions.capture("task-t1", 0);
  const screen = seen.kind === "known" ? seen.value : null;
  const dialog = screen === null ? undefined : agentByName("claude")?.read(screen).dialog;
  if (dialog === undefined) throw new Error("no dialog is read");
  return dialog;
}

const order = (dialog: Dialog, label: string) => ({
  kind: "answer" as const,
  taskId: TaskId.parse("t1"),
  dialogId: dialog.id,
  asked: askedBy(dialog),
  answer: label,
  typed: false,
});

test("the option is chosen by its label, wherever it stands, and the event shows the screen before and after", async () => {
  const dialog = await openDialog("Do you trust the files in this folder?", [
    "No, exit",
    "Later",
    "Yes, I trust this folder",
  ]);
  expect(dialog.id).toBe("claude/trust-folder");
  const outcome = await answer(contextOf(terminals), order(dialog, "Yes, I trust this folder"));
  expect(outcome.failed).toBeUndefined();
  await screenWith(/chosen: Yes, I trust this folder/);
  const [event] = outcome.events;
  expect(event).toMatchObject({
    kind: "answered",
    taskId: "t1",
    dialogId: dialog.id,
    answer: "Yes, I trust this folder",
  });
  expect(event?.kind === "answered" && event.before.join("\n")).toContain("❯ 1. No, exit");
  expect(event?.kind === "answered" && event.after.join("\n")).toContain("chosen: Yes");
});

test("a dialog that has become another one is left alone, without an event", async () => {
  const dialog = await openDialog("Do you trust the files in this folder?", ["No, exit", "Yes"]);
  const update = { ...dialog, id: "claude/update" };
  const other = await answer(contextOf(terminals), order(update, "Yes"));
  const another = { ...dialog, title: "Do you trust the files in that folder?" };
  const next = await answer(contextOf(terminals), order(another, "Yes"));
  const gone = await answer(contextOf(terminals), order(dialog, "Yes, I trust this folder"));
  for (const outcome of [other, next, gone]) {
    expect(outcome).toMatchObject({ events: [], failed: { code: "inject-refused" } });
  }
  await screenWith(/❯ 1\. No, exit/);
});

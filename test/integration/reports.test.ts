import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSignals } from "../../src/adapters/signals/signals.ts";
import type { Wake } from "../../src/ports/signals.ts";
import { openTerminals, type Terminals, until } from "../support/tmux.ts";

let terminals: Terminals;
beforeEach(async () => {
  terminals = await openTerminals();
});
afterEach(() => terminals.close());

const SESSION = "01a1f8ec-177e-77d0-a44d-fccfbcb4f63f";
const stopped = (message: string) =>
  JSON.stringify({ session_id: SESSION, hook_event_name: "Stop", last_assistant_message: message });

/** Starts a session whose program does `lines` of shell, as an agent runs its hooks. */
async function hooksOf(id: string, lines: string): Promise<void> {
  const spec = await terminals.spec(id, ["sh", "-c", lines]);
  const taskDir = spec.taskDir;
  const env = { ...spec.env, COPPICE_TASK: id, COPPICE_ATTEMPT: "1", COPPICE_TASK_DIR: taskDir };
  await terminals.sessions.start({ ...spec, env });
}

const ended = (id: string) =>
  until(`the exit record of ${id}`, async () => {
    const exit = await terminals.folders.exit(id, 1);
    return exit.kind === "known" && exit.value;
  });

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What was said in an attempt of t1. */
async function signalsOf(attempt: number) {
  const signals = await terminals.folders.signals("t1", attempt);
  if (signals.kind === "known") return signals.value;
  throw new Error(signals.reason);
}

test.each<[string, string, Wake["kind"]]>([
  ["short", 'It\'s "done"\n$(touch pwned)', "folder"],
  ["long", `It's "done"\n${"$(touch pwned) ".repeat(2000)}`, "socket"],
])(
  "a hook's %s notice becomes a signal of the attempt and wakes the orchestrator",
  async (_, said, kind) => {
    const wakes: Wake[] = [];
    const source = await createSignals({
      workdir: terminals.workdir,
      socketPath: terminals.signalSocketPath,
      manifestPath: join(terminals.workdir, "manifest.json"),
      onBlind: (reason) => expect.fail(reason),
    }).listen((wake) => wakes.push(wake));
    await hooksOf(
      "t1",
      `printf %s ${quoted(stopped(said))} | sh -c 'exec "$COPPICE_REPORT" claude'; sleep 600`,
    );
    const found = await until("the signal", async () => {
      const signals = await signalsOf(1);
      return signals.length > 0 && signals;
    });
    expect(found).toMatchObject([
      { kind: "turn-ended", text: expect.stringContaining(said.slice(0, 20)), attempt: 1 },
    ]);
    await until("the wake", async () => wakes.some((wake) => wake.kind === kind));
    await source.close();
    expect(await signalsOf(2)).toEqual([]);
  },
);

test("a notice may also be the program's last word, as Codex gives it", async () => {
  const notice = JSON.stringify({
    type: "agent-turn-complete",
    "thread-id": SESSION,
    "last-assistant-message": "Done.",
  });
  await hooksOf("t1", `sh -c 'exec "$COPPICE_REPORT" codex "$1"' report ${quoted(notice)}`);
  await ended("t1");
  expect(await signalsOf(1)).toMatchObject([
    { kind: "conversation", text: SESSION },
    { kind: "turn-ended", text: "Done." },
  ]);
});

test("a short notice is written in one piece without node, however many come at once", async () => {
  const words = Array.from({ length: 20 }, (_, index) => `${index} ${"word ".repeat(2500)}`);
  const reports = words.map(
    (text) =>
      `COPPICE_NODE=/nowhere "$COPPICE_REPORT" claude ${quoted(stopped(`${text}\\n\n%s`))} &`,
  );
  const spec = await terminals.spec("t1", ["sh", "reports.sh"]);
  await writeFile(join(spec.worktree, "reports.sh"), [...reports, "wait"].join("\n"));
  const env = { COPPICE_TASK: "t1", COPPICE_ATTEMPT: "1", COPPICE_TASK_DIR: spec.taskDir };
  await terminals.sessions.start({ ...spec, env: { ...spec.env, ...env } });
  await ended("t1");
  const said = (await signalsOf(1)).flatMap(({ text }) => text ?? []).map((text) => text.trim());
  expect(new Set(said)).toEqual(new Set(words.map((text) => `${text}\\n\n%s`)));
  expect(said).toHaveLength(words.length);
});

test("a notice that stands on several lines becomes one", async () => {
  await hooksOf(
    "t1",
    `"$COPPICE_REPORT" claude ${quoted(JSON.stringify(JSON.parse(stopped("Done.")), null, 2))}`,
  );
  await ended("t1");
  expect(await signalsOf(1)).toMatchObject([{ kind: "turn-ended", text: "Done." }]);
});

test("whatever happens to it, a report says nothing and never fails the agent", async () => {
  const report = `"$COPPICE_REPORT" claude`;
  await hooksOf(
    "t1",
    [
      `printf 'not json' | ${report} && printf '' | ${report}`,
      `&& COPPICE_TASK_DIR=/nowhere ${report} '{}'`,
      `&& COPPICE_NODE=/nowhere ${report} '{}'`,
      "&& echo all went well",
    ].join(" "),
  );
  expect((await ended("t1")).code).toBe(0);
  expect(await terminals.folders.log("t1", 1, 10)).toEqual(["all went well"]);
  expect(await signalsOf(1)).toEqual([]);
});

test("a notice of any size becomes a short line that keeps its first and last words", async () => {
  await hooksOf(
    "t1",
    `node -e 'console.log(JSON.stringify({session_id:"${SESSION}",hook_event_name:"Stop",
      last_assistant_message:"first"+" word".repeat(1e5)+" Shall I?",more:Array(1e4).fill({deep:{deep:"x"}})}))' | "$COPPICE_REPORT" claude`,
  );
  await ended("t1");
  const [signal] = await signalsOf(1);
  expect(signal?.text).toMatch(/^first word.* … .* Shall I\?$/);
  const file = await readFile(
    join(await terminals.folders.folder("t1"), "signals.1.jsonl"),
    "utf8",
  );
  expect(file.length).toBeLessThan(4000);
});

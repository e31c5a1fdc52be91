import { appendFile, chmod, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createOwnership } from "../../src/adapters/fs/ownership.ts";
import { createTaskFolders } from "../../src/adapters/fs/task-folders.ts";
import { TaskId } from "../../src/manifest/task.ts";
import type { TaskFolders } from "../../src/ports/task-folders.ts";
import { launchFact } from "../support/facts.ts";

let workdir: string;
let folders: TaskFolders;
beforeEach(async () => {
  workdir = await mkdtemp(join(tmpdir(), "cop-"));
  folders = createTaskFolders({ workdir });
});
afterEach(() => rm(workdir, { recursive: true, force: true }));

const AT_MS = Date.UTC(2026, 0, 17, 8, 30);
const SHA = "a".repeat(40);
const mode = async (path: string) => (await stat(path)).mode & 0o777;
const writeIn = async (folder: string, name: string, text: string) => {
  await mkdir(join(folder, "logs"), { recursive: true });
  await writeFile(join(folder, name), text);
};
const record = (attempt: number, code: number) =>
  `{"version":1,"attempt":${attempt},"stage":"agent","code":${code},"at":"2026-01-17T08:30:00Z"}\n`;

test("folders and prompts are for their owner only", async () => {
  const folder = await folders.folder("t1");
  const prompt = await folders.writePrompt("t1", 2, "do it\n");
  expect([folder, prompt]).toEqual([
    join(workdir, "tasks/t1"),
    join(workdir, "tasks/t1/prompt.2.md"),
  ]);
  expect([await mode(folder), await mode(prompt)]).toEqual([0o700, 0o600]);
});

test.each(["../t1", "", "a/b", ".", "t1\n"])("%j is no task folder", async (id) => {
  await expect(folders.folder(id)).rejects.toThrow(/no task id/);
  await expect(folders.exit(id, 1)).rejects.toThrow(/no task id/);
});

test("a launch that nobody noted counts only if its session began", async () => {
  const launch = (attempt: number) => launchFact({ attempt, startedAtMs: AT_MS });
  const newest = async (noted: number) => {
    const found = await folders.launch("t1", noted);
    return found.kind === "known" && found.value?.attempt;
  };
  await folders.recordLaunch("t1", launch(1));
  expect([await newest(0), await newest(1)]).toEqual([undefined, 1]);
  await folders.recordLaunch("t1", launch(2));
  expect([await newest(0), await newest(1), await newest(2)]).toEqual([undefined, 1, 2]);
  await writeIn(await folders.folder("t1"), "logs/2.log", "");
  expect(await newest(1)).toBe(2);
  await folders.recordLaunch("t1", launch(3));
  expect(await newest(2)).toBe(2);
  await writeIn(await folders.folder("t1"), "exit.3.json", record(3, 0));
  expect(await newest(2)).toBe(3);
});

test("a launch of another manifest that has the task is unknown, and says whose it is", async () => {
  const [mine, theirs] = [join(workdir, "a.json"), join(workdir, "b.json")];
  for (const path of [mine, theirs])
    await writeFile(path, JSON.stringify({ phases: [{ tasks: [{ id: "t1" }] }] }));
  const here = createTaskFolders({ workdir, ownership: await createOwnership(mine) });
  const there = createTaskFolders({ workdir, ownership: await createOwnership(theirs) });
  const launch = launchFact({ startedAtMs: AT_MS });
  await here.recordLaunch("t1", launch);
  expect(await here.launch("t1", 99)).toEqual({ kind: "known", value: launch });
  expect(await there.launch("t1", 99)).toMatchObject({
    kind: "unknown",
    reason: expect.stringMatching(/tasks\/t1 belongs to the manifest .*\/a\.json; give one/),
  });
  await rename(mine, join(workdir, "moved.json"));
  expect(await there.launch("t1", 99)).toEqual({ kind: "known", value: launch });
});

test("the newest launch is the one with the highest attempt, not the highest word", async () => {
  expect(await folders.launch("t1", 99)).toEqual({ kind: "known", value: null });
  const launch = (attempt: number) =>
    ({
      attempt,
      agent: "codex",
      startedAtMs: AT_MS + attempt,
      kind: "restart",
      mode: "headless",
      worktree: "/run/worktrees/t1",
      branch: "fix/t1",
      parent: TaskId.parse("t0"),
      forkPoint: null,
    }) as const;
  for (const attempt of [1, 10, 9]) await folders.recordLaunch("t1", launch(attempt));
  expect(await folders.launch("t1", 99)).toEqual({ kind: "known", value: launch(10) });
});

test("an exit belongs to its attempt; what cannot be read is unknown, with the file", async () => {
  const folder = await folders.folder("t1");
  await writeIn(folder, "exit.1.json", record(1, 3));
  await writeIn(folder, "logs/1.log", "one\r\ntwo\r\n");
  await writeIn(folder, "exit.3.json", '{"version":1,');
  expect(await folders.exit("t1", 1)).toEqual({
    kind: "known",
    value: { attempt: 1, stage: "agent", code: 3, atMs: AT_MS, tail: ["one", "two"] },
  });
  expect(await folders.exit("t1", 2)).toEqual({ kind: "known", value: null });
  expect(await folders.exit("t1", 3)).toMatchObject({
    kind: "unknown",
    reason: expect.stringContaining("exit.3.json"),
  });
});

test("an exit waits for the last words of the terminal, which may come a little later", async () => {
  const folder = await folders.folder("t1");
  const now = new Date().toISOString();
  await writeIn(folder, "exit.1.json", record(1, 0).replace("2026-01-17T08:30:00Z", now));
  await writeIn(folder, "logs/1.log", "first\n");
  const exit = folders.exit("t1", 1);
  await appendFile(join(folder, "logs/1.log"), "last\n\u001b\\\u001b]7717;ended\u0007");
  expect(await exit).toMatchObject({ value: { tail: ["first", "last"] } });
});

test("a verify run is running until its record, and a new one forgets the old result", async () => {
  expect(await folders.verify("t1", SHA)).toEqual({ kind: "known", value: null });
  const folder = await folders.recordVerifyStart("t1", SHA, AT_MS);
  const running = { sha: SHA, code: null, running: true, startedAtMs: AT_MS, tail: [] };
  expect(await folders.verify("t1", SHA)).toEqual({ kind: "known", value: running });
  await writeIn(folder, "exit.1.json", record(1, 1));
  await writeIn(folder, "logs/1.log", "1 test failed\n");
  expect(await folders.verify("t1", SHA)).toEqual({
    kind: "known",
    value: { ...running, code: 1, running: false, tail: ["1 test failed"] },
  });
  expect(await folders.recordVerifyStart("t1", SHA, AT_MS + 5)).toBe(folder);
  expect(await folders.verify("t1", SHA)).toMatchObject({
    value: { running: true, startedAtMs: AT_MS + 5 },
  });
  await expect(folders.recordVerifyStart("t1", "../x", AT_MS)).rejects.toThrow(/no commit/);
});

test("signals come in the order of time; lines that are none are passed over", async () => {
  const folder = await folders.folder("t1");
  const at = (seconds: number) => new Date(AT_MS + seconds * 1000).toISOString();
  const said = (seconds: number, agent: string, notice: object) =>
    JSON.stringify({ at: at(seconds), agent, notice: { session_id: "0199-abc-9", ...notice } });
  const lines = [
    said(2, "claude", { hook_event_name: "Stop", last_assistant_message: "done so far" }),
    "not json",
    said(3, "claude", { hook_event_name: "Explode" }),
    said(3, "nobody", { hook_event_name: "Stop" }),
    said(1, "claude", { hook_event_name: "SessionStart", more: true }),
    '{"agent":"clau',
  ];
  await writeFile(join(folder, "signals.2.jsonl"), lines.join("\n"));
  await writeFile(join(folder, "done.2"), "all of it\n");
  await writeFile(join(folder, "fail.1"), "an earlier attempt\n");
  const answer = await folders.signals("t1", 2);
  const found = answer.kind === "known" ? answer.value : [];
  expect(found.map(({ kind, text, attempt }) => [kind, text, attempt])).toEqual([
    ["conversation", "0199-abc-9", 2],
    ["turn-ended", "done so far", 2],
    ["done", "all of it", 2],
  ]);
  expect(found[0]?.atMs).toBe(AT_MS + 1000);
});

test("a folder that this user may not read is unknown with its path and remedy, and no other task's", async () => {
  const Nobody = 65_534;
  for (const id of ["t1", "t2"])
    await writeIn(await folders.folder(id), "exit.1.json", record(1, 0));
  for (const [path, mode] of [
    ["", 0o755],
    ["tasks", 0o755],
    ["tasks/t2", 0o755],
    ["tasks/t1", 0],
  ] as const) {
    await chmod(join(workdir, path), mode);
  }
  const isRoot = process.geteuid?.() === 0;
  // Root may read everything.
  if (isRoot) process.seteuid?.(Nobody);
  try {
    const reason = expect.stringMatching(
      /EACCES: permission denied, \w+ '.*\/tasks\/t1.*Give this user the right/,
    );
    const refused = { kind: "unknown", reason };
    expect(await folders.launch("t1", 99)).toEqual(refused);
    expect(await folders.exit("t1", 1)).toEqual(refused);
    expect(await folders.signals("t1", 1)).toEqual(refused);
    expect(await folders.verify("t1", SHA)).toEqual(refused);
    await expect(folders.writePrompt("t1", 1, "do it\n")).rejects.toMatchObject({ code: "EACCES" });
    expect(await folders.signals("t2", 1)).toEqual({ kind: "known", value: [] });
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
  await chmod(join(workdir, "tasks/t1"), 0o700);
  expect(await folders.exit("t1", 1)).toMatchObject({ kind: "known", value: { code: 0 } });
});

test("the log is its last lines as text, the older file first", async () => {
  const folder = await folders.folder("t1");
  await writeIn(folder, "logs/1.log.old", "oldest\nold\n");
  await writeIn(folder, "logs/1.log", "\u001b[31mnew\u001b[0m\nnewest\n");
  expect(await folders.log("t1", 1, 3)).toEqual(["old", "new", "newest"]);
  expect(await folders.log("t1", 2, 3)).toEqual([]);
  expect(await folders.logPath("t1", 1)).toBe(join(folder, "logs/1.log"));
});

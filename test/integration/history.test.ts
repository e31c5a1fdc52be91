import {
  appendFile,
  chmod,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHistory } from "../../src/adapters/fs/history.ts";
import { createLocks } from "../../src/adapters/fs/locks.ts";
import type { FinishedTask } from "../../src/manifest/finished-task.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cop-history-"));
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
});

const told: string[] = [];
const open = (path: string, bytesMax?: number) =>
  createHistory({
    path,
    locks: createLocks(),
    onForeign: (reason) => told.push(reason),
    ...(bytesMax === undefined ? {} : { bytesMax }),
  });

const finished = (task: string, files: readonly string[]): FinishedTask => ({
  project: "shop",
  task,
  issue: 7,
  title: "A task",
  labels: ["bug"],
  estimate: null,
  foreseen: ["src/a.ts"],
  files: [...files],
  durationMs: 60_000,
  finishedAt: "2026-01-17T09:30:00Z",
});

test("deliveries are read back, the last one of each task, also after a crash in the middle of a line", async () => {
  const path = join(folder, "deep/history.jsonl");
  const history = open(path);
  expect(await history.finished()).toEqual([]);
  const [first, again, other] = [
    finished("t1", ["src/a.ts"]),
    finished("t1", ["src/a.ts", "src/b.ts"]),
    finished("t2", []),
  ];
  expect(await history.record(first)).toEqual({ kind: "recorded" });
  await appendFile(path, '{"project":"shop","ta');
  await history.record(other);
  await history.record(again);
  expect(await open(path).finished()).toEqual([again, other]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await readFile(path, "utf8")).split("\n")).toHaveLength(5);
});

test("a line of another shape is left out, and told of with its place and remedy", async () => {
  const path = join(folder, "history.jsonl");
  const history = open(path);
  await history.record(finished("t1", []));
  await appendFile(path, `${"\n".repeat(20_000)}{"task": 3}\n[]\n<<<<<<< HEAD\n`);
  await history.record(finished("t2", []));
  expect(await history.finished()).toEqual([finished("t1", []), finished("t2", [])]);
  expect(told).toEqual([expect.stringContaining("left out (and 1 more); remove that line")]);
  expect(told[0]).toContain(`${path}, line 20002:`);
});

test("a file that has grown too long begins anew, and the one before it is still read", async () => {
  const path = join(folder, "history.jsonl");
  const history = open(path, 300);
  const tasks = ["t1", "t2", "t3", "t4", "t5"].map((id) => finished(id, []));
  for (const task of tasks) await history.record(task);
  expect(await history.finished()).toEqual(tasks.slice(-3));
  expect((await readdir(folder)).toSorted()).toEqual([
    "history.jsonl",
    "history.jsonl.1",
    "history.jsonl.lock.fence",
  ]);
});

test("a delivery that cannot be recorded is told, not thrown", async () => {
  await writeFile(join(folder, "file"), "");
  const history = open(join(folder, "file/history.jsonl"));
  expect(await history.record(finished("t1", []))).toMatchObject({
    kind: "failed",
    reason: expect.stringContaining("file/history.jsonl"),
  });
});

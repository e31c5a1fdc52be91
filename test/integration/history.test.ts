import { appendFile, chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHistory } from "../../src/adapters/fs/history.ts";
import type { FinishedTask } from "../../src/manifest/finished-task.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cop-history-"));
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
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
  const history = createHistory({ path });
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
  expect(await createHistory({ path }).finished()).toEqual([again, other]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await readFile(path, "utf8")).split("\n")).toHaveLength(5);
});

test("a line of another shape is named with its place and remedy", async () => {
  const path = join(folder, "history.jsonl");
  await writeFile(path, `${"\n".repeat(20_000)}{"task": 3}\n`);
  await expect(createHistory({ path }).finished()).rejects.toMatchObject({
    code: "history-invalid",
    message: expect.stringContaining(`${path}, line 20001:`),
    hint: expect.stringContaining("Remove that line"),
  });
});

test("a delivery that cannot be recorded is told, not thrown", async () => {
  await writeFile(join(folder, "file"), "");
  const history = createHistory({ path: join(folder, "file/history.jsonl") });
  expect(await history.record(finished("t1", []))).toMatchObject({
    kind: "failed",
    reason: expect.stringContaining("file/history.jsonl"),
  });
});

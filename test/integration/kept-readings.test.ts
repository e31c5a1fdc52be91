import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keptReadings } from "../../src/adapters/fs/kept-readings.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "coppice-kept-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a file is read again only after a change, and every change is seen, however quick", async () => {
  const path = join(folder, "signals.1.jsonl");
  await writeFile(path, "");
  const kept = keptReadings<string>();
  let reads = 0;
  const read = () =>
    kept(path, () => {
      reads += 1;
      return readFile(path, "utf8");
    });
  for (let line = 1; line <= 50; line += 1) {
    await appendFile(path, "x");
    expect(await read()).toBe("x".repeat(line));
  }
  // Once the last change is old enough, nothing is read any more.
  await expect
    .poll(async () => {
      const before = reads;
      await read();
      return reads - before;
    })
    .toBe(0);
  await appendFile(path, "y");
  expect(await read()).toBe(`${"x".repeat(50)}y`);
});

test("a new name in a folder is seen, and what is gone is null", async () => {
  const kept = keptReadings<readonly string[]>();
  const names = () => kept(folder, () => readdir(folder));
  for (let file = 1; file <= 50; file += 1) {
    await writeFile(join(folder, `exit.${file}.json`), "");
    expect(await names()).toHaveLength(file);
  }
  await rm(folder, { recursive: true });
  expect(await names()).toBeNull();
});

test("what cannot be read is told, and read again", async () => {
  const path = join(folder, "launch.1.json");
  await writeFile(path, "{");
  const kept = keptReadings<unknown>();
  const read = () => kept(path, async () => JSON.parse(await readFile(path, "utf8")));
  await expect(read()).rejects.toThrow(SyntaxError);
  await writeFile(path, "{}");
  expect(await read()).toEqual({});
});

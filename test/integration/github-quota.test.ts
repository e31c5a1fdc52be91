import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLocks } from "../../src/adapters/fs/locks.ts";
import { createQuota, QuotaState } from "../../src/adapters/github/quota.ts";
import { createQuotaFile } from "../../src/adapters/github/quota-file.ts";
import { startChild } from "../support/child.ts";

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "cop-quota-"));
  path = join(home, "github/0123.json");
});
afterEach(() => rm(home, { recursive: true }));

const clock = { now: () => Date.parse("2026-01-01T00:00:00Z"), sleep: async () => undefined };
const open = () => createQuota({ clock, store: createQuotaFile({ path, locks: createLocks() }) });
const stateNow = async () => QuotaState.parse(JSON.parse(await readFile(path, "utf8")));

test("processes that ask at the same time count each request once", async () => {
  const order = { path, nowMs: clock.now(), reads: 20 };
  const children = [1, 2, 3].map(() => startChild("quota-process.ts", order));
  for (const child of children) expect(await child.ended).toBe(0);
  expect((await stateNow()).points).toBe(300 - 60);
  expect(await readdir(join(home, "github"))).toEqual(["0123.json", "0123.json.lock.fence"]);
});

test("a hold that one learns of holds all, and the file tells no secret and is its owner's", async () => {
  await open().hold({ untilMs: clock.now() + 60_000, why: "a secondary limit" });
  await expect(open().take("read")).rejects.toThrow("a secondary limit");
  expect(await open().held()).toMatchObject({ why: "a secondary limit" });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test.each(["", "{", "null", '{"version":2}', '{"version":1,"points":"many"}'])(
  "a file that says %j counts as new",
  async (text) => {
    await open().take("read");
    await writeFile(path, text);
    await open().take("create");
    expect(await stateNow()).toMatchObject({ points: 295, minute: 19, hour: 49 });
  },
);

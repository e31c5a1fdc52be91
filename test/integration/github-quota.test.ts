import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { createLocks } from "../../src/adapters/fs/locks.ts";
import { createGitHubClient } from "../../src/adapters/github/client.ts";
import { createQuota, QuotaState } from "../../src/adapters/github/quota.ts";
import { createQuotaFile } from "../../src/adapters/github/quota-file.ts";
import { startChild } from "../support/child.ts";

let home: string;
let path: string;
beforeEach(async () => {
  told.length = 0;
  home = await mkdtemp(join(tmpdir(), "cop-quota-"));
  path = join(home, "github/0123.json");
});
afterEach(() => rm(home, { recursive: true }));

const clock = { now: () => Date.parse("2026-01-01T00:00:00Z"), sleep: async () => undefined };
const told: string[] = [];
const open = () => {
  const onTrouble = (reason: string) => told.push(reason);
  return createQuota({ clock, store: createQuotaFile({ path, locks: createLocks(), onTrouble }) });
};
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
  "a file that says %j counts as used up",
  async (text) => {
    await open().take("read");
    await writeFile(path, text);
    await expect(open().take("create")).rejects.toMatchObject({ retryAtMs: clock.now() + 8000 });
    await open().take("read");
    expect(await stateNow()).toMatchObject({ points: -1, minute: 0, hour: 0 });
    expect(told).toEqual([]);
  },
);

test("without its file a process counts alone, says so once, and what it counted is in the file again later", async () => {
  const quota = open();
  await quota.take("read");
  await rm(path);
  await mkdir(path);
  for (let count = 0; count < 9; count += 1) await quota.take("read");
  await quota.hold({ untilMs: clock.now() + 60_000, why: "a secondary limit" });
  await expect(quota.take("read")).rejects.toThrow("a secondary limit");
  expect(told).toEqual([
    expect.stringMatching(/cannot be shared: EISDIR.*counts its requests alone/),
  ]);

  await rm(path, { recursive: true });
  expect(await quota.held()).toMatchObject({ why: "a secondary limit" });
  expect(await stateNow()).toMatchObject({ points: 290, hold: { why: "a secondary limit" } });
  expect(told).toHaveLength(1);
});

test("a process that never saw the file begins with nothing left, and goes on", async () => {
  await mkdir(path, { recursive: true });
  const quota = open();
  await expect(quota.take("create")).rejects.toMatchObject({ retryAtMs: clock.now() + 8000 });
  await quota.take("read");
  expect(told).toHaveLength(1);
});

test("what GitHub did stays what it was, whatever becomes of the count", async () => {
  const answers = [
    () => Response.json({ number: 7 }),
    () =>
      Response.json({ message: "slow down" }, { status: 403, headers: { "retry-after": "60" } }),
  ];
  const client = createGitHubClient({
    apiUrl: "http://127.0.0.1:1",
    token: undefined,
    clock,
    quota: open(),
    fetch: async () => {
      await rm(path, { recursive: true, force: true });
      await mkdir(path);
      return answers.shift()?.() ?? Response.error();
    },
  });
  const post = () => client.post("POST /repos/{repo}/pulls", {}, z.object({ number: z.number() }));
  expect(await post()).toEqual({ number: 7 });
  await rm(path, { recursive: true });
  await expect(post()).rejects.toMatchObject({
    code: "github-limited",
    message: expect.stringContaining("slow down"),
  });
  await expect(post()).rejects.toMatchObject({
    code: "github-limited",
    message: expect.stringContaining("slow down"),
  });
  expect(answers).toEqual([]);
});

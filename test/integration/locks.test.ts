import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLocks } from "../../src/adapters/fs/locks.ts";
import { startChild } from "../support/child.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cop-lock-"));
  path = join(folder, "state", "run.lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const locks = createLocks();

test("a lock is held by one until it is released, and counts its holders", async () => {
  const first = await locks.tryAcquire(path, "first");
  if (first.kind !== "held") throw new Error("not held");
  expect(await first.lock.isOurs()).toBe(true);
  const second = await createLocks().tryAcquire(path, "second");
  expect(second).toMatchObject({ kind: "busy", holder: { pid: process.pid, purpose: "first" } });
  await first.lock.release();
  expect(await first.lock.isOurs()).toBe(false);
  const third = await locks.tryAcquire(path, "third");
  if (third.kind !== "held") throw new Error("not held");
  expect(third.lock.holder.fence).toBe(first.lock.holder.fence + 1);
  await first.lock.release();
  expect(await third.lock.isOurs()).toBe(true);
  await third.lock.release();
  expect(await readdir(join(folder, "state"))).toEqual(["run.lock.fence"]);
});

test("the lock of a killed process is taken over at once", async () => {
  const holder = startChild("lock-process.ts", { path });
  expect(await holder.line()).toBe("held");
  expect((await locks.tryAcquire(path, "rival")).kind).toBe("busy");
  holder.signal("SIGKILL");
  await holder.ended;
  const outcome = await locks.tryAcquire(path, "heir");
  expect(outcome).toMatchObject({ kind: "held", lock: { holder: { fence: 2 } } });
});

test("the lock of a stopped process is never taken over", async () => {
  const holder = startChild("lock-process.ts", { path });
  expect(await holder.line()).toBe("held");
  holder.signal("SIGSTOP");
  await expect(locks.withLock(path, "rival", 300, async () => "taken")).rejects.toMatchObject({
    code: "lock-busy",
    message: expect.stringContaining(`process ${holder.pid}`),
  });
  holder.signal("SIGKILL");
  await holder.ended;
  expect(await locks.withLock(path, "heir", 300, async () => "taken")).toBe("taken");
});

test.each([
  ["another host's", { host: "elsewhere.example" }, "busy"],
  ["an earlier boot's", { bootId: "00000000-0000-0000-0000-000000000000" }, "held"],
  ["a former owner's of the same process id", { startTime: "1" }, "held"],
])("%s lock is judged by what can be known: %s → %s", async (_, change, kind) => {
  const own = await locks.tryAcquire(path, "me");
  if (own.kind !== "held") throw new Error("not held");
  await writeFile(path, JSON.stringify({ ...own.lock.holder, nonce: "other", ...change }));
  expect((await locks.tryAcquire(path, "rival")).kind).toBe(kind);
});

test.each(["", "{", '{"pid":"x"}', "garbage"])(
  "a lock file that says %j holds nobody off",
  async (text) => {
    const own = await locks.tryAcquire(path, "me");
    if (own.kind !== "held") throw new Error("not held");
    await writeFile(path, text);
    expect((await locks.tryAcquire(path, "heir")).kind).toBe("held");
  },
);

test("a takeover that was killed half way is taken over too", async () => {
  const dead = startChild("lock-process.ts", { path });
  const deadTaker = startChild("lock-process.ts", { path: `${path}.takeover` });
  await Promise.all([dead.line(), deadTaker.line()]);
  for (const child of [dead, deadTaker]) child.signal("SIGKILL");
  await Promise.all([dead.ended, deadTaker.ended]);
  expect((await locks.tryAcquire(path, "heir")).kind).toBe("held");
});

test("processes and callers that want the same lock come in one at a time", async () => {
  const log = join(folder, "log");
  await writeFile(log, "");
  const dead = startChild("lock-process.ts", { path });
  await dead.line();
  const children = [1, 2, 3].map(() => startChild("lock-process.ts", { path, rounds: 30, log }));
  dead.signal("SIGKILL");
  expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0]);
  const lines = (await readFile(log, "utf8")).trim().split("\n");
  expect(lines).toHaveLength(180);
  for (let at = 0; at < lines.length; at += 2) {
    expect(lines[at + 1]).toBe(lines[at]?.replace("in", "out"));
  }
});

test("callers of one process come in the order in which they asked", async () => {
  const order: number[] = [];
  await Promise.all(
    [1, 2, 3, 4, 5].map((n) =>
      locks.withLock(path, `caller ${n}`, 5000, async () => {
        order.push(n);
      }),
    ),
  );
  expect(order).toEqual([1, 2, 3, 4, 5]);
});

test("work that throws gives the lock back", async () => {
  const failed = locks.withLock(path, "fails", 1000, async () => {
    throw new Error("on purpose");
  });
  await expect(failed).rejects.toThrow("on purpose");
  expect(await locks.withLock(path, "next", 1000, async () => "in")).toBe("in");
});

test("a lock that this process could not take whole, or give back, does not stay its own for ever", async () => {
  const fence = `${path}.fence`;
  await mkdir(fence, { recursive: true });
  await expect(locks.tryAcquire(path, "half taken")).rejects.toThrow(/EISDIR|directory/);
  await rm(fence, { recursive: true });
  const second = await locks.tryAcquire(path, "second");
  if (second.kind !== "held") throw new Error("not held");

  const text = await readFile(path, "utf8");
  await rm(path);
  await mkdir(path);
  await expect(second.lock.release()).rejects.toThrow(/EISDIR|directory/);
  await rm(path, { recursive: true });
  await writeFile(path, text);
  expect((await createLocks().tryAcquire(path, "third")).kind).toBe("held");
});

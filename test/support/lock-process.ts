import { appendFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { createLocks } from "../../src/adapters/fs/locks.ts";

interface LockOrder {
  readonly path: string;
  /** Take the lock so many times and write each coming and going into the file `log`; else take it and keep it. */
  readonly rounds?: number;
  readonly log?: string;
}

const { path, rounds = 0, log = "" } = JSON.parse(process.argv[2] ?? "{}") as LockOrder;
const locks = createLocks();
for (let round = 0; round < rounds; round++) {
  await locks.withLock(path, "a round", 30_000, async () => {
    appendFileSync(log, `in ${process.pid}\n`);
    await wait(1);
    appendFileSync(log, `out ${process.pid}\n`);
  });
}
if (rounds === 0) {
  const { kind } = await locks.tryAcquire(path, "keeping it");
  process.stdout.write(`${kind}\n`);
  setInterval(() => undefined, 60_000);
}

import { createLocks } from "../../src/adapters/fs/locks.ts";
import { createQuota } from "../../src/adapters/github/quota.ts";
import { createQuotaFile } from "../../src/adapters/github/quota-file.ts";

interface QuotaOrder {
  readonly path: string;
  readonly nowMs: number;
  /** How many reads it takes, all at once. */
  readonly reads: number;
}

const { path, nowMs, reads } = JSON.parse(process.argv[2] ?? "{}") as QuotaOrder;
const quota = createQuota({
  clock: { now: () => nowMs, sleep: async () => undefined },
  store: createQuotaFile({
    path,
    locks: createLocks(),
    onTrouble: (why) => {
      throw new Error(why);
    },
  }),
});
await Promise.all(Array.from({ length: reads }, () => quota.take("read")));

import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { CoppiceError } from "../../manifest/errors.ts";
import type { Locks } from "../../ports/lock.ts";
import { effect } from "../fault-point.ts";
import { fullQuota, QuotaState, type QuotaStore, spentQuota, theLessOf } from "./quota.ts";

const LOCK_TIMEOUT_MS = 10_000;

/**
 * A quota that all processes of the user share, in one small file. It is replaced as a whole and not flushed: what a crash
 * loses is some seconds of pacing. A file that cannot be read as one counts as used up, and refills. While it cannot be
 * read or written at all this process counts alone, from what it knew last, and `onTrouble` is told why, once.
 */
export function createQuotaFile(options: {
  readonly path: string;
  readonly locks: Locks;
  readonly onTrouble: (reason: string) => void;
}): QuotaStore {
  const { path, locks, onTrouble } = options;
  let known: QuotaState = spentQuota;
  let trouble = "";

  async function shared<T>(change: Change<T>): Promise<T> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await locks.withLock(
      `${path}.lock`,
      "count requests to GitHub",
      LOCK_TIMEOUT_MS,
      async () => {
        const before = await readState(path);
        const result = counted(change, trouble === "" ? before : theLessOf(before, known));
        const text = `${JSON.stringify(known)}\n`;
        await effect("quota-write", () =>
          writeFileAtomic(path, text, { mode: 0o600, fsync: false }),
        );
        return result;
      },
    );
  }

  /** What is counted here is known to this process, whatever becomes of the file. */
  function counted<T>(change: Change<T>, before: QuotaState): T {
    const { state, result } = change(before);
    known = state;
    return result;
  }

  return {
    async update(change) {
      try {
        const result = await shared(change);
        trouble = "";
        return result;
      } catch (error) {
        const reason = whyUnusable(error);
        if (reason !== trouble) onTrouble(`${reason}: this process counts its requests alone`);
        trouble = reason;
        return counted(change, known);
      }
    },
  };
}

type Change<T> = (state: QuotaState) => { readonly state: QuotaState; readonly result: T };

async function readState(path: string): Promise<QuotaState> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return fullQuota;
  try {
    return QuotaState.safeParse(JSON.parse(text)).data ?? spentQuota;
  } catch {
    return spentQuota;
  }
}

/** The machine's words; anything else is our own mistake. */
function whyUnusable(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  const isMachine = error instanceof CoppiceError ? error.kind === "machine" : "code" in error;
  if (!isMachine) throw error;
  return `the count of requests to GitHub cannot be shared: ${error.message}`;
}

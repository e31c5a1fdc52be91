import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { CoppiceError } from "../../manifest/errors.ts";
import type { Locks } from "../../ports/lock.ts";
import { GitHubError } from "./errors.ts";
import { fullQuota, QuotaState, type QuotaStore } from "./quota.ts";

const LOCK_TIMEOUT_MS = 10_000;

/**
 * A quota that all processes of the user share, in one small file. It is replaced as a whole and not flushed: what a crash
 * loses is some seconds of pacing. A file that cannot be read as one counts as new.
 */
export function createQuotaFile(options: {
  readonly path: string;
  readonly locks: Locks;
}): QuotaStore {
  const { path, locks } = options;
  return {
    async update(change) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const work = async () => {
        const before = await readState(path);
        const { state, result } = change(before);
        const text = `${JSON.stringify(state)}\n`;
        await writeFileAtomic(path, text, { mode: 0o600, fsync: false });
        return result;
      };
      try {
        return await locks.withLock(
          `${path}.lock`,
          "count requests to GitHub",
          LOCK_TIMEOUT_MS,
          work,
        );
      } catch (error) {
        throw error instanceof CoppiceError && error.code === "lock-busy" ? busy(error) : error;
      }
    },
  };
}

async function readState(path: string): Promise<QuotaState> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  try {
    return QuotaState.safeParse(JSON.parse(text)).data ?? fullQuota;
  } catch {
    return fullQuota;
  }
}

const busy = (cause: CoppiceError): GitHubError =>
  new GitHubError({ reason: "no-answer", message: cause.message, hint: cause.hint, cause });

import type { Journal } from "../ports/journal.ts";
import type { LockHolder, Locks } from "../ports/lock.ts";

/** Who is at work on a manifest, and what keeps everybody from it. */
export interface Presence {
  /** The process that holds the run's lock; null when none does. */
  readonly holder: Pick<LockHolder, "purpose" | "pid" | "host" | "sinceMs"> | null;
  /** What the machine refuses, as the run last said. */
  readonly trouble: { readonly message: string; readonly hint: string } | null;
}

/** Trouble is told once and stays until it is over, so that it may stand some way back. */
const JOURNAL_LINES = 200;

export async function presence(ports: {
  readonly locks: Pick<Locks, "holder">;
  readonly lockPath: string;
  readonly journal: Pick<Journal, "tail">;
}): Promise<Presence> {
  const holder = await ports.locks.holder(ports.lockPath);
  if (holder === null) return { holder, trouble: null };
  const { purpose, pid, host, sinceMs } = holder;
  const events = (await ports.journal.tail(JOURNAL_LINES)).map(({ event }) => event);
  const last = events.findLast(({ kind }) => kind === "trouble" || kind === "trouble-over");
  return {
    holder: { purpose, pid, host, sinceMs },
    trouble: last?.kind === "trouble" ? { message: last.message, hint: last.hint } : null,
  };
}

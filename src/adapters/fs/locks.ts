import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { CoppiceError } from "../../manifest/errors.ts";
import type { HeldLock, LockHolder, LockOutcome, Locks } from "../../ports/lock.ts";
import { effect } from "../fault-point.ts";
import { lifeOf, ownIdentity } from "./process-identity.ts";

const POLL_MS = 5;
const POLL_MAX_MS = 50;

/** The nonces of the locks that this process holds or is taking. */
const ours = new Set<string>();

/**
 * Locks as files that name their holder, published whole by link(2). A holder that is dead (pid, start time and boot say
 * so) loses its lock at once; one that is stopped, or on another host, never does.
 */
export function createLocks(): Locks {
  const queues = new Map<string, Promise<void>>();
  return {
    tryAcquire: acquire,
    async holder(path) {
      const holder = (await find(path))?.holder ?? null;
      return holder !== null && (await lifeOf(holder)) !== "dead" ? holder : null;
    },
    async withLock(path, purpose, timeoutMs, work) {
      const deadline = performance.now() + timeoutMs;
      const turn = takeTurn(queues, path);
      try {
        await turn.come(timeoutMs);
        const lock = await acquireBefore(deadline, path, purpose);
        try {
          return await work();
        } finally {
          await lock.release();
        }
      } finally {
        turn.end();
      }
    },
  };
}

/** Only the head of this process's queue looks at the file: first come, first served, and little polling. */
function takeTurn(queues: Map<string, Promise<void>>, path: string) {
  const before = queues.get(path) ?? Promise.resolve();
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const next = before.then(() => over);
  queues.set(path, next);
  return {
    async come(timeoutMs: number): Promise<void> {
      const patience = new AbortController();
      const late = sleep(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined);
      await Promise.race([before, late]);
      patience.abort();
    },
    end(): void {
      end();
      if (queues.get(path) === next) queues.delete(path);
    },
  };
}

async function acquireBefore(deadline: number, path: string, purpose: string): Promise<HeldLock> {
  for (let pause = POLL_MS; ; pause = Math.min(pause * 1.5, POLL_MAX_MS)) {
    const outcome = await acquire(path, purpose);
    if (outcome.kind === "held") return outcome.lock;
    const left = deadline - performance.now();
    if (left <= 0) throw busy(path, outcome.holder);
    await sleep(Math.min(left, pause * (0.5 + Math.random())));
  }
}

function busy(path: string, holder: LockHolder): CoppiceError {
  const since = new Date(holder.sinceMs).toISOString();
  return new CoppiceError({
    code: "lock-busy",
    kind: "machine",
    message: `${path} is held by ${holder.purpose} (process ${holder.pid} on ${holder.host}, since ${since})`,
    hint: `Wait until that process ends, or end it. If ${holder.host} is gone for good, delete the file.`,
  });
}

async function acquire(path: string, purpose: string): Promise<LockOutcome> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const mine: LockHolder = {
    ...(await ownIdentity()),
    nonce: randomUUID(),
    purpose,
    sinceMs: Date.now(),
    fence: (await readFence(path)) + 1,
  };
  const forget = () => ours.delete(mine.nonce);
  ours.add(mine.nonce);
  try {
    const other = await claim(path, mine);
    if (other !== null) {
      forget();
      return { kind: "busy", holder: other };
    }
    const holder = await raiseFence(path, mine);
    const isOurs = async () => (await find(path))?.holder?.nonce === holder.nonce;
    const remove = async () => {
      if (await isOurs()) await effect("lock-release", () => rm(path, { force: true }));
    };
    return {
      kind: "held",
      lock: { holder, isOurs, release: () => remove().finally(forget) },
    };
  } catch (error) {
    forget();
    throw error;
  }
}

/**
 * Nobody holds it any more: its process is dead, or is this one, which the machine kept from taking it whole or from giving it
 * back.
 */
async function isGivenUp(holder: LockHolder): Promise<boolean> {
  const { pid, startTime, bootId, host } = await ownIdentity();
  const isThis =
    holder.pid === pid &&
    holder.startTime === startTime &&
    holder.bootId === bootId &&
    holder.host === host;
  return isThis ? !ours.has(holder.nonce) : (await lifeOf(holder)) === "dead";
}

/** Puts our record in place; returns the living holder when there is one. */
async function claim(path: string, mine: LockHolder): Promise<LockHolder | null> {
  for (;;) {
    if (await publish(path, mine)) return null;
    const found = await find(path);
    if (found === null) continue;
    if (found.holder !== null && !(await isGivenUp(found.holder))) return found.holder;
    // Whoever removes a dead holder's file does it under a second lock: else two that judged the same file could each
    // remove one, the slower one a living lock. The guard's own holder may die too, hence the same way for it.
    const guard = `${path}.takeover`;
    const rival = await claim(guard, mine);
    if (rival !== null) return rival;
    try {
      if ((await find(path))?.text === found.text) {
        await effect("lock-takeover", () => rm(path, { force: true }));
      }
    } finally {
      await rm(guard, { force: true });
    }
  }
}

/** link(2) fails when the name is taken and never shows a half-written file. */
async function publish(path: string, mine: LockHolder): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify(mine), { flag: "wx", mode: 0o600 });
    await effect("lock-take", () => link(draft, path));
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw lockFailed(path, cause);
  } finally {
    await rm(draft, { force: true });
  }
}

function lockFailed(path: string, cause: unknown): CoppiceError {
  return new CoppiceError({
    code: "lock-failed",
    kind: "machine",
    message: `cannot lock ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "The folder must be writable and on a file system with hard links.",
    cause,
  });
}

const Holder = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  host: z.string(),
  nonce: z.string(),
  purpose: z.string(),
  sinceMs: z.number(),
  fence: z.number(),
});

/** What the lock file says; a holder of null means that no live process can have written it. */
async function find(path: string): Promise<{ text: string; holder: LockHolder | null } | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return { text, holder: Holder.parse(JSON.parse(text)) };
  } catch {
    return { text, holder: null };
  }
}

/**
 * Counts one acquisition in the file beside the lock. It need not survive a power cut: after one, no process lives that
 * an older number would have to shut out.
 */
async function raiseFence(path: string, mine: LockHolder): Promise<LockHolder> {
  const holder = { ...mine, fence: (await readFence(path)) + 1 };
  await effect("fence-raise", () => replace(`${path}.fence`, `${holder.fence}\n`));
  if (holder.fence !== mine.fence) await replace(path, JSON.stringify(holder));
  return holder;
}

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, text, { flag: "wx", mode: 0o600 });
  await rename(draft, path);
}

async function readFence(path: string): Promise<number> {
  const fence = Number(await readIfThere(`${path}.fence`));
  return Number.isSafeInteger(fence) && fence > 0 ? fence : 0;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw cause;
  }
}

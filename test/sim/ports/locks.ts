import { CoppiceError } from "../../../src/manifest/errors.ts";
import type { HeldLock, LockHolder, LockOutcome, Locks } from "../../../src/ports/lock.ts";
import { couldNot, type Door } from "./door.ts";

/** Locks between the processes of the simulated machine; the dead hold none. */
export function simLocks(door: Door): Locks {
  const { world, pid } = door;
  const tryAcquire = (path: string, purpose: string): Promise<LockOutcome> =>
    door.pass<LockOutcome>({
      method: "tryAcquire",
      taskId: null,
      effect: () => {
        const there = world.locks.get(path);
        if (there !== undefined && world.livePids.has(there.pid)) {
          return { kind: "busy", holder: there };
        }
        const holder: LockHolder = {
          pid,
          startTime: String(pid),
          bootId: "sim",
          host: "sim",
          nonce: String(world.number()),
          purpose,
          sinceMs: world.wall(),
          fence: world.number(),
        };
        world.locks.set(path, holder);
        return { kind: "held", lock: heldLock(door, path, holder) };
      },
      failed: couldNot,
    });
  return {
    tryAcquire,
    holder: (path) =>
      door.pass({
        method: "holder",
        taskId: null,
        effect: () => {
          const there = world.locks.get(path);
          return there !== undefined && world.livePids.has(there.pid) ? there : null;
        },
        failed: couldNot,
      }),
    withLock: async (path, purpose, timeoutMs, work) => {
      const untilMs = world.nowMs + timeoutMs;
      for (;;) {
        const outcome = await tryAcquire(path, purpose);
        if (outcome.kind === "held") {
          try {
            return await work();
          } finally {
            await outcome.lock.release();
          }
        }
        if (world.nowMs >= untilMs) {
          throw new CoppiceError({
            code: "lock-busy",
            kind: "machine",
            message: `${path} is held by process ${outcome.holder.pid}`,
            hint: "Wait for it.",
          });
        }
      }
    },
  };
}

function heldLock(door: Door, path: string, holder: LockHolder): HeldLock {
  const { locks } = door.world;
  const ours = (): boolean => locks.get(path)?.nonce === holder.nonce;
  const ask = <T>(method: string, effect: () => T): Promise<T> =>
    door.pass({ method, taskId: null, effect, failed: couldNot });
  return {
    holder,
    isOurs: () => ask("isOurs", ours),
    release: () =>
      ask("release", () => {
        if (ours()) locks.delete(path);
      }),
  };
}

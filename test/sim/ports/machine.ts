import { toIso } from "../../../src/manifest/time.ts";
import type { Clock } from "../../../src/ports/clock.ts";
import type { Conversations } from "../../../src/ports/conversations.ts";
import type { History, RecordOutcome } from "../../../src/ports/history.ts";
import type { Host } from "../../../src/ports/host.ts";
import type { Journal } from "../../../src/ports/journal.ts";
import type { Signals } from "../../../src/ports/signals.ts";
import { couldNot, type Door } from "./door.ts";

/** The record of a run. */
export function simJournal(door: Door): Journal {
  const { world, pid } = door;
  return {
    append: (event) => {
      if (event.kind === "action-begun" && world.livePids.has(pid)) {
        world.tell({ kind: "action-begun", pid, taskId: event.action.taskId });
      }
      return door.pass({
        method: "append",
        taskId: null,
        effect: () => {
          const at = toIso(world.wall());
          world.journal.push({ at, run: String(pid), fence: 1, beat: 0, event });
        },
        failed: couldNot,
      });
    },
    tail: (lines) =>
      door.pass({
        method: "tail",
        taskId: null,
        effect: () => world.journal.slice(-lines),
        failed: couldNot,
      }),
  };
}

/** Wake-ups within the simulated machine. */
export function simSignals(door: Door): Signals {
  const { world } = door;
  return {
    listen: (onWake) =>
      door.pass({
        method: "listen",
        taskId: null,
        effect: () => {
          const forget = world.onWake(onWake);
          return {
            socketPath: "/sim/socket",
            close: () =>
              door.pass({ method: "close", taskId: null, effect: forget, failed: couldNot }),
          };
        },
        failed: couldNot,
      }),
    poke: (taskId) =>
      door.pass({
        method: "poke",
        taskId,
        effect: () => world.wake({ kind: "socket", taskId }),
        failed: couldNot,
      }),
  };
}

/** The clock on the wall; sleeping lets the world go on. */
export function simClock(door: Door): Clock {
  return {
    now: () => door.world.wall(),
    steady: () => door.world.nowMs,
    utcOffsetMinutes: () => 0,
    sleep: (ms, signal) =>
      door.pass({
        method: "sleep",
        taskId: null,
        effect: () => {
          if (!signal.aborted) door.world.advance(ms);
        },
        failed: couldNot,
      }),
  };
}

/** The agents' records: every conversation of a terminal agent can be found again. */
export function simConversations(door: Door): Conversations {
  return {
    find: (agent, worktree) => {
      const taskId = door.world.git.worktrees.get(worktree)?.taskId ?? null;
      return door.pass({
        method: "find",
        taskId,
        effect: () =>
          agent === "codex" && taskId !== null
            ? `conversation-${door.world.folder(taskId).logs.size}`
            : null,
        failed: couldNot,
      });
    },
  };
}

/** A machine that has everything. */
export function simHost({ world }: Door): Host {
  return {
    cores: 8,
    freeMemoryBytes: 32 * 2 ** 30,
    which: (program) => Promise.resolve(`/sim/bin/${program}`),
    version: () => Promise.resolve("1.0.0"),
    freeDiskBytes: () => Promise.resolve(2 ** 40),
    env: () => undefined,
    randomHex: (bytes) =>
      world
        .number()
        .toString(16)
        .padStart(bytes * 2, "0"),
    nodeVersion: "v20.0.0",
    homeDir: "/sim/home",
  };
}

/** The record of deliveries, which nothing in a run reads. */
export function simHistory(door: Door): History {
  return {
    finished: () =>
      door.pass({ method: "finished", taskId: null, effect: () => [], failed: couldNot }),
    record: ({ task }) =>
      door.pass<RecordOutcome>({
        method: "record",
        taskId: task,
        effect: () => ({ kind: "recorded" }),
        failed: (reason) => ({ kind: "failed", reason }),
      }),
  };
}

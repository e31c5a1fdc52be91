import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../../ports/clock.ts";

const TIMER_MAX_MS = 2 ** 31 - 1;

/** The machine's clock. A sleep that is ended by its signal resolves like any other. */
export function createClock(): Clock {
  return {
    now: () => Date.now(),
    steady: () => performance.now(),
    utcOffsetMinutes: () => -new Date().getTimezoneOffset(),
    async sleep(ms, signal) {
      try {
        await wait(Math.min(ms, TIMER_MAX_MS), undefined, { signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

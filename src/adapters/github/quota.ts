import { z } from "zod";
import type { Clock } from "../../ports/clock.ts";
import { GitHubError } from "./errors.ts";

/** `create` is what GitHub counts as new content, e.g. a pull request. */
export type Cost = "read" | "write" | "create";

/** What GitHub told of its own count with an answer; undefined where it did not. */
export interface Told {
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  /** Unix seconds. */
  readonly reset: number | undefined;
}

/** Why nothing is asked now. */
export interface Hold {
  /** Unix milliseconds. */
  readonly untilMs: number;
  readonly why: string;
}

/** How much may be asked of one host in one account's name. */
export interface Quota {
  /** Takes a request's share and waits until it is due. Throws GitHubError `limited` when that is too long to wait here. */
  take(cost: Cost): Promise<void>;
  /** Stops asking shortly before GitHub's own count ends: the rest is the person's. */
  learn(told: Told): Promise<void>;
  /** Stops asking until then. */
  hold(hold: Hold): Promise<void>;
  /** What holds requests now. */
  held(): Promise<Hold | null>;
}

/** Where the state is kept; `change` runs alone. */
export interface QuotaStore {
  update<T>(
    change: (state: QuotaState) => { readonly state: QuotaState; readonly result: T },
  ): Promise<T>;
}

/**
 * GitHub's limits: 900 points a minute (a read is one, any other request five), and some 80 new things a minute and 500 an
 * hour. A bucket never lets more through in its time than its capacity and what flows in meanwhile.
 */
const BUCKETS = {
  points: { capacity: 300, perSecond: 10 },
  minute: { capacity: 20, perSecond: 1 },
  hour: { capacity: 50, perSecond: 0.125 },
} as const;
type BucketName = keyof typeof BUCKETS;
const NAMES = ["points", "minute", "hour"] as const satisfies readonly BucketName[];

const COSTS: Readonly<Record<Cost, Readonly<Record<BucketName, number>>>> = {
  read: { points: 1, minute: 0, hour: 0 },
  write: { points: 5, minute: 0, hour: 0 },
  create: { points: 5, minute: 1, hour: 1 },
};

/** What is in the buckets at a time; negative: taken in advance. */
export const QuotaState = z.strictObject({
  version: z.literal(1),
  atMs: z.number(),
  points: z.number(),
  minute: z.number(),
  hour: z.number(),
  hold: z.strictObject({ untilMs: z.number(), why: z.string() }).nullable(),
});
export type QuotaState = z.infer<typeof QuotaState>;

/** Nothing has been asked yet. */
export const fullQuota: QuotaState = {
  version: 1,
  atMs: 0,
  points: BUCKETS.points.capacity,
  minute: BUCKETS.minute.capacity,
  hour: BUCKETS.hour.capacity,
  hold: null,
};

/** All of it has been asked just now: it refills from whenever it is looked at. */
export const spentQuota: QuotaState = {
  version: 1,
  atMs: Number.MAX_SAFE_INTEGER,
  points: 0,
  minute: 0,
  hour: 0,
  hold: null,
};

/** What two counts of the same requests both allow. */
export function theLessOf(one: QuotaState, other: QuotaState): QuotaState {
  const holds = [one.hold, other.hold].filter((hold) => hold !== null);
  return {
    version: 1,
    atMs: Math.max(one.atMs, other.atMs),
    points: Math.min(one.points, other.points),
    minute: Math.min(one.minute, other.minute),
    hour: Math.min(one.hour, other.hour),
    hold: holds.toSorted((left, right) => right.untilMs - left.untilMs)[0] ?? null,
  };
}

/** A wait up to this is waited for; a longer one is the caller's to plan around. */
const WAIT_IN_PLACE_MS = 5000;
/** GitHub's limits end within an hour: a later end is a clock's mistake. */
const HOLD_MAX_MS = 2 * 3_600_000;
/** This share of the hour's requests is left to the person. */
const RESERVE = 0.02;

/** Without a store the state lives and ends with this process. */
export function createQuota(options: {
  readonly clock: Pick<Clock, "now" | "sleep">;
  readonly store?: QuotaStore;
}): Quota {
  const { clock } = options;
  const store = options.store ?? inMemory();

  async function hold(hold: Hold): Promise<void> {
    await store.update((state) => {
      const later = state.hold === null || state.hold.untilMs < hold.untilMs;
      return { state: { ...state, hold: later ? hold : state.hold }, result: undefined };
    });
  }

  return {
    async take(cost) {
      const nowMs = clock.now();
      const due = await store.update((state) => taken(current(state, nowMs), cost));
      if (due.untilMs <= nowMs) return;
      if (due.untilMs - nowMs > WAIT_IN_PLACE_MS) throw limited(due);
      await clock.sleep(due.untilMs - nowMs, new AbortController().signal);
    },

    async learn({ limit = 0, remaining, reset }) {
      if (remaining === undefined || reset === undefined || remaining >= limit * RESERVE) return;
      const untilMs = reset * 1000;
      const until = new Date(untilMs).toISOString();
      const why = `${remaining} of the ${limit} requests that GitHub takes in an hour are left, and they are left to you (until ${until})`;
      if (limit * RESERVE >= 1) await hold({ untilMs, why });
    },

    hold,

    held: async () => {
      const nowMs = clock.now();
      return store.update((state) => ({ state, result: current(state, nowMs).hold }));
    },
  };
}

/** The state as it is now: refilled, and without what only a wrong clock can have written. */
function current(state: QuotaState, nowMs: number): QuotaState {
  const seconds = Math.max(0, nowMs - state.atMs) / 1000;
  const filled = (name: BucketName): number => {
    const { capacity, perSecond } = BUCKETS[name];
    return Math.min(capacity, Math.max(state[name], -capacity) + seconds * perSecond);
  };
  const { hold } = state;
  const holds = hold !== null && hold.untilMs > nowMs && hold.untilMs <= nowMs + HOLD_MAX_MS;
  return {
    version: 1,
    atMs: nowMs,
    points: filled("points"),
    minute: filled("minute"),
    hour: filled("hour"),
    hold: holds ? hold : null,
  };
}

/** The state after a request, and when that is due; a request that is due too late takes nothing. */
function taken(
  state: QuotaState,
  cost: Cost,
): { readonly state: QuotaState; readonly result: Hold } {
  if (state.hold !== null) return { state, result: state.hold };
  const after = { ...state };
  for (const name of NAMES) after[name] -= COSTS[cost][name];
  const waitMs = Math.max(
    0,
    ...NAMES.map((name) =>
      COSTS[cost][name] === 0 ? 0 : (-after[name] / BUCKETS[name].perSecond) * 1000,
    ),
  );
  const untilMs = state.atMs + Math.ceil(waitMs);
  const why = `requests to GitHub are paced for all runs of this user, ${cost === "create" ? "new pull requests to some 450 an hour" : "to 600 a minute"}: the next at ${new Date(untilMs).toISOString()}`;
  return { state: waitMs > WAIT_IN_PLACE_MS ? state : after, result: { untilMs, why } };
}

const limited = ({ untilMs, why }: Hold): GitHubError =>
  new GitHubError({
    reason: "limited",
    message: why,
    hint: "Wait until that time; a run waits by itself.",
    retryAtMs: untilMs,
  });

function inMemory(): QuotaStore {
  let state = fullQuota;
  return {
    async update(change) {
      const changed = change(state);
      state = changed.state;
      return changed.result;
    },
  };
}

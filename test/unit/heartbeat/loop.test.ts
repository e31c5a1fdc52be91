import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { BeatReport } from "../../../src/heartbeat/beat.ts";
import { ended, runLoop } from "../../../src/heartbeat/loop.ts";
import { TaskStatus } from "../../../src/manifest/status.ts";
import type { Wake } from "../../../src/ports/signals.ts";
import { manifestOf, taskId } from "../../support/decision.ts";

const T1 = taskId("t1");
const wait = (needsPerson: boolean) => ({ taskId: T1, reason: "waits", on: [], needsPerson });
const snapshotOf = (...statuses: TaskStatus[]) => ({
  path: "/m.json",
  text: "",
  manifest: manifestOf(
    Object.fromEntries(statuses.map((status, index) => [`t${index + 1}`, { status }])),
  ),
  warnings: [],
});
const report = (more: Partial<BeatReport> = {}): BeatReport => ({
  snapshot: snapshotOf("running"),
  problems: [],
  acted: 0,
  underWay: 0,
  changed: false,
  waits: [wait(false)],
  wakeAtMs: undefined,
  ...more,
});
const AT_REST = report({ snapshot: snapshotOf("pr_open"), waits: [] });

describe("a run ends", () => {
  test("delivered, waiting for a person, or failed", () => {
    expect(ended(AT_REST)).toBe("delivered");
    expect(ended(report({ waits: [wait(true)] }))).toBe("waiting-for-person");
    const failed = report({ snapshot: snapshotOf("error", "pr_open"), waits: [wait(true)] });
    expect(ended(failed)).toBe("failed");
  });

  const problem = {
    severity: "error",
    code: "x",
    file: "m.json",
    line: 1,
    column: 1,
    field: "",
    message: "",
    remedy: "",
  } as const;

  test.prop([
    fc.array(fc.constantFrom(...TaskStatus.options), { minLength: 1, maxLength: 3 }),
    fc.array(fc.boolean(), { maxLength: 3 }),
    fc.nat({ max: 1 }),
    fc.boolean(),
    fc.boolean(),
  ])(
    "exactly when nothing is under way, nothing changed, the manifest can be read and every wait is a person's",
    (statuses, needs, underWay, changed, broken) => {
      const outcome = ended(
        report({
          snapshot: snapshotOf(...statuses),
          waits: needs.map(wait),
          underWay,
          changed,
          problems: broken ? [problem] : [],
        }),
      );
      const rests = underWay === 0 && !changed && !broken && needs.every(Boolean);
      expect(outcome !== undefined).toBe(rests);
    },
  );

  test("never before a manifest was read", () => {
    expect(ended(report({ snapshot: undefined, waits: [] }))).toBeUndefined();
  });
});

/** Runs the loop over these reports, the last of which ends it; an error is one that a beat throws. Tells how long it slept before each beat. */
async function sleeps(
  reports: readonly (BeatReport | Error)[],
  happen: {
    readonly jumpMs?: number;
    readonly wakeAt?: number;
    readonly wake?: Wake;
    readonly stopAt?: number;
  } = {},
) {
  let nowMs = 1_000_000;
  let beats = 0;
  let wake: () => void = () => undefined;
  let closed = 0;
  const troubles: (string | undefined)[] = [];
  let stopped = 0;
  const slept: number[] = [];
  const heard: (readonly string[] | undefined)[] = [];
  const stop = new AbortController();
  const result = await runLoop({
    intervalMs: 15_000,
    stop: stop.signal,
    onReport: () => undefined,
    onTrouble: async (trouble) => {
      troubles.push(trouble?.code);
    },
    heartbeat: {
      look: () => Promise.reject(new Error("a run does not only look")),
      settle: () => Promise.reject(new Error("a run does not wait for its actions")),
      stop: async () => {
        stopped += 1;
      },
      beat: async (ended, only) => {
        heard.push(only === undefined ? undefined : [...only]);
        const found = reports[beats] ?? AT_REST;
        beats += 1;
        if (happen.jumpMs !== undefined) nowMs += happen.jumpMs;
        if (happen.wakeAt === beats) wake();
        if (happen.stopAt === beats) stop.abort();
        slept.push(0);
        if (found instanceof Error) throw found;
        if (found.underWay > 0) ended?.();
        return found;
      },
    },
    signals: {
      listen: async (onWake) => {
        wake = () => onWake(happen.wake ?? { kind: "manifest" });
        return {
          socketPath: "/s",
          close: async () => {
            closed += 1;
          },
        };
      },
      poke: async () => true,
    },
    clock: {
      now: () => nowMs,
      steady: () => nowMs,
      utcOffsetMinutes: () => 0,
      sleep: async (ms, signal) => {
        if (signal.aborted) return;
        nowMs += ms;
        slept.push((slept.pop() ?? 0) + ms);
      },
    },
  });
  return { result, beats, slept: slept.slice(0, -1), closed, stopped, troubles, heard };
}

describe("between two beats", () => {
  test("it sleeps until something is due, at most the interval", async () => {
    expect((await sleeps([report()])).slept).toEqual([15_000]);
    expect((await sleeps([report({ wakeAtMs: 1_003_000 })])).slept).toEqual([3000]);
    expect((await sleeps([report({ wakeAtMs: 9_000_000 })])).slept).toEqual([15_000]);
  });

  test("it does not sleep long after a change or the end of an action, and never shorter than a gap", async () => {
    expect((await sleeps([report({ underWay: 1 }), report({ changed: true })])).slept).toEqual([
      250, 250,
    ]);
    expect((await sleeps([report({ wakeAtMs: 0 })])).slept).toEqual([250]);
  });

  test("an event during a beat is not lost", async () => {
    expect((await sleeps([report()], { wakeAt: 1 })).slept).toEqual([250]);
  });

  test("an event is not delayed by a beat that only the timer asked for, but by one for an event", async () => {
    const { slept } = await sleeps([report(), report(), report({ underWay: 1 })], { wakeAt: 2 });
    expect(slept).toEqual([15_000, 1, 250]);
  });

  const word: Wake = { kind: "folder", taskId: "t1" };
  const idle = report({ wakeAtMs: 1_003_000 });

  test("what one agent tells is looked at alone, and soon after that all are looked at, however soon it tells more", async () => {
    const { heard, slept } = await sleeps([idle, idle, idle, AT_REST], { wakeAt: 2, wake: word });
    expect(heard.slice(0, 4)).toEqual([undefined, undefined, ["t1"], undefined]);
    expect(slept.slice(2)).toEqual([250]);
  });

  test.each<[string, Wake]>([
    ["the manifest changed", { kind: "manifest" }],
    ["an event names no task", { kind: "socket", taskId: null }],
  ])("all are looked at where %s", async (_, wake) => {
    const { heard } = await sleeps([idle, idle, AT_REST], { wakeAt: 2, wake });
    expect(heard).toEqual([undefined, undefined, undefined]);
  });

  test("all are looked at after a change, and by a beat that is tried again", async () => {
    const changed = await sleeps([report({ changed: true }), AT_REST], { wakeAt: 1, wake: word });
    expect(changed.heard).toEqual([undefined, undefined]);
    const full = Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    const again = await sleeps([idle, full, idle, AT_REST], { wakeAt: 1, wake: word });
    expect(again.heard.slice(0, 3)).toEqual([undefined, ["t1"], undefined]);
  });

  test("a beat that looked at one agent only does not end the run", async () => {
    const { result, heard } = await sleeps([idle, AT_REST, AT_REST], { wakeAt: 1, wake: word });
    expect(heard).toEqual([undefined, ["t1"], undefined]);
    expect(result.outcome).toBe("delivered");
  });

  test.each([-3_600_000, 3_600_000])(
    "a clock that jumps by %i ms does not put it to sleep",
    async (jumpMs) => {
      const { slept } = await sleeps([report({ changed: true }), report()], { jumpMs });
      for (const ms of slept) expect(ms).toBeLessThanOrEqual(15_250);
      expect(slept[0]).toBeLessThanOrEqual(250);
    },
  );
});

describe("a machine that lets no beat be done", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
  });
  const readOnly = Object.assign(new Error("EROFS"), { code: "EROFS" });

  test("is told once for each trouble, and once when it is over; the run goes on by itself", async () => {
    const { result, troubles, slept } = await sleeps([full, full, readOnly, report(), full]);
    expect(result.outcome).toBe("delivered");
    expect(troubles).toEqual(["disk-full", "disk-read-only", undefined, "disk-full", undefined]);
    expect(slept.slice(0, 3)).toEqual([5000, 5000, 5000]);
  });

  test("does not keep the run from being stopped", async () => {
    const { result, beats } = await sleeps([full, full, full], { stopAt: 2 });
    expect([result.outcome, beats]).toEqual(["interrupted", 2]);
  });

  test("is not blamed for a bug", async () => {
    await expect(sleeps([new TypeError("x is not a function")])).rejects.toThrow(TypeError);
  });
});

test("a stop ends the run after the running beat, its actions and the listening with it", async () => {
  const { result, ...counts } = await sleeps([report(), report(), report()], { stopAt: 2 });
  expect(result.outcome).toBe("interrupted");
  expect(counts).toMatchObject({ beats: 2, stopped: 1, closed: 1 });
});

test("a run that ends says so also when it is stopped in its last beat", async () => {
  const { result } = await sleeps([AT_REST], { stopAt: 1 });
  expect(result.outcome).toBe("delivered");
});

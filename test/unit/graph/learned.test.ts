import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { chanceNow, isStillExpected } from "../../../src/graph/learned.ts";
import { taskGraph } from "../../../src/graph/task-graph.ts";
import { Manifest } from "../../../src/manifest/manifest.ts";
import { TaskStatus } from "../../../src/manifest/status.ts";

type Fields = Record<string, unknown> & { readonly id: string };
const guess = (path: string, confidence: number) => ({ path, confidence });

/** `a → b: why`, with `?` where only a prediction says so. */
function edges(tasks: readonly Fields[], policy: object = {}): readonly string[] {
  const manifest = Manifest.parse({ project: "p", policy, phases: [{ name: "All", tasks }] });
  return taskGraph(manifest).edges.map(
    ({ from, to, why, probable }) => `${from} → ${to}${probable ? "?" : ""}: ${why}`,
  );
}

const began = (touched: readonly string[], commits: number) => ({
  status: "running",
  state: { touched, commits },
});

describe("a predicted file", () => {
  const later = { id: "b", predicted: [guess("x.ts", 0.6)] };
  const earlier = (more: object) => ({ id: "a", predicted: [guess("x.ts", 0.5)], ...more });

  test("keeps a later task waiting until the work is committed without it", () => {
    const waits = ["a → b?: both probably touch x.ts (50 % and 60 %)"];
    expect(edges([earlier({}), later])).toEqual(waits);
    expect(edges([earlier({ status: "running" }), later])).toEqual(waits);
    expect(edges([earlier(began(["y.ts"], 0)), later])).toEqual(waits);
    expect(edges([earlier(began(["y.ts"], 1)), later])).toEqual([]);
    expect(edges([earlier(began(["y.ts"], 1)), later], { releaseBelow: 0 })).toEqual(waits);
  });

  test("that is very likely is waited for to the end", () => {
    const sure = { id: "a", predicted: [guess("x.ts", 0.95)] };
    expect(edges([{ ...sure, ...began(["y.ts"], 3) }, later])).toHaveLength(1);
    expect(edges([{ ...sure, ...began(["y.ts"], 3), status: "pr_open" }, later])).toEqual([]);
  });

  test("that was touched counts more than before", () => {
    expect(edges([earlier(began(["x.ts"], 1)), later])).toEqual([
      "a → b?: a has touched x.ts (60 %), which b probably touches too",
    ]);
  });

  test("whose task is to be done again is as it was", () => {
    expect(edges([earlier({ ...began(["y.ts"], 1), status: "pending" }), later])).toHaveLength(1);
  });
});

describe("a file that nobody foresaw", () => {
  test("keeps those waiting that name it, as soon as it is touched", () => {
    const named = { id: "b", files: ["src/x.ts"] };
    expect(edges([{ id: "a", ...began(["src/x.ts"], 0) }, named])).toEqual([
      "a → b: a has touched src/x.ts, which b touches too",
    ]);
    expect(edges([{ id: "a", ...began(["src/"], 0) }, named])).toHaveLength(1);
    expect(edges([{ id: "a", ...began(["package-lock.json"], 0) }, named])).toEqual([]);
  });

  test("holds whatever stood behind a task that turned out not to touch it", () => {
    const tasks = [
      { id: "a", ...began(["x.ts"], 1) },
      { id: "b", predicted: [guess("x.ts", 0.5)], ...began(["y.ts"], 1) },
      { id: "c", files: ["x.ts"] },
    ];
    expect(edges(tasks)).toEqual(["a → c: a has touched x.ts, which c touches too"]);
  });

  test("holds nobody where the person lets tasks overlap", () => {
    const tasks = [
      { id: "a", ...began(["x.ts"], 1) },
      { id: "b", files: ["x.ts"], overlap: "parallel" },
    ];
    expect(edges(tasks)).toEqual([]);
  });
});

const path = fc.constantFrom("x.ts", "y.ts", "src/z.ts", "src/");
const shown = fc.record({
  touched: fc.uniqueArray(path),
  commits: fc.nat({ max: 3 }),
  ended: fc.boolean(),
});
const chance = fc.double({ min: 0, max: 1, noNaN: true });

test.prop([chance, path, shown])(
  "a chance stays one, and falls unless touched",
  (before, at, seen) => {
    const now = chanceNow(before, at, seen);
    expect(now).toBeGreaterThanOrEqual(0);
    expect(now).toBeLessThanOrEqual(1);
    if (now > before) expect(now).toBe(1);
  },
);

test.prop([chance, path, shown, chance])(
  "what was touched is never released",
  (before, at, seen, below) => {
    const touched = { ...seen, touched: [...seen.touched, at] };
    expect(isStillExpected({ path: at, confidence: before }, touched, below)).toBe(true);
  },
);

const task = fc.record({
  files: fc.uniqueArray(path, { maxLength: 2 }),
  status: fc.constantFrom(...TaskStatus.options),
  dependsOn: fc.constant([]),
  touched: fc.uniqueArray(path),
  commits: fc.nat({ max: 2 }),
});

test.prop([fc.array(task, { minLength: 2, maxLength: 6 }), chance], { numRuns: 300 })(
  "no order that rests on named files is ever released",
  (tasks, releaseBelow) => {
    const manifest = (learned: boolean) =>
      Manifest.parse({
        project: "p",
        policy: { releaseBelow },
        phases: [
          {
            name: "All",
            tasks: tasks.map(({ touched, commits, ...fields }, index) => ({
              id: `t${index}`,
              ...fields,
              ...(learned ? { state: { touched, commits } } : {}),
            })),
          },
        ],
      });
    const reaches = (learned: boolean): ReadonlySet<string> => {
      const { order, edges: found } = taskGraph(manifest(learned));
      const pairs = new Set(found.map(({ from, to }) => `${from} ${to}`));
      for (const via of order)
        for (const from of order)
          for (const to of order)
            if (pairs.has(`${from} ${via}`) && pairs.has(`${via} ${to}`))
              pairs.add(`${from} ${to}`);
      return pairs;
    };
    const after = reaches(true);
    for (const pair of reaches(false)) expect(after).toContain(pair);
  },
);

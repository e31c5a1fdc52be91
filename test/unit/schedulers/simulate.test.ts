import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { seeded } from "../../../bench/soak/random.ts";
import {
  chosenThresholds,
  type KnownBacklog,
  lost,
  score,
  simulatedTasks,
  speed,
} from "../../../scripts/schedulers/compare.ts";
import { type Costs, simulate } from "../../../scripts/schedulers/simulate.ts";
import {
  inOrder,
  learning,
  oracle,
  parallel,
  predicted,
  serial,
} from "../../../scripts/schedulers/strategies.ts";

const path = fc.constantFrom("a.ts", "b.ts", "c.ts", "d/e.ts", "d/f.ts");
const costs = (more: Partial<Costs> = {}): Costs => ({
  workers: 3,
  adaptation: 0.25,
  lookEvery: 0.05,
  ...more,
});

/** Issues with what their fixes touch and what a plan, right or wrong, expects of them. */
const backlog = fc
  .array(
    fc.record({
      touches: fc.uniqueArray(path, { minLength: 1, maxLength: 4 }),
      expects: fc.uniqueArray(
        fc.record({ path, confidence: fc.double({ min: 0.05, max: 1, noNaN: true }) }),
        { maxLength: 3, selector: (file) => file.path },
      ),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .map((issues) => ({
    touched: new Map(issues.map(({ touches }, place) => [place + 1, new Set(touches)])),
    expectations: new Map(
      issues.map(({ expects }, place) => [
        place + 1,
        expects.map((file) => ({ ...file, why: "a guess" })),
      ]),
    ),
  }));
type Given = typeof backlog extends fc.Arbitrary<infer T> ? T : never;

const tasksOf = ({ touched }: Given, seed: number) =>
  simulatedTasks(touched, "files", seeded(seed));

const all = ({ expectations }: Given, tasks: ReturnType<typeof tasksOf>) => [
  serial,
  parallel(false),
  parallel(true),
  predicted(expectations),
  inOrder(expectations, predicted(expectations)),
  learning(expectations, 0.3),
  inOrder(expectations, learning(expectations, 0.3)),
  oracle(tasks),
];

describe("whatever is touched and expected", () => {
  test.prop([backlog, fc.integer(), fc.integer({ min: 1, max: 6 })])(
    "every scheduler ends, never has more at once than workers, and beats neither the work nor the longest task",
    (given, seed, workers) => {
      const tasks = tasksOf(given, seed);
      const work = tasks.reduce((sum, { duration }) => sum + duration, 0);
      const longest = Math.max(...tasks.map(({ duration }) => duration));
      for (const scheduler of all(given, tasks)) {
        const outcome = simulate(tasks, scheduler, costs({ workers }));
        expect(outcome.atOnce).toBeLessThanOrEqual(workers);
        expect(outcome.makespan).toBeGreaterThan(Math.max(longest, work / workers) - 1e-6);
      }
    },
  );

  test.prop([backlog, fc.integer()])(
    "serial work takes the sum of all durations",
    (given, seed) => {
      const tasks = tasksOf(given, seed);
      const { makespan, redone, told, atOnce } = simulate(tasks, serial, costs());
      const work = tasks.reduce((sum, { duration }) => sum + duration, 0);
      expect(makespan).toBeCloseTo(work, 6);
      expect({ redone, told, atOnce }).toEqual({ redone: 0, told: 0, atOnce: 1 });
    },
  );

  test.prop([backlog, fc.integer()])("the oracle has no collision", (given, seed) => {
    const tasks = tasksOf(given, seed);
    expect(simulate(tasks, oracle(tasks), costs())).toMatchObject({ redone: 0, told: 0 });
    const telling = { ...oracle(tasks), tells: true };
    expect(simulate(tasks, telling, costs())).toMatchObject({ redone: 0, told: 0 });
  });

  test.prop([backlog, fc.integer()])(
    "right predictions are as good as the oracle",
    (given, seed) => {
      const tasks = tasksOf(given, seed);
      const known = new Map(
        [...given.touched].map(([id, paths]) => [
          id,
          [...paths].map((one) => ({ path: one, confidence: 1, why: "known" })),
        ]),
      );
      const best = simulate(tasks, oracle(tasks), costs());
      expect(simulate(tasks, predicted(known), costs())).toEqual(best);
      expect(simulate(tasks, learning(known, 0.3), costs())).toEqual(best);
    },
  );

  test.prop([backlog, fc.integer()])("a seed repeats its outcome", (given, seed) => {
    const run = () => {
      const tasks = tasksOf(given, seed);
      return all(given, tasks).map((scheduler) => simulate(tasks, scheduler, costs()));
    };
    expect(run()).toEqual(run());
  });
});

const task = (id: number, touches: readonly (readonly [string, number])[], duration = 1) => ({
  id,
  duration,
  commitsAt: 0.8,
  touches: touches.map(([one, at]) => ({ path: one, at })),
});
const guess = (one: string, confidence = 0.5) => [{ path: one, confidence, why: "a guess" }];

describe("a collision", () => {
  const both = [task(1, [["a.ts", 0.3]]), task(2, [["a.ts", 0.5]])];

  test("that nobody is told of costs the whole run of the one that ends later, once", () => {
    expect(simulate(both, parallel(false), costs())).toMatchObject({ makespan: 2, redone: 1 });
  });

  test("that is told of costs the later one an adaptation", () => {
    const outcome = simulate(both, parallel(true), costs());
    expect(outcome).toMatchObject({ redone: 0, told: 1 });
    expect(outcome.makespan).toBeCloseTo(1.25, 6);
  });

  test("that shows after the last look is no longer told of", () => {
    const late = [task(1, [["a.ts", 0.3]]), task(2, [["a.ts", 0.97]])];
    expect(simulate(late, parallel(true), costs())).toMatchObject({ redone: 1, told: 0 });
  });

  test("is told to the longer task when the other one is already delivered", () => {
    const long = [task(1, [["a.ts", 0.9]], 4), task(2, [["a.ts", 0.1]])];
    const outcome = simulate(long, parallel(true), costs());
    expect(outcome).toMatchObject({ redone: 0, told: 1 });
    expect(outcome.makespan).toBeCloseTo(4.25, 6);
  });
});

describe("a scheduler that learns", () => {
  const expected = new Map([
    [1, guess("a.ts")],
    [2, guess("a.ts")],
  ]);

  test("starts a task as soon as the other one has committed without its file", () => {
    const tasks = [task(1, [["b.ts", 0.1]]), task(2, [["c.ts", 0.1]])];
    const end = (scheduler: Parameters<typeof simulate>[1]) =>
      simulate(tasks, scheduler, costs()).makespan;
    expect(end(predicted(expected))).toBeCloseTo(2, 6);
    expect(end(learning(expected, 0.3))).toBeCloseTo(1.8, 6);
    expect(end(learning(expected, 0))).toBeCloseTo(2, 6);
  });

  test("holds a task whose file another one was seen to touch, though nobody had foreseen it", () => {
    const tasks = [
      task(1, [["c.ts", 0.1]]),
      task(2, [["a.ts", 0.1]], 0.5),
      task(3, [["c.ts", 0.2]]),
    ];
    const foreseen = new Map([[3, guess("c.ts")]]);
    const two = costs({ workers: 2 });
    expect(simulate(tasks, parallel(false), two)).toMatchObject({ redone: 1 });
    expect(simulate(tasks, learning(foreseen, 0.3), two)).toMatchObject({ redone: 0, told: 0 });
  });

  test("lets a task pass one that waits, unless it goes by the order of a graph", () => {
    const paths = ["a.ts", "a.ts b.ts", "b.ts"].map((text) => text.split(" "));
    const tasks = paths.map((own, place) =>
      task(
        place + 1,
        own.map((one) => [one, 0.5]),
      ),
    );
    const known = new Map(
      paths.map((own, place) => [place + 1, own.flatMap((one) => guess(one, 1))]),
    );
    const end = (scheduler: Parameters<typeof simulate>[1]) =>
      simulate(tasks, scheduler, costs({ workers: 2 })).makespan;
    expect(end(learning(known, 0.3))).toBe(2);
    expect(end(inOrder(known, learning(known, 0.3)))).toBe(3);
  });
});

describe("a comparison", () => {
  const chances = { durations: "equal", seeds: [1, 2] } as const;
  const apart = new Map([1, 2, 3, 4].map((id) => [id, new Set([`${id}.ts`])]));
  const alike = new Map([1, 2, 3, 4].map((id) => [id, new Set(["a.ts"])]));

  test("counts what is lost against issues, and speed against the oracle", () => {
    const known: KnownBacklog = { name: "r", touched: alike, expectations: () => new Map() };
    const serially = score(known, () => serial, costs(), chances);
    expect([speed(serially), lost(serially, 0.25)]).toEqual([1, 0]);
    const untold = score(known, () => parallel(false), costs(), chances);
    expect(untold).toMatchObject({ issues: 8, work: 8, best: 8, told: 0 });
    expect(lost(untold, 0.25)).toBe(untold.redone / 8);
    expect(untold.redone).toBeGreaterThan(0);
  });

  test("chooses a repository's thresholds by what they do elsewhere", () => {
    const guessed = (from: number) => (orderFrom: number) =>
      new Map([1, 2, 3, 4].map((id) => [id, orderFrom <= from ? guess("a.ts") : []] as const));
    // Here a guess at 0.3 only costs waiting; there it is all that prevents collisions.
    const wrong: KnownBacklog = { name: "wrong", touched: apart, expectations: guessed(0.3) };
    const right: KnownBacklog = { name: "right", touched: alike, expectations: guessed(0.3) };
    const dear = [costs({ adaptation: 1 })];
    const [forWrong, forRight] = chosenThresholds([wrong, right], dear, chances);
    expect(forWrong?.orderFrom).toBeLessThanOrEqual(0.3);
    expect(forRight?.orderFrom).toBeGreaterThan(0.3);
  });
});

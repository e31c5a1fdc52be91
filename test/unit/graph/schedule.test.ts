import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { chainLengths, workLeft } from "../../../src/graph/chains.ts";
import { makespan, startOrder } from "../../../src/graph/schedule.ts";
import { taskGraph } from "../../../src/graph/task-graph.ts";
import { Manifest } from "../../../src/manifest/manifest.ts";

type Tasks = readonly Record<string, unknown>[];

const manifestOf = (...phases: readonly Tasks[]): Manifest =>
  Manifest.parse({
    project: "p",
    phases: phases.map((tasks, index) => ({ name: `Phase ${index}`, tasks })),
  });
const orderOf = (...phases: readonly Tasks[]) => {
  const manifest = manifestOf(...phases);
  return startOrder(manifest, taskGraph(manifest));
};
const spanOf = (places: number, ...phases: readonly Tasks[]) => {
  const manifest = manifestOf(...phases);
  return makespan(manifest, taskGraph(manifest), places);
};

describe("the order of starts", () => {
  test("what has the longest chain behind it goes first, before what is urgent", () => {
    const tasks = [
      { id: "a", priority: "critical" },
      { id: "b", priority: "low" },
      { id: "c", dependsOn: ["b"] },
    ];
    expect(orderOf(tasks)).toEqual(["b", "a", "c"]);
  });

  test("estimates make chains longer; then urgency, issue number and place decide", () => {
    const tasks = [
      { id: "own" },
      { id: "late", issue: 9 },
      { id: "early", issue: 3 },
      { id: "urgent", issue: 20, priority: "high" },
      { id: "large", issue: 30, estimate: 4 },
    ];
    expect(orderOf(tasks)).toEqual(["large", "urgent", "early", "late", "own"]);
  });

  test("delivered work makes no chain longer", () => {
    const tasks = [
      { id: "a" },
      { id: "b", priority: "high" },
      { id: "c", status: "merged", dependsOn: ["a"] },
    ];
    expect(orderOf(tasks)).toEqual(["b", "a", "c"]);
  });
});

describe("the makespan", () => {
  const fork = [
    { id: "a" },
    { id: "b", dependsOn: ["a"], estimate: 2 },
    { id: "c", dependsOn: ["a"] },
    { id: "d", estimate: 0.5 },
  ];

  test.each([
    [1, 4.5],
    [2, 3],
    [16, 3],
  ])("with %i places the tasks take %f", (places, span) => {
    expect(spanOf(places, fork)).toBe(span);
  });

  test("a phase begins when the one before it has ended, and delivered work takes no time", () => {
    expect(spanOf(4, [{ id: "a" }, { id: "b", status: "merged" }], [{ id: "c" }])).toBe(2);
    expect(spanOf(4, [{ id: "b", status: "merged" }])).toBe(0);
    expect(spanOf(4)).toBe(0);
  });

  test("what runs already keeps its place", () => {
    expect(
      spanOf(1, [
        { id: "a", priority: "critical" },
        { id: "b", status: "running" },
      ]),
    ).toBe(2);
  });

  const randomTasks = fc
    .array(fc.record({ estimate: fc.constantFrom(0.5, 1, 2), before: fc.array(fc.nat(19)) }), {
      minLength: 1,
      maxLength: 20,
    })
    .map((tasks) =>
      tasks.map(({ estimate, before }, index) => ({
        id: `t${index}`,
        estimate,
        dependsOn: [...new Set(before.filter((other) => other < index))].map((one) => `t${one}`),
      })),
    );

  test.prop([randomTasks, fc.integer({ min: 1, max: 20 })])(
    "is never below the longest chain or the work by place, never above the work, and at once with a place for each",
    (tasks, places) => {
      const manifest = manifestOf(tasks);
      const graph = taskGraph(manifest);
      const work = tasks.reduce((sum, { estimate }) => sum + estimate, 0);
      const chain = Math.max(...chainLengths(graph, workLeft).values());
      const span = makespan(manifest, graph, places);
      expect(span).toBeGreaterThanOrEqual(Math.max(chain, work / places));
      expect(span).toBeLessThanOrEqual(work);
      expect(makespan(manifest, graph, tasks.length)).toBe(chain);
    },
  );
});

test("ten thousand tasks are ordered and scheduled by few steps each", () => {
  const count = 10_000;
  const tasks = Array.from({ length: count }, (_, index) => ({
    id: `t${index}`,
    dependsOn: index < 100 ? [] : [`t${index - 100}`],
  }));
  const manifest = manifestOf(tasks);
  const graph = taskGraph(manifest);
  expect(startOrder(manifest, graph)).toHaveLength(count);
  expect(makespan(manifest, graph, 16)).toBe(count / 16);
});

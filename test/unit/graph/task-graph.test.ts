import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { criticalPath } from "../../../src/graph/chains.ts";
import { stableOrder } from "../../../src/graph/order.ts";
import { standing } from "../../../src/graph/overlap.ts";
import { predecessors, type TaskGraph, taskGraph } from "../../../src/graph/task-graph.ts";
import { waves } from "../../../src/graph/waves.ts";
import { filePath } from "../../../src/manifest/files.ts";
import { Manifest } from "../../../src/manifest/manifest.ts";
import { TaskStatus } from "../../../src/manifest/status.ts";
import { type Task, TaskId } from "../../../src/manifest/task.ts";

type Fields = Record<string, unknown> & { readonly id: string };
const manifestOf = (phases: readonly (readonly Fields[])[], more: object = {}): Manifest =>
  Manifest.parse({
    project: "p",
    ...more,
    phases: phases.map((tasks, index) => ({ name: `Phase ${index + 1}`, tasks })),
  });
const edgesOf = (graph: TaskGraph): string[] =>
  graph.edges.map((edge) => `${edge.from} → ${edge.to}: ${edge.why}`);
const arrows = (manifest: Manifest): string[] =>
  taskGraph(manifest).edges.map((edge) => `${edge.from}→${edge.to}`);
const id = (text: string): TaskId => TaskId.parse(text);

describe("overlap", () => {
  test("tasks that name one file run in the order of the manifest, also across phases", () => {
    const manifest = manifestOf([
      [
        { id: "a", files: ["x.ts"] },
        { id: "b", files: ["y.ts", "x.ts"] },
      ],
      [{ id: "c", files: ["./x.ts"] }],
    ]);
    expect(edgesOf(taskGraph(manifest))).toEqual([
      "a → b: both touch x.ts",
      "b → c: both touch x.ts",
    ]);
  });

  test("a folder overlaps what lies below it, and nothing beside it", () => {
    const manifest = manifestOf([
      [
        { id: "a", files: ["src/one.ts"] },
        { id: "b", files: ["src/two/three.ts"] },
        { id: "c", files: ["src/"] },
        { id: "d", files: ["src/**/*.test.ts"] },
        { id: "e", files: ["src/one.ts"] },
        { id: "f", files: ["srcs/one.ts"] },
      ],
    ]);
    expect(arrows(manifest)).toEqual(["a→c", "b→c", "c→d", "d→e"]);
  });

  test("a dependency hides the overlap of the same pair and turns the order round", () => {
    const manifest = manifestOf([
      [
        { id: "a", files: ["x.ts"], dependsOn: ["b"] },
        { id: "b", files: ["x.ts"] },
      ],
    ]);
    expect(edgesOf(taskGraph(manifest))).toEqual(["b → a: a depends on b"]);
  });

  test("a parallel task or manifest opts out, and a serial task opts in again", () => {
    const both = (a: object, b: object, more: object) =>
      arrows(
        manifestOf(
          [
            [
              { id: "a", files: ["x"], ...a },
              { id: "b", files: ["x"], ...b },
            ],
          ],
          more,
        ),
      );
    const serial = { overlap: "serial" };
    const parallel = { overlap: "parallel" };
    expect(both({}, {}, {})).toEqual(["a→b"]);
    expect(both(parallel, {}, {})).toEqual([]);
    expect(both({}, parallel, {})).toEqual([]);
    expect(both({}, {}, parallel)).toEqual([]);
    expect(both(serial, serial, parallel)).toEqual(["a→b"]);
  });

  test.each(["draft", "planned", "cancelled", "archived"])(
    "a %s task overlaps nobody",
    (status) => {
      const manifest = manifestOf([
        [
          { id: "a", files: ["x"] },
          { id: "b", files: ["x"], status },
          { id: "c", files: ["x"] },
        ],
      ]);
      expect(arrows(manifest)).toEqual(["a→c"]);
    },
  );

  test("a running task goes before an earlier one that has not begun", () => {
    const manifest = manifestOf([
      [
        { id: "a", files: ["x"] },
        { id: "b", files: ["x"], status: "running" },
      ],
    ]);
    expect(arrows(manifest)).toEqual(["b→a"]);
  });

  test("a merged task between two others does not hide the first from the last", () => {
    const manifest = manifestOf([
      [
        { id: "a", files: ["x"], dependsOn: [], status: "pr_open" },
        { id: "b", files: ["x"], dependsOn: ["a"], status: "merged" },
        { id: "c", files: ["x"] },
      ],
    ]);
    expect(new Set(arrows(manifest))).toEqual(new Set(["a→b", "a→c", "b→c"]));
  });
});

const paths = ["a", "a/b", "a/b/c", "a/b/d", "a/e", "f", "./f", "a/**", "."];
const randomManifest = fc
  .array(
    fc.record({
      files: fc.uniqueArray(fc.constantFrom(...paths), { maxLength: 3 }),
      dependsOn: fc.uniqueArray(fc.nat(14), { maxLength: 2 }),
      status: fc.constantFrom(...TaskStatus.options),
      overlap: fc.constantFrom(undefined, undefined, "serial", "parallel"),
    }),
    { minLength: 1, maxLength: 15 },
  )
  .chain((tasks) =>
    fc
      .shuffledSubarray([...tasks.keys()], { minLength: tasks.length })
      // Dependencies follow a random permutation: acyclic, but not along the manifest.
      .map((rank) =>
        manifestOf([
          tasks.map(({ dependsOn, overlap, ...task }, index) => ({
            id: index === 3 ? "constructor" : `t${index}`,
            ...task,
            ...(overlap === undefined ? {} : { overlap }),
            dependsOn: dependsOn
              .filter((other) => (rank[other] ?? 99) < (rank[index] ?? 0))
              .map((other) => (other === 3 ? "constructor" : `t${other}`)),
          })),
        ]),
      ),
  );

const ancestorsOf = (graph: TaskGraph, task: TaskId): Set<TaskId> => {
  const found = new Set<TaskId>();
  const open = [task];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const { from } of predecessors(graph, at)) {
      if (!found.has(from)) open.push(from);
      found.add(from);
    }
  }
  return found;
};

const touch = (a: Task, b: Task): boolean => {
  const all = (task: Task) =>
    task.files.map((file) => {
      const outcome = filePath(file);
      return outcome.kind === "inside" && outcome.path !== "" ? `${outcome.path}/` : "";
    });
  return all(a).some((x) => all(b).some((y) => x.startsWith(y) || y.startsWith(x)));
};

test.prop([randomManifest])(
  "every edge goes forward in the order: there is no cycle",
  (manifest) => {
    const graph = taskGraph(manifest);
    expect(graph.order.toSorted()).toEqual(
      manifest.phases.flatMap((phase) => phase.tasks.map((task) => task.id)).toSorted(),
    );
    for (const edge of graph.edges) {
      expect(graph.order.indexOf(edge.from)).toBeLessThan(graph.order.indexOf(edge.to));
    }
  },
);

test.prop([randomManifest], { numRuns: 400 })(
  "a task that has not begun waits for every overlapping one before it, directly or through others",
  (manifest) => {
    const graph = taskGraph(manifest);
    const tasks = manifest.phases.flatMap((phase) => phase.tasks);
    const taking = tasks.filter(
      (task) => standing(task.status) < 4 && (task.overlap ?? "serial") === "serial",
    );
    for (const a of taking) {
      for (const b of taking) {
        const forward = graph.order.indexOf(a.id) < graph.order.indexOf(b.id);
        if (a.id === b.id || !forward || !touch(a, b) || standing(b.status) < 3) continue;
        expect(ancestorsOf(graph, b.id)).toContain(a.id);
      }
    }
  },
);

test.prop([randomManifest])("overlap links only tasks that touch the same path", (manifest) => {
  const byId = new Map(
    manifest.phases.flatMap((phase) => phase.tasks).map((task) => [task.id, task]),
  );
  for (const edge of taskGraph(manifest).edges) {
    const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
    if (from === undefined || to === undefined) throw new Error("an edge names a stranger");
    if (edge.kind === "overlap") expect(touch(from, to)).toBe(true);
    else expect(to.dependsOn).toContain(from.id);
  }
});

test.prop([randomManifest])("waves are a partition, and nobody waits inside a wave", (manifest) => {
  const graph = taskGraph(manifest);
  const groups = waves(manifest, 0, graph);
  expect(groups.flat().toSorted()).toEqual(graph.order.toSorted());
  for (const group of groups) {
    expect(group.length).toBeGreaterThan(0);
    for (const task of group) {
      expect(group.filter((other) => ancestorsOf(graph, task).has(other))).toEqual([]);
    }
  }
  expect(groups.length).toBe(criticalPath(graph).length);
});

test("the critical path is the longest chain, the first of equals", () => {
  const manifest = manifestOf([
    [{ id: "a" }, { id: "b", dependsOn: ["a"] }, { id: "c" }],
    [
      { id: "d", dependsOn: ["c"] },
      { id: "e", dependsOn: ["b"] },
    ],
  ]);
  expect(criticalPath(taskGraph(manifest))).toEqual(["a", "b", "e"].map(id));
});

describe("stable order", () => {
  test("keeps the sequence where nothing forbids it", () => {
    const before: Record<string, string[]> = { a: ["c"], d: ["a"] };
    expect(stableOrder(["a", "b", "c", "d"], (key) => before[key] ?? [])).toEqual({
      kind: "ordered",
      order: ["b", "c", "a", "d"],
    });
  });

  test("shows each cycle once, from its first member", () => {
    const before: Record<string, string[]> = { a: ["b"], b: ["c"], c: ["b"], d: ["d"], e: ["d"] };
    expect(stableOrder(["a", "b", "c", "d", "e"], (key) => before[key] ?? [])).toEqual({
      kind: "cyclic",
      cycles: [["b", "c"], ["d"]],
    });
  });
});

test("ten thousand tasks on one chain, one folder and their own files need few edges each", () => {
  const count = 10_000;
  const manifest = manifestOf([
    Array.from({ length: count }, (_, index) => ({
      id: `t${index}`,
      files: [`src/part-${index % 500}/file-${index}.ts`, index % 100 === 0 ? "src/" : "README.md"],
      dependsOn: index === 0 ? [] : [`t${index - 1}`],
    })),
  ]);
  const graph = taskGraph(manifest);
  expect(graph.edges.length).toBeLessThan(3 * count);
  expect(criticalPath(graph)).toHaveLength(count);
  expect(waves(manifest, 0, graph)).toHaveLength(count);
});

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { readManifest } from "../../../src/graph/read-manifest.ts";
import { predecessors, taskGraph } from "../../../src/graph/task-graph.ts";
import { waves } from "../../../src/graph/waves.ts";
import type { Manifest } from "../../../src/manifest/manifest.ts";
import type { Problem } from "../../../src/manifest/problem.ts";
import { TaskId } from "../../../src/manifest/task.ts";

const twoPhases = readFileSync(
  resolve(import.meta.dirname, "../../../fixtures/manifests/valid/two-phases.json"),
  "utf8",
);

function read(text: string): { manifest: Manifest; warnings: readonly Problem[] } {
  const outcome = readManifest(text, "m.json");
  if (outcome.kind === "invalid") throw new Error(JSON.stringify(outcome.problems));
  return outcome;
}

describe("the manifest of two phases", () => {
  test("runs t7 after t4, because both name the same file", () => {
    const graph = taskGraph(read(twoPhases).manifest);
    expect(predecessors(graph, TaskId.parse("t7"))).toEqual([
      { from: "t4", to: "t7", kind: "overlap", why: "both touch container_executor.js" },
    ]);
  });

  test("starts what shares nothing together", () => {
    const { manifest } = read(twoPhases);
    expect(waves(manifest, 0)).toEqual([["t1", "t3"], ["t2"]]);
    expect(waves(manifest, 1)).toEqual([["t4", "t6"], ["t5", "t7"], ["t8"]]);
  });

  test("warns once, where the order was not asked for", () => {
    expect(read(twoPhases).warnings).toEqual([
      {
        severity: "warning",
        code: "overlap",
        file: "m.json",
        line: 19,
        column: 43,
        field: "phases[1].tasks[3].files",
        message: "t4 and t7 both touch container_executor.js: t7 will wait for t4",
        remedy:
          'Add t4 to the dependsOn of t7 to say so, or "overlap": "parallel" to let them run together.',
      },
    ]);
  });
});

test("an overlap that a chain of dependencies orders is no reason to warn", () => {
  const tasks = [
    { id: "a", files: ["x"] },
    { id: "b", dependsOn: ["a"] },
    { id: "c", files: ["x"], dependsOn: ["b"] },
  ];
  const { warnings } = read(JSON.stringify({ project: "p", phases: [{ name: "One", tasks }] }));
  expect(warnings).toEqual([]);
});

test("a task that waits for a finished one needs no warning", () => {
  const tasks = [
    { id: "a", files: ["x"], status: "merged" },
    { id: "b", files: ["x"] },
  ];
  const { warnings } = read(JSON.stringify({ project: "p", phases: [{ name: "One", tasks }] }));
  expect(warnings).toEqual([]);
});

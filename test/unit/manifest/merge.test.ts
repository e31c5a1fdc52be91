import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { formatManifest } from "../../../src/manifest/format.ts";
import type { JsonObject } from "../../../src/manifest/json.ts";
import { applyPatches, type ManifestPatch, type TaskPatch } from "../../../src/manifest/merge.ts";
import { TaskId } from "../../../src/manifest/task.ts";

const id = (text: string): TaskId => TaskId.parse(text);
const manifestOf = (...phases: JsonObject[][]): JsonObject => ({
  project: "p",
  phases: phases.map((tasks, index) => ({ name: `Phase ${index + 1}`, tasks })),
});
const running: TaskPatch = {
  kind: "task",
  taskId: id("t1"),
  set: { status: "running", attempts: 1 },
};

describe("a beat's patch", () => {
  test("sets fields that nobody edited and leaves all others in their order", () => {
    const base = manifestOf([{ "x-note": 1, id: "t1", title: "Fix", "x-end": [2] }, { id: "t2" }]);
    const { raw, kept } = applyPatches(base, base, [running]);
    expect(kept).toEqual([]);
    expect(JSON.stringify(raw)).toBe(
      JSON.stringify(
        manifestOf([
          {
            "x-note": 1,
            id: "t1",
            title: "Fix",
            "x-end": [2],
            status: "running",
            attempts: 1,
          },
          { id: "t2" },
        ]),
      ),
    );
  });

  test("leaves a person's value and reports it", () => {
    const base = manifestOf([{ id: "t1", status: "pending" }]);
    const disk = manifestOf([{ id: "t1", status: "cancelled" }]);
    const { raw, kept } = applyPatches(base, disk, [running]);
    expect(raw).toEqual(manifestOf([{ id: "t1", status: "cancelled", attempts: 1 }]));
    expect(kept).toEqual([{ taskId: "t1", field: "status", theirs: "cancelled", ours: "running" }]);
  });

  test("takes a field that is written out as its default for one that is absent", () => {
    const base = manifestOf([{ id: "t1" }]);
    const disk = manifestOf([{ id: "t1", status: "pending", worktree: null }]);
    const patch: TaskPatch = { ...running, set: { status: "running", worktree: "/w/t1" } };
    const { raw, kept } = applyPatches(base, disk, [patch]);
    expect(kept).toEqual([]);
    expect(raw).toEqual(manifestOf([{ id: "t1", status: "running", worktree: "/w/t1" }]));
  });

  test("removes a field by undefined, and does not bring back one that a person removed", () => {
    const base = manifestOf([{ id: "t1", error: "boom", attempts: 2 }]);
    const disk = manifestOf([{ id: "t1", error: "boom" }]);
    const patch: TaskPatch = { ...running, set: { error: undefined, attempts: 3 } };
    const { raw, kept } = applyPatches(base, disk, [patch]);
    expect(raw).toEqual(manifestOf([{ id: "t1" }]));
    expect(kept).toEqual([{ taskId: "t1", field: "attempts", theirs: undefined, ours: 3 }]);
  });

  test("merges the state key by key", () => {
    const base = manifestOf([{ id: "t1", state: { nudges: 1, answers: 1, why: "old" } }]);
    const disk = manifestOf([{ id: "t1", state: { nudges: 0, answers: 1, why: "old", "x-k": 1 } }]);
    const patch: TaskPatch = {
      kind: "task",
      taskId: id("t1"),
      set: {},
      state: { nudges: 2, answers: 2, why: undefined },
    };
    const { raw, kept } = applyPatches(base, disk, [patch]);
    expect(raw).toEqual(manifestOf([{ id: "t1", state: { nudges: 0, answers: 2, "x-k": 1 } }]));
    expect(kept).toEqual([{ taskId: "t1", field: "state.nudges", theirs: 0, ours: 2 }]);
  });

  test("finds a task that was moved to another phase", () => {
    const base = manifestOf([{ id: "t1" }], []);
    const disk = manifestOf([], [{ id: "t0" }, { id: "t1" }]);
    const { raw } = applyPatches(base, disk, [running]);
    expect(raw).toEqual(
      manifestOf([], [{ id: "t0" }, { id: "t1", status: "running", attempts: 1 }]),
    );
  });

  test("does not bring back a task that was deleted", () => {
    const { raw, kept } = applyPatches(manifestOf([{ id: "t1" }]), manifestOf([]), [running]);
    expect(raw).toEqual(manifestOf([]));
    expect(kept).toMatchObject([{ taskId: "t1", field: "task" }]);
  });

  test("may come in parts: of two that set one field the later wins", () => {
    const base = manifestOf([{ id: "t1" }]);
    const { raw, kept } = applyPatches(base, base, [
      running,
      { kind: "task", taskId: id("t1"), set: { status: "error" } },
    ]);
    expect(raw).toEqual(manifestOf([{ id: "t1", status: "error", attempts: 1 }]));
    expect(kept).toEqual([]);
  });

  test("sets machine fields of the manifest itself, unless a person did", () => {
    const base = manifestOf([]);
    const disk = { ...base, workdir: "/mine" };
    const { raw, kept } = applyPatches(base, disk, [
      { kind: "root", set: { workdir: "/theirs", base: "main" } },
    ]);
    expect(raw).toEqual({ ...disk, base: "main" });
    expect(kept).toEqual([{ taskId: null, field: "workdir", theirs: "/mine", ours: "/theirs" }]);
  });
});

const fields = fc.record(
  {
    status: fc.constantFrom("pending", "running", "cancelled"),
    title: fc.constantFrom("a", "b"),
    attempts: fc.nat(2),
    error: fc.constantFrom("e1", "e2"),
    "x-mine": fc.nat(3),
    state: fc.record({ nudges: fc.nat(2), why: fc.constantFrom("w1", "w2") }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
const document = fc
  .array(fields, { minLength: 3, maxLength: 3 })
  .map((tasks): JsonObject => manifestOf(tasks.map((task, n) => ({ id: `t${n}`, ...task }))));
const patches = fc.array(
  fc.record({
    kind: fc.constant("task" as const),
    taskId: fc.constantFrom("t0", "t1", "t2").map(id),
    set: fc.record(
      {
        status: fc.constantFrom("pending" as const, "running" as const),
        attempts: fc.option(fc.nat(2), { nil: undefined }),
      },
      { requiredKeys: [] },
    ),
    state: fc.record({ nudges: fc.option(fc.nat(2), { nil: undefined }) }, { requiredKeys: [] }),
  }),
  { maxLength: 4 },
) satisfies fc.Arbitrary<ManifestPatch[]>;

/** Every leaf of the document by its path. */
function leaves(value: unknown, path = ""): Map<string, unknown> {
  if (typeof value !== "object" || value === null) return new Map([[path, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, below]) => [...leaves(below, `${path}/${key}`)]),
  );
}

test.prop([document, document, patches])(
  "what a person changed since the base stays as the person left it",
  (base, disk, given) => {
    const { raw } = applyPatches(base, disk, given);
    const [was, mine, now] = [leaves(base), leaves(disk), leaves(raw)];
    for (const path of new Set([...was.keys(), ...mine.keys()])) {
      const status = path.endsWith("/status") ? "pending" : undefined;
      if ((was.get(path) ?? status) === (mine.get(path) ?? status)) continue;
      expect(now.get(path)).toBe(mine.get(path));
    }
  },
);

test.prop([document, document, patches])(
  "what no patch names stays as it is",
  (base, disk, given) => {
    const named = new Set(
      given.flatMap(({ taskId, set, state }) => [
        ...Object.keys(set).map((key) => `/phases/0/tasks/${taskId.slice(1)}/${key}`),
        ...Object.keys(state).map((key) => `/phases/0/tasks/${taskId.slice(1)}/state/${key}`),
      ]),
    );
    const [mine, now] = [leaves(disk), leaves(applyPatches(base, disk, given).raw)];
    for (const path of new Set([...mine.keys(), ...now.keys()])) {
      if (!named.has(path)) expect(now.get(path)).toBe(mine.get(path));
    }
  },
);

test.prop([document, document, patches])("a second time changes nothing", (base, disk, given) => {
  const once = applyPatches(base, disk, given).raw;
  expect(applyPatches(base, once, given).raw).toEqual(once);
});

test("a written manifest begins with $schema and ends with a line break", () => {
  expect(formatManifest({ project: "p", $schema: "s", phases: [] })).toBe(
    '{\n  "$schema": "s",\n  "project": "p",\n  "phases": []\n}\n',
  );
});

import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { isJsonObject, type Json, type JsonObject } from "../../../src/manifest/json.ts";
import { rebaseEdit } from "../../../src/manifest/rebase.ts";

const manifestOf = (...phases: readonly JsonObject[][]): JsonObject => ({
  project: "p",
  phases: phases.map((tasks, index) => ({ name: `Phase ${index + 1}`, tasks })),
});

test("a person's field and a run's field of the same task both arrive", () => {
  const base = manifestOf([{ id: "t1", status: "pending", priority: "low" }]);
  const edited = manifestOf([{ id: "t1", status: "pending", priority: "high" }]);
  const disk = manifestOf([{ id: "t1", status: "running", priority: "low", attempts: 1 }]);
  expect(rebaseEdit(base, edited, disk)).toEqual(
    manifestOf([{ id: "t1", status: "running", priority: "high", attempts: 1 }]),
  );
});

test("a task that a person moves takes along what the run wrote", () => {
  const base = manifestOf([{ id: "t1" }, { id: "t2" }], [{ id: "t3" }]);
  const edited = manifestOf([{ id: "t2" }], [{ id: "t1" }, { id: "t3" }]);
  const disk = manifestOf([{ id: "t1", status: "running" }, { id: "t2" }], [{ id: "t3" }]);
  expect(rebaseEdit(base, edited, disk)).toEqual(
    manifestOf([{ id: "t2" }], [{ id: "t1", status: "running" }, { id: "t3" }]),
  );
});

test("what was added meanwhile stays, and what the person removed goes", () => {
  const base = manifestOf([{ id: "t1" }, { id: "t2" }]);
  const edited = manifestOf([{ id: "t2" }, { id: "mine" }]);
  const disk = manifestOf([{ id: "t1" }, { id: "t2", status: "running" }, { id: "theirs" }]);
  expect(rebaseEdit(base, edited, disk)).toEqual(
    manifestOf([{ id: "t2", status: "running" }, { id: "mine" }, { id: "theirs" }]),
  );
});

const fields = fc.dictionary(fc.constantFrom("title", "status", "x-a"), fc.constantFrom("a", "b"));
const tasks = fc
  .uniqueArray(fc.constantFrom("t1", "t2", "t3"), { minLength: 1 })
  .chain((ids) =>
    fc.tuple(...ids.map((id) => fields.map((some): JsonObject => ({ id, ...some })))),
  );

test.prop([tasks, tasks])("without a run between, the edit is what is there", (before, after) => {
  const [base, edited] = [manifestOf(before), manifestOf(after)];
  expect(rebaseEdit(base, edited, base)).toEqual(edited);
});

test.prop([tasks, tasks])("without an edit, what the run wrote is what is there", (before, now) => {
  const [base, disk] = [manifestOf(before), manifestOf(now)];
  expect(rebaseEdit(base, structuredClone(base), disk)).toEqual(disk);
});

test.prop([tasks, tasks, tasks])(
  "each field that the person touched is as the person left it",
  (before, after, now) => {
    const merged = taskMap(rebaseEdit(manifestOf(before), manifestOf(after), manifestOf(now)));
    for (const task of after) {
      const was = before.find((one) => one["id"] === task["id"]);
      for (const [field, value] of Object.entries(task)) {
        if (was?.[field] !== value) expect(merged.get(task["id"])?.[field]).toBe(value);
      }
    }
  },
);

function taskMap(raw: JsonObject): Map<Json | undefined, JsonObject> {
  const phases = Array.isArray(raw["phases"]) ? raw["phases"] : [];
  const all = phases.flatMap((phase) =>
    isJsonObject(phase) && Array.isArray(phase["tasks"]) ? phase["tasks"] : [],
  );
  return new Map(all.filter(isJsonObject).map((task) => [task["id"], task]));
}

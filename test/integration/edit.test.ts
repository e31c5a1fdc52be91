import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { applyText, edit } from "../../src/app/edit.ts";
import { readOrThrow } from "../../src/app/run.ts";
import { openManifest } from "../../src/cli/compose-manifest.ts";
import { addTask, moveTask, setDependencies, setField } from "../../src/manifest/edits.ts";
import { formatManifest } from "../../src/manifest/format.ts";
import { TaskId } from "../../src/manifest/task.ts";
import type { ManifestStore } from "../../src/ports/manifest-store.ts";

let folder: string;
let store: ManifestStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cop-edit-"));
  process.env["XDG_STATE_HOME"] = join(folder, "state");
  store = openManifest(join(folder, "manifest.json"));
  await writeFile(
    store.path,
    formatManifest({
      project: "demo",
      phases: [
        { name: "one", tasks: [{ id: "t1", "x-note": "mine" }, { id: "t2" }] },
        { name: "two", tasks: [{ id: "t3" }] },
      ],
    }),
  );
});
afterEach(async () => {
  delete process.env["XDG_STATE_HOME"];
  await rm(folder, { recursive: true });
});

const doIt = { dryRun: false };
const tasks = async () =>
  (await readOrThrow({ ports: { store } })).manifest.phases.flatMap((phase) =>
    phase.tasks.map((task) => `${phase.name} ${task.id}`),
  );

test("a field is set, and what is beside it stays", async () => {
  await edit(store, (raw) => setField(raw, "t1", "priority", "high"), doIt);
  const text = await readFile(store.path, "utf8");
  expect(JSON.parse(text).phases[0].tasks[0]).toEqual({
    id: "t1",
    "x-note": "mine",
    priority: "high",
  });
});

test("a dependency says who waits now, and takes itself away again", async () => {
  const on = { add: ["t1"], remove: [] };
  const made = await edit(store, (raw) => setDependencies(raw, "t2", on), doIt);
  expect(made.effects).toEqual([expect.stringMatching(/^t2 waits for .*t1 \(pending/)]);
  await edit(store, (raw) => setDependencies(raw, "t2", { add: [], remove: ["t1"] }), doIt);
  const { manifest } = await readOrThrow({ ports: { store } });
  expect(manifest.phases[0]?.tasks[1]?.dependsOn).toEqual([]);
});

test("a task moves, and a new one joins", async () => {
  await edit(store, (raw) => moveTask(raw, "t3", { phase: "one", before: "t2" }), doIt);
  await edit(store, (raw) => addTask(raw, "three", { id: "t4" }), doIt);
  expect(await tasks()).toEqual(["one t1", "one t3", "one t2", "three t4"]);
});

test.each([
  [
    "a cycle",
    () => ({ add: ["t1"], remove: [] }),
    "t1",
    /t1 → t1|waits for itself|depends on itself/,
  ],
  ["an unknown task", () => ({ add: ["t9"], remove: [] }), "t1", /t9/],
])("%s is refused with the place, and nothing is written", async (_, on, id, words) => {
  const before = await readFile(store.path, "utf8");
  const edited = edit(store, (raw) => setDependencies(raw, id, on()), doIt);
  await expect(edited).rejects.toMatchObject({
    code: "edit-invalid",
    message: expect.stringMatching(words),
  });
  expect(await readFile(store.path, "utf8")).toBe(before);
});

test("a status that a person may not set is refused", async () => {
  const edited = edit(store, (raw) => setField(raw, "t1", "status", "merged"), doIt);
  await expect(edited).rejects.toMatchObject({ code: "edit-refused" });
});

test("a dry run says the effect and writes nothing", async () => {
  const before = await readFile(store.path, "utf8");
  const result = await edit(store, (raw) => setField(raw, "t2", "status", "cancelled"), {
    dryRun: true,
  });
  expect(result.effects).toContain("t2 pending → cancelled");
  expect(await readFile(store.path, "utf8")).toBe(before);
});

test("an editor's text keeps what a run wrote while the editor was open", async () => {
  const base = await readOrThrow({ ports: { store } });
  const taskId = TaskId.parse("t1");
  await store.commit(base, [{ kind: "task", taskId, set: { status: "running", attempts: 1 } }]);
  const text = base.text.replace('"id": "t1"', '"id": "t1",\n          "priority": "critical"');
  await applyText(store, base, text, doIt);
  const { manifest } = await readOrThrow({ ports: { store } });
  expect(manifest.phases[0]?.tasks[0]).toMatchObject({
    status: "running",
    attempts: 1,
    priority: "critical",
  });
});

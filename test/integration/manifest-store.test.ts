import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { replaceFile } from "../../src/adapters/fs/atomic-write.ts";
import { createLocks } from "../../src/adapters/fs/locks.ts";
import { createManifestStore } from "../../src/adapters/fs/manifest-store.ts";
import { readManifest } from "../../src/graph/read-manifest.ts";
import { formatManifest } from "../../src/manifest/format.ts";
import type { JsonObject } from "../../src/manifest/json.ts";
import type { ManifestPatch, TaskPatch } from "../../src/manifest/merge.ts";
import { TaskId } from "../../src/manifest/task.ts";
import type { Locks } from "../../src/ports/lock.ts";
import type { ManifestSnapshot, ManifestStore } from "../../src/ports/manifest-store.ts";
import { startChild } from "../support/child.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cop-store-"));
  path = join(folder, "manifest.json");
  await writeFile(path, textOf(2));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const textOf = (tasks: number): string =>
  formatManifest({
    project: "demo",
    phases: [{ name: "one", tasks: Array.from({ length: tasks }, (_, n) => ({ id: `t${n}` })) }],
  });

const open = (
  format: (raw: JsonObject) => string = formatManifest,
  locks: Locks = createLocks(),
): ManifestStore =>
  createManifestStore({
    path,
    read: readManifest,
    format,
    locks,
    lockPath: join(folder, "state", "manifest.lock"),
  });

const patch = (task: number, set: TaskPatch["set"]): ManifestPatch => ({
  kind: "task",
  taskId: TaskId.parse(`t${task}`),
  set,
});

async function read(store: ManifestStore): Promise<ManifestSnapshot> {
  const outcome = await store.read();
  if (outcome.kind !== "read") throw new Error(`manifest is ${outcome.kind}`);
  return outcome.snapshot;
}

const taskOf = (text: string, task: number) => JSON.parse(text).phases[0].tasks[task];

test("a commit writes the patch and leaves everything else as it stands", async () => {
  const store = open();
  const base = await read(store);
  const outcome = await store.commit(base, [patch(0, { status: "running" })]);
  expect(outcome).toMatchObject({ kind: "committed", kept: [] });
  expect(taskOf(await readFile(path, "utf8"), 0)).toEqual({ id: "t0", status: "running" });
  expect((await read(store)).manifest.phases[0]?.tasks[0]?.status).toBe("running");
});

test("a commit that changes nothing does not touch the file", async () => {
  const store = open();
  const base = await read(store);
  const before = await stat(path);
  expect((await store.commit(base, [patch(0, {})])).kind).toBe("unchanged");
  expect((await stat(path)).ino).toBe(before.ino);
});

test("a person's edit since the last reading wins, and is named", async () => {
  const store = open();
  const base = await read(store);
  const edited = JSON.parse(base.text);
  edited.phases[0].tasks[0].title = "by hand";
  await writeFile(path, JSON.stringify(edited));
  const patches = [patch(0, { title: "by machine", status: "running" })];
  const outcome = await store.commit(base, patches);
  expect(outcome).toMatchObject({
    kind: "committed",
    kept: [{ taskId: "t0", field: "title", theirs: "by hand", ours: "by machine" }],
  });
  const task = taskOf(await readFile(path, "utf8"), 0);
  expect(task).toMatchObject({ title: "by hand", status: "running" });
});

test.each([
  ["in place", (text: string) => writeFileSync(path, text)],
  [
    "by rename",
    (text: string) => {
      writeFileSync(`${path}~`, text);
      renameSync(`${path}~`, path);
    },
  ],
])("a save %s between our reading and our writing is merged, not overwritten", async (_, save) => {
  let saves = 0;
  const store = open((raw) => {
    if (saves++ === 0) {
      const edited = JSON.parse(readFileSync(path, "utf8"));
      edited.phases[0].tasks[1].title = "by hand";
      save(JSON.stringify(edited));
    }
    return formatManifest(raw);
  });
  const base = await read(store);
  const outcome = await store.commit(base, [patch(0, { status: "running" })]);
  expect(outcome.kind).toBe("committed");
  const text = await readFile(path, "utf8");
  expect([taskOf(text, 0).status, taskOf(text, 1).title]).toEqual(["running", "by hand"]);
});

test("no edit of a person who saves all the time is lost", async () => {
  const edits = 60;
  await writeFile(path, textOf(edits + 1));
  const store = open();
  const person = startChild("hand-editor.ts", { path, edits, pauseMs: 20 });
  let isOver = false;
  const over = person.ended.then((code) => {
    isOver = true;
    return code;
  });
  let commits = 0;
  for (let base = await read(store); !isOver; ) {
    const outcome = await store.commit(base, [patch(edits, { title: `beat ${commits}` })]);
    if (outcome.kind === "committed") commits++;
    if (outcome.kind !== "invalid") base = outcome.snapshot;
  }
  expect(await over).toBe(0);
  expect(commits).toBeGreaterThan(10);
  const text = await readFile(path, "utf8");
  const titles = Array.from({ length: edits }, (_, n) => taskOf(text, n).title);
  expect(titles).toEqual(Array.from({ length: edits }, (_, n) => `edit ${n}`));
});

test("commits that are made at once are written together, each with the edits that it kept", async () => {
  await writeFile(path, textOf(20));
  const locks = createLocks();
  let writes = 0;
  const counted: Locks = {
    ...locks,
    withLock(...words) {
      writes += 1;
      return locks.withLock(...words);
    },
  };
  const store = open(formatManifest, counted);
  const base = await read(store);
  await writeFile(path, base.text.replace('"id": "t3"', '"id": "t3", "priority": "high"'));
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, task) =>
      store.commit(base, [patch(task, { status: "running", priority: "low" })]),
    ),
  );
  expect(outcomes.map((one) => (one.kind === "committed" ? one.kept.length : one.kind))).toEqual(
    Array.from({ length: 20 }, (_, task) => (task === 3 ? 1 : 0)),
  );
  const text = await readFile(path, "utf8");
  expect(taskOf(text, 3)).toMatchObject({ status: "running", priority: "high" });
  expect(taskOf(text, 19)).toMatchObject({ status: "running", priority: "low" });
  expect(writes).toBe(1);
});

test("two stores that commit at once lose none of each other's fields", async () => {
  const stores = [open(), open(), open()];
  await Promise.all(
    stores.map(async (store, n) => {
      await store.commit(await read(store), [
        patch(n % 2, { [n === 2 ? "error" : "title"]: `s${n}` }),
      ]);
    }),
  );
  const text = await readFile(path, "utf8");
  expect(taskOf(text, 0)).toMatchObject({ title: "s0", error: "s2" });
  expect(taskOf(text, 1)).toMatchObject({ title: "s1" });
});

test.each(["", "{", '{"project":1,"phases":[]}'])(
  "a file that says %j is reported and never written",
  async (text) => {
    const store = open();
    const base = await read(store);
    await writeFile(path, text);
    expect((await store.read()).kind).toBe("invalid");
    const outcome = await store.commit(base, [patch(0, { status: "running" })]);
    expect(outcome).toMatchObject({ kind: "invalid", problems: [{ file: path, line: 1 }] });
    expect(await readFile(path, "utf8")).toBe(text);
  },
);

test("a file that is gone is missing to a reader and an error to a writer", async () => {
  const store = open();
  const base = await read(store);
  await rm(path);
  expect(await store.read()).toEqual({ kind: "missing", path });
  const commit = store.commit(base, [patch(0, { status: "running" })]);
  await expect(commit).rejects.toMatchObject({ code: "manifest-missing", kind: "input" });
});

test("a symbolic link is followed and the mode stays", async () => {
  const real = join(folder, "real.json");
  renameSync(path, real);
  await chmod(real, 0o640);
  await symlink("real.json", path);
  const store = open();
  await store.commit(await read(store), [patch(0, { status: "running" })]);
  expect((await lstat(path)).isSymbolicLink()).toBe(true);
  expect((await stat(real)).mode & 0o777).toBe(0o640);
  expect(taskOf(await readFile(real, "utf8"), 0).status).toBe("running");
});

test("what a killed writer left is neither read nor in the way", async () => {
  await writeFile(join(folder, ".manifest.json.coppice-new"), "{ half");
  const store = open();
  await store.commit(await read(store), [patch(0, { status: "running" })]);
  expect(await readdir(folder)).toEqual(["manifest.json", "state"]);
});

test("a new manifest replaces only what its maker saw", async () => {
  const store = open();
  await expect(store.create("new", null)).rejects.toMatchObject({ code: "manifest-exists" });
  await expect(store.create("new", "old")).rejects.toMatchObject({ code: "manifest-changed" });
  expect(await readFile(path, "utf8")).toBe(textOf(2));
  await store.create("new", textOf(2));
  expect(await readFile(path, "utf8")).toBe("new");
  await rm(path);
  await store.create("first", null);
  expect(await readFile(path, "utf8")).toBe("first");
});

test("a folder that cannot be written is an error with a remedy, and the file stays", async () => {
  path = join(folder, "missing", "manifest.json");
  await expect(open().create("new", null)).rejects.toMatchObject({
    code: "write-failed",
    kind: "machine",
    hint: expect.stringContaining("folder"),
  });
});

test("out of file descriptors, a write is told as done or leaves the file as it was", async () => {
  const old = textOf(2);
  const outcomes = new Set<string>();
  for (let free = 0; free < 8; free += 1) {
    await writeFile(path, old);
    const filled = await fillDescriptors(free);
    const outcome = await replaceFile(path, textOf(3), old).then(
      ({ kind }) => kind,
      () => "refused",
    );
    await filled.release();
    expect([outcome, await readFile(path, "utf8")]).toEqual([
      outcome,
      outcome === "replaced" ? textOf(3) : old,
    ]);
    outcomes.add(outcome);
  }
  expect([...outcomes]).toEqual(["refused", "replaced"]);
});

/** Takes all file descriptors that this process may have but a few. */
async function fillDescriptors(free: number): Promise<{ release: () => Promise<void> }> {
  const limit = (most: string) => exec("prlimit", ["--pid", `${process.pid}`, `--nofile=${most}:`]);
  const shown = await exec("prlimit", [
    ...["--pid", `${process.pid}`, "--nofile", "--output=SOFT", "--noheadings"],
  ]);
  await limit("256");
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch {
    for (const fd of taken.splice(0, free)) closeSync(fd);
  }
  return {
    async release() {
      for (const fd of taken) closeSync(fd);
      await limit(shown.stdout.trim());
    },
  };
}

import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createJournal, type JournalOptions } from "../../src/adapters/fs/journal.ts";
import { createLocks } from "../../src/adapters/fs/locks.ts";
import type { CoppiceEvent } from "../../src/ports/journal.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "cop-journal-"));
  path = join(folder, "state", "events.jsonl");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const journal = (more: Partial<JournalOptions> = {}) =>
  createJournal({
    path,
    run: "r1",
    fence: 7,
    beat: () => 3,
    redact: (text) => text.replaceAll('s3"cret', "***"),
    clock: { now: () => 1_760_000_000_000 },
    locks: createLocks(),
    ...more,
  });

const probe = (what: string): CoppiceEvent => ({ kind: "probe-unknown", what, reason: "why" });
const names = async (lines: number, from = journal()) =>
  (await from.tail(lines)).map(({ event }) => (event.kind === "probe-unknown" ? event.what : ""));

test("events come back in their order, with run, fence, beat and time", async () => {
  const one = journal();
  await Promise.all(["a", "b", "c"].map((what) => one.append(probe(what))));
  expect(await names(2)).toEqual(["b", "c"]);
  expect(await names(0)).toEqual([]);
  expect((await one.tail(1))[0]).toEqual({
    at: "2025-10-09T08:53:20.000Z",
    run: "r1",
    fence: 7,
    beat: 3,
    event: probe("c"),
  });
});

test("there is nothing to read before the first event", async () => {
  expect(await journal().tail(10)).toEqual([]);
});

test("where lines are too long to read all that is asked for, none is left out in between", async () => {
  const long = (what: string): CoppiceEvent => ({
    kind: "probe-unknown",
    what,
    reason: "w".repeat(9000),
  });
  await journal().append(probe("a"));
  await journal({ bytesMax: 1 }).append(long("b"));
  expect(await names(3)).toEqual(["a", "b"]);
  await journal().append(long("c"));
  expect(await names(3)).toEqual(["c"]);
});

test("a line that a crash tore is left out, and the next one stands whole", async () => {
  await journal().append(probe("a"));
  await appendFile(path, '{"at":"2025-10-09T08:53');
  expect(await names(9)).toEqual(["a"]);
  await journal().append(probe("b"));
  expect(await names(9)).toEqual(["a", "b"]);
  expect((await readFile(path, "utf8")).split("\n")).toHaveLength(4);
});

test("a secret never reaches the file, also where JSON escapes it", async () => {
  await journal().append({ kind: "probe-unknown", what: "x", reason: 'token s3"cret is bad' });
  const text = await readFile(path, "utf8");
  expect(text).toContain("token *** is bad");
  expect(text).not.toContain("cret");
});

test("a large file is put aside once, and reading goes on into it", async () => {
  const small = journal({ bytesMax: 600 });
  const wanted = Array.from({ length: 9 }, (_, n) => `event-${n}`);
  for (const what of wanted) await small.append(probe(what));
  expect((await readFile(path, "utf8")).length).toBeLessThan(800);
  expect(await names(4, small)).toEqual(wanted.slice(-4));
});

import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { parsePs } from "../../../src/adapters/system/processes.ts";
import { identityOf, processesOf } from "../../../src/adapters/tmux/process-tree.ts";
import type { ProcessFact } from "../../../src/ports/processes.ts";

const process = (
  pid: number,
  parentPid: number,
  sessionId: number,
  startedAt = "1",
): ProcessFact => ({
  pid,
  parentPid,
  sessionId,
  startedAt,
  cpuSeconds: 0,
});
const TABLE = [
  process(1, 0, 1),
  process(50, 1, 50),
  process(100, 50, 100),
  process(101, 100, 100),
  process(102, 101, 102),
  process(103, 1, 100),
  process(200, 50, 200),
  process(201, 200, 200),
];
const pids = (found: readonly ProcessFact[]) => found.map(({ pid }) => pid).sort((a, b) => a - b);

test("a pane's processes are its tree, children with sessions of their own, and its session's orphans", () => {
  expect(pids(processesOf(TABLE, { panePid: 100, dead: false }))).toEqual([100, 101, 102, 103]);
});

test("of a dead pane the survivors are found, and a stranger with its number is spared", () => {
  const survivors = TABLE.filter(({ pid }) => pid !== 100);
  expect(pids(processesOf(survivors, { panePid: 100, dead: true }))).toEqual([101, 102, 103]);
  expect(pids(processesOf(TABLE, { panePid: 200, dead: true }))).toEqual([]);
});

test("a process found before is found again after its parent's end, but not another with its number", () => {
  const known = new Set([identityOf(process(102, 101, 102))]);
  const orphaned = [process(1, 0, 1), process(102, 1, 102)];
  const reused = [process(1, 0, 1), process(102, 1, 102, "2")];
  expect(pids(processesOf(orphaned, { panePid: 100, dead: true }, known))).toEqual([102]);
  expect(pids(processesOf(reused, { panePid: 100, dead: true }, known))).toEqual([]);
});

const tables = fc
  .array(fc.record({ parent: fc.nat(30), session: fc.nat(30) }), { minLength: 2, maxLength: 30 })
  .map((rows) => rows.map(({ parent, session }, pid) => process(pid, parent, session)));
test.prop([tables, fc.nat(29)])(
  "everything found descends from the pane or is of its session",
  (table, panePid) => {
    const found = processesOf(table, { panePid, dead: false });
    const numbers = new Set(found.map(({ pid }) => pid));
    for (const { pid, parentPid, sessionId } of found) {
      expect(pid === panePid || sessionId === panePid || numbers.has(parentPid)).toBe(true);
    }
    expect(numbers.size).toBe(found.length);
  },
);

test("ps is read in the words of macOS and of Linux", () => {
  const text = [
    "    1     0 Ss     3:25.31 Mon Jan 12 08:12:01 2026",
    "  812     1 S+     0:00.07 Fri Jan 16 21:00:59 2026",
    " 4711   812 Z      00:00:00 Fri Jan 16 21:01:00 2026",
    " 4712   812 Rl   2-03:04:05 Fri Jan 16 21:01:00 2026",
    "",
  ].join("\n");
  expect(parsePs(text)).toEqual([
    {
      pid: 1,
      parentPid: 0,
      sessionId: 0,
      cpuSeconds: 205.31,
      startedAt: "Mon Jan 12 08:12:01 2026",
    },
    {
      pid: 812,
      parentPid: 1,
      sessionId: 0,
      cpuSeconds: 0.07,
      startedAt: "Fri Jan 16 21:00:59 2026",
    },
    {
      pid: 4712,
      parentPid: 812,
      sessionId: 0,
      cpuSeconds: 183_845,
      startedAt: "Fri Jan 16 21:01:00 2026",
    },
  ]);
});

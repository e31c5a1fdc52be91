import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import type { StatusReport, StatusRow } from "../../../src/app/status.ts";
import { statusTable } from "../../../src/cli/status-table.ts";
import { TaskStatus } from "../../../src/manifest/status.ts";

const NOW_MS = Date.parse("2026-01-17T10:00:00Z");
const plain = (_: string, text: string): string => text;

function row(fields: Partial<StatusRow> = {}): StatusRow {
  return {
    task: "t1",
    phase: "Phase 1: Critical",
    status: "running",
    agent: "codex",
    verdict: "working",
    since: "2026-01-17T09:59:46Z",
    attempts: 1,
    branch: "fix/issue-1",
    pullRequest: null,
    waitsFor: null,
    title: "Greet",
    ...fields,
  };
}

function report(rows: readonly StatusRow[], more: Partial<StatusReport> = {}): StatusReport {
  return { project: "greeter", rows, counts: {}, pausedAgents: {}, warnings: [], ...more };
}

const waiting = row({
  task: "t2",
  status: "blocked",
  verdict: null,
  attempts: 0,
  branch: "fix/issue-2",
  waitsFor: "waits for t1 (running, both touch src/greet.js)",
});

test("a table that goes to a file keeps every word on its task's line", () => {
  const text = statusTable(
    report([row(), waiting], { counts: { running: 1, blocked: 1 } }),
    NOW_MS,
    plain,
    {
      columns: undefined,
    },
  );
  expect(text).toBe(
    [
      "greeter: 1 running, 1 blocked",
      "task  phase    status   agent  verdict       tries  branch       PR  waits for",
      "t1    Phase 1  running  codex  working 14 s  1      fix/issue-1",
      "t2    Phase 1  blocked  codex                0      fix/issue-2      t1 (running, both touch src/greet.js)",
    ].join("\n"),
  );
});

test("on a narrow terminal the reason stays whole and other columns go", () => {
  const text = statusTable(report([row(), waiting]), NOW_MS, plain, { columns: 60 });
  expect(text).toContain("task  status   verdict");
  expect(text.replace(/\s+/g, " ")).toContain("src/greet.js)");
  expect(text).not.toMatch(/Phase 1|codex/);
});

test("a live table that is taller than the terminal shows what needs attention and counts the rest", () => {
  const rows = Array.from({ length: 30 }, (_, index) =>
    row({
      task: `t${index}`,
      status: index === 25 ? "stuck" : index === 28 ? "running" : "merged",
    }),
  );
  const lines = statusTable(report(rows), NOW_MS, plain, { columns: 100, lines: 8 }).split("\n");
  expect(lines).toHaveLength(7);
  expect(lines.filter((line) => /^t\d/.test(line)).map((line) => line.split(" ")[0])).toEqual([
    "t0",
    "t1",
    "t25",
    "t28",
  ]);
  expect(lines.at(-1)).toBe("… and 26 more: coppice status shows all");
});

test("a paused agent is named with its reason below the table", () => {
  const pausedAgents = { codex: { until: "2026-01-17T12:00:00Z", why: "usage limit" } };
  const text = statusTable(report([row()], { pausedAgents }), NOW_MS, plain, { columns: 100 });
  expect(text.split("\n").at(-1)).toBe("codex is paused until 2026-01-17T12:00:00Z: usage limit");
});

const anyRow = fc.record({
  task: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
  status: fc.constantFrom(...TaskStatus.options),
  waitsFor: fc.option(fc.lorem({ maxCount: 20 })),
  pullRequest: fc.option(
    fc.record({ number: fc.integer({ min: 1, max: 99_999 }), url: fc.constant(null) }),
  ),
});

property.prop([
  fc.array(anyRow, { minLength: 1, maxLength: 40 }),
  fc.integer({ min: 80, max: 200 }),
  fc.integer({ min: 10, max: 60 }),
])("a live table never leaves its terminal", (fields, columns, lines) => {
  const drawn = statusTable(report(fields.map(row)), NOW_MS, plain, { columns, lines }).split("\n");
  expect(drawn.length).toBeLessThan(lines);
  expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(columns);
});

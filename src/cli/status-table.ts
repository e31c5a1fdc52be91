import Table from "cli-table3";
import type { StatusReport, StatusRow } from "../app/status.ts";
import type { Output } from "./output.ts";
import { STATUS_COLOUR } from "./render.ts";

/** The terminal's size in characters. Without `columns` no line is broken; with `lines` each task gets one. */
export interface Space {
  readonly columns: number | undefined;
  readonly lines?: number | undefined;
}

interface Column {
  readonly head: string;
  readonly cell: (row: StatusRow, nowMs: number) => string;
}

/** The table of `coppice status`, with the counts above it. */
export function statusTable(
  report: StatusReport,
  nowMs: number,
  paint: Output["paint"],
  space: Space,
): string {
  const pauses = Object.entries(report.pausedAgents).map(
    ([agent, pause]) =>
      `${agent} is paused${pause.until ? ` until ${pause.until}` : ""}: ${pause.why}`,
  );
  const rows = urgentRows(report.rows, (space.lines ?? Infinity) - LINES_AROUND - pauses.length);
  const hidden = report.rows.length - rows.length;
  const columns = fittingColumns(rows, nowMs, space.columns);
  const table = new Table({
    head: columns.map((column) => column.head),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
    chars: { ...NO_BORDER, middle: GAP },
    wordWrap: space.lines === undefined,
    wrapOnWordBoundary: true,
    colWidths: widthsOf(columns, rows, nowMs, space.columns),
  });
  for (const row of rows) {
    table.push(
      columns.map((column) => {
        const text = column.cell(row, nowMs);
        return column === STATUS ? paint(STATUS_COLOUR[row.status] ?? "bold", text) : text;
      }),
    );
  }
  const counts = Object.entries(report.counts).map(([status, count]) => `${count} ${status}`);
  return [
    `${paint("bold", report.project)}: ${counts.join(", ")}`,
    ...table
      .toString()
      .split("\n")
      .map((line) => line.trimEnd()),
    ...(hidden > 0 ? [`… and ${hidden} more: coppice status shows all`] : []),
    ...pauses,
  ].join("\n");
}

const STATUS: Column = { head: "status", cell: (row) => row.status };
const LAST: Column = {
  head: "waits for",
  cell: (row) => (row.waitsFor ?? "").replace(/^waits for /, "").replace(/\s+/g, " "),
};
const COLUMNS: readonly Column[] = [
  { head: "task", cell: (row) => row.task },
  { head: "phase", cell: (row) => row.phase.replace(/:.*$/, "") },
  STATUS,
  { head: "agent", cell: (row) => row.agent },
  { head: "verdict", cell: verdictOf },
  { head: "tries", cell: (row) => String(row.attempts) },
  { head: "branch", cell: (row) => row.branch },
  { head: "PR", cell: (row) => (row.pullRequest ? `#${row.pullRequest.number}` : "") },
  LAST,
];
/** What a narrow terminal can do without, in this order. */
const DISPENSABLE: readonly string[] = ["phase", "agent", "branch", "tries"];
const GAP = "  ";
const LAST_COLUMNS_MIN = 24;
/** Counts, heading, the line that counts the hidden tasks, and the cursor's. */
const LINES_AROUND = 4;
const LIVE: readonly string[] = ["running", "stuck"];
const URGENCY: readonly string[] = ["error", "stuck", "running", "complete", "pending", "blocked"];

/** As many tasks as there are lines, those that matter now first; in the manifest's order. */
function urgentRows(rows: readonly StatusRow[], lines: number): readonly StatusRow[] {
  if (rows.length <= lines) return rows;
  const rank = ({ status }: StatusRow): number =>
    URGENCY.includes(status) ? URGENCY.indexOf(status) : URGENCY.length;
  const kept = new Set(rows.toSorted((a, b) => rank(a) - rank(b)).slice(0, Math.max(1, lines)));
  return rows.filter((row) => kept.has(row));
}

/** What a session is doing; of no interest once it has delivered. */
function verdictOf(row: StatusRow, nowMs: number): string {
  if (row.verdict === null || !LIVE.includes(row.status)) return "";
  return row.since === null ? row.verdict : `${row.verdict} ${ago(nowMs - Date.parse(row.since))}`;
}

function fittingColumns(
  rows: readonly StatusRow[],
  nowMs: number,
  width: number | undefined,
): readonly Column[] {
  let columns = COLUMNS;
  for (const head of DISPENSABLE) {
    if (takenBy(columns, rows, nowMs) + LAST_COLUMNS_MIN < (width ?? Infinity)) break;
    columns = columns.filter((column) => column.head !== head);
  }
  return columns;
}

/** The last column takes what the others leave; null: as wide as its text. */
function widthsOf(
  columns: readonly Column[],
  rows: readonly StatusRow[],
  nowMs: number,
  width: number | undefined,
): (number | null)[] {
  const widths = columns.map((column) => widestCell(column, rows, nowMs));
  if (width === undefined) return widths;
  const left = width - 1 - takenBy(columns, rows, nowMs);
  return [...widths.slice(0, -1), Math.max(1, Math.min(left, widths.at(-1) ?? 1))];
}

/** Characters that all columns but the last take, with their gaps. */
const takenBy = (columns: readonly Column[], rows: readonly StatusRow[], nowMs: number): number =>
  columns
    .filter((column) => column !== LAST)
    .reduce((sum, column) => sum + widestCell(column, rows, nowMs) + GAP.length, 0);

const widestCell = (column: Column, rows: readonly StatusRow[], nowMs: number): number =>
  Math.max(column.head.length, ...rows.map((row) => column.cell(row, nowMs).length));

const NO_BORDER = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
};

/** A span of milliseconds in its largest fitting unit, e.g. `14 s`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

import Table from "cli-table3";
import type { CleanupItem } from "../app/cleanup.ts";
import type { Finding } from "../app/doctor.ts";
import type { StatusReport, StatusRow } from "../app/status.ts";
import type { Action } from "../decide/action.ts";
import { unreachable } from "../manifest/errors.ts";
import type { Problem } from "../manifest/problem.ts";
import type { CoppiceEvent } from "../ports/journal.ts";
import type { Output } from "./output.ts";

type Paint = Output["paint"];

const STATUS_COLOUR: Readonly<Record<string, Parameters<Paint>[0]>> = {
  running: "cyan",
  stuck: "yellow",
  error: "red",
  complete: "green",
  pr_open: "green",
  merged: "green",
  blocked: "dim",
  pending: "dim",
};

/** The table of `coppice status`, with the counts below it. */
export function statusTable(
  report: StatusReport,
  nowMs: number,
  paint: Paint,
  width: number,
): string {
  const table = new Table({
    head: ["task", "phase", "status", "agent", "verdict", "tries", "branch", "PR", "waits for"],
    style: { head: [], border: [], compact: true },
    chars: PLAIN,
    wordWrap: true,
    wrapOnWordBoundary: true,
    colWidths: columnWidths(report.rows, width),
  });
  for (const row of report.rows) {
    table.push([
      row.task,
      row.phase.replace(/:.*$/, ""),
      paint(STATUS_COLOUR[row.status] ?? "bold", row.status),
      row.agent,
      row.verdict === null
        ? ""
        : `${row.verdict}${row.since ? ` ${ago(nowMs - Date.parse(row.since))}` : ""}`,
      String(row.attempts),
      row.branch,
      row.pullRequest === null ? "" : `#${row.pullRequest.number}`,
      row.waitsFor ?? "",
    ]);
  }
  const counts = Object.entries(report.counts).map(([status, count]) => `${count} ${status}`);
  return [
    `${paint("bold", report.project)}: ${counts.join(", ")}`,
    table.toString(),
    ...Object.entries(report.pausedAgents).map(
      ([agent, pause]) =>
        `${agent} is paused${pause.until ? ` until ${pause.until}` : ""}: ${pause.why}`,
    ),
  ].join("\n");
}

const PLAIN = {
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
  middle: " ",
};

/** The last column takes what the others leave. */
function columnWidths(rows: readonly StatusRow[], width: number): (number | null)[] {
  const widest = (heading: string, cells: readonly string[]) =>
    Math.max(heading.length, ...cells.map((cell) => cell.length)) + 2;
  const taken = [
    widest(
      "task",
      rows.map((row) => row.task),
    ),
    widest(
      "phase",
      rows.map((row) => row.phase.replace(/:.*$/, "")),
    ),
    widest(
      "status",
      rows.map((row) => row.status),
    ),
    widest(
      "agent",
      rows.map((row) => row.agent),
    ),
    widest(
      "verdict",
      rows.map((row) => (row.verdict ? `${row.verdict} 99 min` : "")),
    ),
    7,
    widest(
      "branch",
      rows.map((row) => row.branch),
    ),
    widest(
      "PR",
      rows.map((row) => (row.pullRequest ? `#${row.pullRequest.number}` : "")),
    ),
  ];
  const used = taken.reduce((sum, one) => sum + one + 1, 0);
  return [...taken, Math.max(20, width - used - 1)];
}

/** A span of milliseconds in its largest fitting unit, e.g. `14 s`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/** One line for people; undefined for events that only the journal needs. */
export function eventLine(event: CoppiceEvent, paint: Paint): string | undefined {
  switch (event.kind) {
    case "run-started":
      return `${event.project}: ${event.tasks} tasks, ${event.maxParallel} at the same time`;
    case "run-ended":
      return undefined;
    case "status-changed":
      return `${event.taskId} ${event.from} → ${paint(STATUS_COLOUR[event.to] ?? "bold", event.to)}${event.why ? `: ${event.why}` : ""}`;
    case "verdict-changed":
      return undefined;
    case "action-begun":
      return undefined;
    case "action-done":
      return `${event.action.taskId} ${event.action.kind}: ${event.result}`;
    case "action-failed":
      return paint(
        "yellow",
        `${event.action.taskId} ${event.action.kind} failed: ${event.message}. ${event.hint}`,
      );
    case "pull-request":
      return `${event.taskId} pull request #${event.number} ${event.adopted ? "was there already" : "opened"}: ${event.url}`;
    case "preserved":
      return `${event.taskId} saved: ${event.refs.join(", ")}`;
    case "edit-kept":
      return `your edit of ${event.taskId ? `${event.taskId}.` : ""}${event.field} was kept`;
    case "manifest-invalid":
      return paint(
        "red",
        [
          "the manifest cannot be read; nothing is started until it is mended, running agents go on:",
          ...event.problems.map((one) => `  ${one.place} ${one.message}\n    ${one.remedy}`),
        ].join("\n"),
      );
    case "manifest-mended":
      return "the manifest can be read again";
    case "agent-paused":
      return `${event.agent} is paused${event.until ? ` until ${event.until}` : ""}: ${event.why}`;
    case "probe-unknown":
      return paint("yellow", `${event.what} did not answer: ${event.reason}`);
    case "standstill":
      return [
        "nothing moves without you:",
        ...event.waits.map((wait) => `  ${wait.taskId} ${wait.reason}`),
      ].join("\n");
    default:
      return unreachable(event);
  }
}

/** `file:line:column` with the mistake, the field and the remedy. */
export function problemLines(problems: readonly Problem[], paint: Paint): string {
  return problems
    .map((one) => {
      const word = paint(one.severity === "error" ? "red" : "yellow", one.severity);
      return `${one.file}:${one.line}:${one.column} ${word} ${one.message}${one.field ? ` (${one.field})` : ""}\n  ${one.remedy}`;
    })
    .join("\n");
}

export function doctorLines(findings: readonly Finding[], paint: Paint): string {
  const mark = {
    ok: paint("green", "ok     "),
    note: paint("yellow", "note   "),
    problem: paint("red", "problem"),
  };
  return findings
    .map(
      (one) =>
        `${mark[one.state]} ${one.subject}: ${one.detail}${one.fix ? `\n        ${one.fix}` : ""}`,
    )
    .join("\n");
}

export function cleanupLines(items: readonly CleanupItem[], dryRun: boolean): string {
  if (items.length === 0) return "nothing to clean up";
  return items
    .map((item) => {
      const what = `${item.taskId} (${item.status}) session, ${item.worktree}, branch ${item.branch}`;
      if (item.plan.kind === "keep") return `keep    ${what}: ${item.plan.why}`;
      return dryRun ? `remove  ${what}` : `${item.result ?? ""}  ${what}`;
    })
    .join("\n");
}

/** What a beat would do, as one line. */
export function actionLine(action: Action): string {
  switch (action.kind) {
    case "start":
      return `${action.taskId} start ${action.agent} on ${action.branch} from ${action.startPoint.kind === "base" ? action.startPoint.base : action.startPoint.branches.join(" and ")}`;
    case "restart":
    case "resume":
      return `${action.taskId} ${action.kind} ${action.agent}, attempt ${action.attempt}: ${action.why}`;
    case "answer":
      return `${action.taskId} answer ${JSON.stringify(action.answer)} to ${action.dialogId}`;
    case "nudge":
      return `${action.taskId} nudge: ${action.why}`;
    case "stop-session":
      return `${action.taskId} end the session: ${action.why}`;
    case "verify":
      return `${action.taskId} verify ${action.sha.slice(0, 9)}`;
    case "deliver":
      return `${action.taskId} push ${action.sha.slice(0, 9)} to ${action.branch}, pull request onto ${action.base}`;
    case "retire":
      return `${action.taskId} remove session, worktree and branch ${action.branch}: ${action.why}`;
    default:
      return unreachable(action);
  }
}

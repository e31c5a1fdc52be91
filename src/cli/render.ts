import type { CleanupItem } from "../app/cleanup.ts";
import type { Finding } from "../app/doctor.ts";
import type { Presence } from "../app/presence.ts";
import type { Action } from "../decide/action.ts";
import type { TaskWait } from "../decide/wait.ts";
import { unreachable } from "../manifest/errors.ts";
import type { Problem } from "../manifest/problem.ts";
import { isWaiting, type TaskStatus } from "../manifest/status.ts";
import type { CoppiceEvent } from "../ports/journal.ts";
import type { Output } from "./output.ts";

type Paint = Output["paint"];

/** How each status is painted; others are bold. */
export const STATUS_COLOUR: Readonly<Record<string, Parameters<Paint>[0]>> = {
  running: "cyan",
  stuck: "yellow",
  error: "red",
  complete: "green",
  pr_open: "green",
  merged: "green",
  blocked: "dim",
  pending: "dim",
};

/** One line for people; undefined for events that only the journal needs. */
export function eventLine(event: CoppiceEvent, paint: Paint): string | undefined {
  switch (event.kind) {
    case "run-started":
      return `${event.project}: ${event.tasks} tasks, ${event.maxParallel} at the same time`;
    case "run-ended":
      return undefined;
    case "status-changed":
      return isToldOtherwise(event)
        ? undefined
        : `${event.taskId} ${event.from} → ${paint(STATUS_COLOUR[event.to] ?? "bold", event.to)}${event.why ? `: ${event.why}` : ""}`;
    case "verdict-changed":
      return undefined;
    case "action-begun":
    case "answered":
      return undefined;
    case "action-done":
      return doneLine(event.action, event.result, paint);
    case "action-failed":
      return paint(
        "yellow",
        `${event.action.taskId} ${event.action.kind} failed: ${event.message}. ${event.hint}`,
      );
    case "pull-request":
      return event.adopted
        ? `${event.taskId} had its pull request #${event.number} already`
        : undefined;
    case "order-learned":
      return event.change === "held"
        ? `${event.taskId} waits for ${event.on}: ${event.why}`
        : `${event.taskId} no longer waits for ${event.on}: its commits leave alone what was feared (${event.why})`;
    case "collision":
      return paint(
        "yellow",
        `${event.taskId} and ${event.other} do not merge: ${event.files.slice(0, 3).join(", ")}${event.files.length > 3 ? ` and ${event.files.length - 3} more` : ""}`,
      );
    case "preserved":
      return `${event.taskId} saved: ${event.refs.join(", ")}`;
    case "edit-kept":
      return `your edit of ${event.taskId ? `${event.taskId}.` : ""}${event.field} was kept`;
    case "edit-refused":
      return paint(
        "yellow",
        `your edit of ${event.taskId}.${event.field} was put back: ${event.reason}`,
      );
    case "stray-session":
      return paint(
        "yellow",
        `${event.taskId} is not in the manifest and its session goes on: put it back, or end it with coppice cleanup --all`,
      );
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
    case "trouble":
      return paint("red", `everything waits: ${event.message}. ${event.hint}`);
    case "trouble-over":
      return "the machine is well again; the run goes on";
    case "standstill":
      return standstillLines(event.waits);
    default:
      return unreachable(event);
  }
}

/** Only those whose turn it is; the others wait for them. */
function standstillLines(waits: readonly TaskWait[]): string {
  const held = new Set(waits.map((wait) => wait.taskId));
  const first = waits.filter((wait) => !wait.on.some((id) => held.has(id)));
  const rest = waits.length - first.length;
  return [
    "nothing moves without you:",
    ...first.map((wait) => `  ${wait.taskId} ${wait.reason}`),
    ...(rest > 0 ? [`  ${rest} more ${rest === 1 ? "waits" : "wait"} for these`] : []),
  ].join("\n");
}

/** Waiting is in the table, starts and pull requests are told by what was done. */
function isToldOtherwise({ from, to }: { from: TaskStatus; to: TaskStatus }): boolean {
  return to === "pr_open" || (isWaiting(from) && (isWaiting(to) || to === "running"));
}

function doneLine(action: Action, result: string, paint: Paint): string | undefined {
  switch (action.kind) {
    case "start":
      return `${action.taskId} → ${paint("cyan", "running")}: ${result}`;
    case "restart":
      return `${action.taskId} restart: ${result}`;
    case "resume":
      return `${action.taskId} ${action.as}: ${result}`;
    case "answer":
    case "nudge":
    case "verify":
      return `${action.taskId} ${result}`;
    case "deliver":
      return `${action.taskId} → ${paint("green", "pull request")} ${result}`;
    case "retire":
      return `${action.taskId} clean-up: ${result}`;
    case "stop-session":
      return undefined;
    default:
      return unreachable(action);
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
      return `${action.taskId} restart ${action.agent}, attempt ${action.attempt}: ${action.why}`;
    case "resume":
      return `${action.taskId} ${action.as} ${action.agent}, attempt ${action.attempt}: ${action.why}`;
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

/** Who works on a manifest now, in one line. */
export function presenceLine({ holder, trouble }: Presence, paint: Output["paint"]): string {
  if (holder === null) return "no coppice is at work on it: coppice run goes on";
  const who = `${holder.purpose} (process ${holder.pid} on ${holder.host}) is at work`;
  return trouble === null
    ? who
    : paint("red", `${who}, but everything waits: ${trouble.message}. ${trouble.hint}`);
}

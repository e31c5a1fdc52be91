import { plainLine } from "../manifest/plain-text.ts";
import type { TaskStatus } from "../manifest/status.ts";
import type { Task } from "../manifest/task.ts";

/** The first line of a task in a picture, e.g. `t1 #12`. */
export const nameLine = (task: Task): string =>
  task.issue === null ? task.id : `${task.id} #${task.issue}`;

/** The title for a picture: one line of plain text. */
export const titleLine = (task: Task): string => plainLine(task.title, 48);

/** Light fill and dark line of a status; dark text is readable on every fill. */
export const STATUS_COLOURS: Readonly<Record<TaskStatus, { fill: string; line: string }>> = {
  draft: { fill: "#ffffff", line: "#9aa4b2" },
  planned: { fill: "#ffffff", line: "#6b7688" },
  pending: { fill: "#f1f3f6", line: "#6b7688" },
  blocked: { fill: "#f1f3f6", line: "#6b7688" },
  running: { fill: "#e3f0ff", line: "#1f6fd1" },
  stuck: { fill: "#fff2d6", line: "#b97400" },
  error: { fill: "#ffe4e1", line: "#c22f23" },
  complete: { fill: "#e2f5e6", line: "#2b8a4b" },
  pr_open: { fill: "#e2f5e6", line: "#2b8a4b" },
  merged: { fill: "#ece4fb", line: "#6f42c1" },
  cancelled: { fill: "#ffffff", line: "#9aa4b2" },
  archived: { fill: "#ffffff", line: "#9aa4b2" },
};

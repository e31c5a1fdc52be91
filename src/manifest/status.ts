import { z } from "zod";

/** The life of a task. `draft` and `planned` come before approval; `archived` is out of sight. */
export const TaskStatus = z.enum([
  "draft",
  "planned",
  "pending",
  "blocked",
  "running",
  "stuck",
  "error",
  "complete",
  "pr_open",
  "merged",
  "cancelled",
  "archived",
]);
export type TaskStatus = z.infer<typeof TaskStatus>;

/** Who asks for a change of status. */
export type Actor = "heartbeat" | "person" | "planner";

const HEARTBEAT: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  draft: [],
  planned: [],
  pending: ["blocked", "running", "error", "complete", "pr_open", "merged"],
  blocked: ["pending", "running", "error", "complete", "pr_open", "merged"],
  running: ["pending", "stuck", "error", "complete", "pr_open", "merged"],
  stuck: ["pending", "running", "error", "complete", "pr_open", "merged"],
  error: ["pr_open", "merged"],
  // Back to its agent: it does not merge with the base any more.
  complete: ["running", "error", "pr_open", "merged"],
  // Back to its agent: its checks failed.
  pr_open: ["running", "merged", "error"],
  merged: ["archived"],
  cancelled: ["archived"],
  archived: [],
};

const PERSON: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  draft: ["planned", "pending", "cancelled", "archived"],
  planned: ["draft", "pending", "cancelled", "archived"],
  pending: ["draft", "planned", "complete", "cancelled", "archived"],
  blocked: ["draft", "planned", "pending", "complete", "cancelled", "archived"],
  running: ["pending", "complete", "cancelled"],
  stuck: ["pending", "running", "complete", "cancelled"],
  error: ["pending", "complete", "cancelled", "archived"],
  complete: ["pending", "cancelled", "archived", "merged"],
  pr_open: ["pending", "cancelled", "merged", "archived"],
  merged: ["pending", "archived"],
  cancelled: ["pending", "draft", "archived"],
  archived: ["pending", "draft"],
};

const PLANNER: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  draft: ["planned", "pending"],
  planned: ["pending"],
  pending: ["cancelled"],
  blocked: ["cancelled", "pending"],
  running: [],
  stuck: [],
  error: [],
  complete: [],
  pr_open: [],
  merged: [],
  cancelled: [],
  archived: [],
};

const TABLE: Readonly<Record<Actor, typeof HEARTBEAT>> = {
  heartbeat: HEARTBEAT,
  person: PERSON,
  planner: PLANNER,
};

/** Says whether `actor` may move a task from one status to another; staying is always legal. */
export function mayChange(actor: Actor, from: TaskStatus, to: TaskStatus): boolean {
  return from === to || TABLE[actor][from].includes(to);
}

/** Its work is delivered or taken back: it no longer holds its phase's gate. */
export function passesGate(status: TaskStatus): boolean {
  return ["complete", "pr_open", "merged", "cancelled", "archived"].includes(status);
}

/** Its commits exist on its branch or in the base, so a dependent may build on them. */
export function isDelivered(status: TaskStatus): boolean {
  return status === "complete" || status === "pr_open" || status === "merged";
}

/** It may have a live session. */
export function isActive(status: TaskStatus): boolean {
  return status === "running" || status === "stuck";
}

/** It is waiting to be started. */
export function isWaiting(status: TaskStatus): boolean {
  return status === "pending" || status === "blocked";
}

import type { TaskId } from "./task.ts";

/** The tmux session of a task. */
export const sessionNameOf = (taskId: TaskId): string => `task-${taskId}`;

/** The tmux session in which a task's `verify` command runs. */
export const verifySessionNameOf = (taskId: TaskId): string => `verify-${taskId}`;

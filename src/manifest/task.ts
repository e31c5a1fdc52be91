import { z } from "zod";
import { closedObject } from "./closed-object.ts";
import { TaskStatus } from "./status.ts";
import { VerdictKind } from "./verdict-kind.ts";

/** A task's name. It becomes part of branch, folder and tmux names, hence the strict pattern. */
export const TaskId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, {
    message: "an id has 1 to 63 letters, digits and dashes and begins with a letter or digit",
  })
  .brand<"TaskId">();
export type TaskId = z.infer<typeof TaskId>;

/** A branch name from the safe part of what git allows. */
export const BranchName = z
  .string()
  .regex(
    /^(?!.*(?:\.\.|\/\/|\.lock(?:\/|$)|\/\.|\.\/))[A-Za-z0-9][A-Za-z0-9._/-]{0,199}(?<![./])$/,
    { message: "a branch name has letters, digits, dots, dashes, underscores and slashes only" },
  );
export type BranchName = z.infer<typeof BranchName>;

export const Priority = z.enum(["critical", "high", "medium", "low"]);
export type Priority = z.infer<typeof Priority>;

export const OverlapRule = z.enum(["serial", "parallel"]);

/** One program with its arguments, e.g. `["npm","test"]`; a string is run by `sh -c` in the worktree. */
export const CommandLine = z.union([z.string().min(1), z.array(z.string()).min(1)]);
export type CommandLine = z.infer<typeof CommandLine>;

const Timestamp = z.iso.datetime({ offset: true });

/**
 * What the heartbeat remembers of a task between two beats. A person reads it and need not edit it.
 * Times are ISO 8601 strings.
 */
export const TaskState = closedObject({
  /** The branch that this task's branch started from, when not the base: the parent task's. */
  parent: TaskId.nullable().optional(),
  /** The commit at which the branch forked: commits ahead are counted from here. */
  forkPoint: z.string().optional(),
  /** The agent of the current attempt. */
  agent: z.string().optional(),
  /** The agent's own conversation id, when it is known. */
  conversation: z.string().optional(),
  verdict: VerdictKind.optional(),
  verdictSince: Timestamp.optional(),
  why: z.string().optional(),
  /** Key of everything that counts as progress; `lastProgress` of the task is when it last changed. */
  progressKey: z.string().optional(),
  /** `attempts` before the newest start from `pending`: the policy counts from here. */
  attemptsBefore: z.number().int().min(0).optional(),
  answers: z.number().int().min(0).optional(),
  nudges: z.number().int().min(0).optional(),
  resumes: z.number().int().min(0).optional(),
  lastHealAt: Timestamp.optional(),
  /** Nothing is started or tried again before this time. */
  notBefore: Timestamp.optional(),
  /** The commit that was proved finished: this one is delivered. */
  provedSha: z.string().optional(),
  pushedSha: z.string().optional(),
  /** Failed deliveries in a row. */
  deliveryFailures: z.number().int().min(0).optional(),
  startFailures: z.number().int().min(0).optional(),
});
export type TaskState = z.infer<typeof TaskState>;

/** One unit of work: an issue, a branch, a worktree, a session and, in the end, a pull request. */
export const Task = closedObject({
  id: TaskId,
  issue: z.number().int().positive().nullable().default(null),
  title: z.string().default(""),
  /** The issue's text, as data: it reaches the agent fenced. */
  body: z.string().optional(),
  files: z.array(z.string()).default([]),
  dependsOn: z.array(TaskId).default([]),
  status: TaskStatus.default("pending"),
  worktree: z.string().nullable().default(null),
  tmuxSession: z.string().nullable().default(null),
  startedAt: Timestamp.nullable().default(null),
  lastProgress: Timestamp.nullable().default(null),
  completedAt: Timestamp.nullable().default(null),
  prNumber: z.number().int().positive().nullable().default(null),
  prUrl: z.string().nullable().optional(),
  branch: BranchName.optional(),
  base: BranchName.optional(),
  agent: z.string().optional(),
  agents: z.array(z.string()).optional(),
  command: z.array(z.string()).min(1).optional(),
  model: z.string().optional(),
  modelTier: z.string().optional(),
  /** The person's own instruction; it stands before the issue's text. */
  prompt: z.string().optional(),
  verify: CommandLine.optional(),
  setup: CommandLine.optional(),
  copyFiles: z.array(z.string()).optional(),
  overlap: OverlapRule.optional(),
  priority: Priority.optional(),
  labels: z.array(z.string()).optional(),
  /** Starts so far. */
  attempts: z.number().int().min(0).optional(),
  error: z.string().nullable().optional(),
  /** Why the planner made this task what it is: phase, edges, files. */
  reasons: z.array(z.string()).optional(),
  state: TaskState.optional(),
});
export type Task = z.infer<typeof Task>;

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

/** With a terminal and a composer, or as a program that gets its words, works, and ends. */
export const AgentMode = z.enum(["interactive", "headless"]);
export type AgentMode = z.infer<typeof AgentMode>;

/** One program with its arguments, e.g. `["npm","test"]`; a string is run by `sh -c` in the worktree. */
export const CommandLine = z.union([z.string().min(1), z.array(z.string()).min(1)]);
export type CommandLine = z.infer<typeof CommandLine>;

const Timestamp = z.iso.datetime({ offset: true });

/**
 * What the heartbeat remembers of a task between two beats. A person reads it and need not edit it.
 * Times are ISO 8601 strings.
 */
export const TaskState = closedObject({
  parent: TaskId.nullable()
    .optional()
    .describe(
      "The branch that this task's branch started from, when not the base: the parent task's.",
    ),
  forkPoint: z
    .string()
    .optional()
    .describe("The commit at which the branch forked: commits ahead are counted from here."),
  agent: z.string().optional().describe("The agent of the current attempt."),
  conversation: z
    .string()
    .optional()
    .describe("The agent's own conversation id, when it is known."),
  verdict: VerdictKind.optional(),
  verdictSince: Timestamp.optional(),
  why: z.string().optional(),
  progressKey: z
    .string()
    .optional()
    .describe(
      "Key of everything that counts as progress; `lastProgress` of the task is when it last changed.",
    ),
  attemptsBefore: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe("`attempts` before the newest start from `pending`: the policy counts from here."),
  answers: z.number().int().min(0).optional(),
  nudges: z.number().int().min(0).optional(),
  resumes: z.number().int().min(0).optional(),
  lastHealAt: Timestamp.optional(),
  tried: z
    .array(z.string())
    .optional()
    .describe("What was tried to get it going, oldest first; the next attempt is told."),
  notBefore: Timestamp.optional().describe("Nothing is started or tried again before this time."),
  limitGuessed: z
    .literal(true)
    .optional()
    .describe("Its agent's limit told no time: `notBefore` is a guess."),
  provedSha: z
    .string()
    .optional()
    .describe("The commit that was proved finished: this one is delivered."),
  pushedSha: z.string().optional(),
  touched: z
    .array(z.string())
    .optional()
    .describe(
      "What its branch and worktree have changed so far; left out where it is too much to list.",
    ),
  commits: z.number().int().min(0).optional().describe("Commits of its own so far."),
  collides: z
    .array(TaskId)
    .optional()
    .describe("Tasks with whose unmerged work its own does not merge now."),
  collisionsTold: z
    .array(TaskId)
    .optional()
    .describe("Tasks of whose changes, which do not merge with its own, its agent was told."),
  baseConflict: closedObject({
    tip: z.string().describe("The base's commit."),
    base: z.string(),
    files: z.array(z.string()),
  })
    .optional()
    .describe("Where its finished work does not merge with the base; its agent is to be asked."),
  merges: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe("Times that its agent was asked to merge the base."),
  checksTold: z
    .string()
    .optional()
    .describe("The commit of whose failed checks its agent was told last."),
  checkTries: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe("Times that its agent was told of failed checks."),
  deliveryFailures: z.number().int().min(0).optional().describe("Failed deliveries in a row."),
  startFailures: z.number().int().min(0).optional(),
});
export type TaskState = z.infer<typeof TaskState>;

/** A file that a task will probably touch, by the planner's model; a person may correct, move or delete it. */
export const ProbableFile = closedObject({
  path: z.string().describe("Relative to the repository."),
  confidence: z.number().min(0).max(1).describe("How likely the task touches it."),
  why: z.string().default("").describe("What speaks for it."),
});

/** One unit of work: an issue, a branch, a worktree, a session and, in the end, a pull request. */
export const Task = closedObject({
  id: TaskId.describe(
    "Its name, unique in the manifest: part of branch, folder and session names.",
  ),
  issue: z.number().int().positive().nullable().default(null).describe("The number of its issue."),
  part: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("Which part of its issue it is: its pull request does not close the issue."),
  title: z.string().default("").describe("One line; the title of the pull request."),
  body: z.string().optional().describe("The issue's text, as data: it reaches the agent fenced."),
  files: z
    .array(z.string())
    .default([])
    .describe(
      "Files and folders that it will touch, relative to the repository. Tasks that share one run in order.",
    ),
  predicted: z
    .array(ProbableFile)
    .optional()
    .describe(
      "Files that nobody named and that it will probably touch. They order tasks like `files`; those that would only cost waiting are left out.",
    ),
  dependsOn: z.array(TaskId).default([]).describe("Tasks whose work must be delivered first."),
  status: TaskStatus.default("pending").describe(
    "How far it is. Set pending to have it done (again), cancelled to take it back.",
  ),
  worktree: z.string().nullable().default(null).describe("Its checkout; kept by the heartbeat."),
  tmuxSession: z.string().nullable().default(null).describe("Its session; kept by the heartbeat."),
  startedAt: Timestamp.nullable().default(null).describe("First start; kept by the heartbeat."),
  lastProgress: Timestamp.nullable()
    .default(null)
    .describe("Last sign of progress; kept by the heartbeat."),
  completedAt: Timestamp.nullable()
    .default(null)
    .describe("When its work was proved done; kept by the heartbeat."),
  prNumber: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe("Its pull request; kept by the heartbeat."),
  prUrl: z.string().nullable().optional(),
  branch: BranchName.optional().describe(
    "Its branch; default: branchPrefix with issue-N, or with the id.",
  ),
  base: BranchName.optional().describe(
    "The branch that its pull request goes to; default: that of the manifest.",
  ),
  agent: z.string().optional().describe("Its agent; overrules the manifest."),
  agents: z
    .array(z.string())
    .optional()
    .describe("Agents in the order in which they are tried; overrules `agent`."),
  command: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("The program of the agent `command`; overrules the manifest."),
  mode: AgentMode.optional().describe("How its agent is run; overrules the manifest."),
  model: z.string().optional(),
  modelTier: z.string().optional(),
  prompt: z
    .string()
    .optional()
    .describe("The person's own instruction; it stands before the issue's text."),
  verify: CommandLine.optional().describe(
    "Must pass before the work is delivered; overrules the manifest.",
  ),
  setup: CommandLine.optional().describe("Run once in the fresh worktree; overrules the manifest."),
  copyFiles: z
    .array(z.string())
    .optional()
    .describe("Ignored files to copy into the worktree; overrules the manifest."),
  overlap: OverlapRule.optional().describe(
    "`parallel`: it may run beside tasks that touch the same files.",
  ),
  priority: Priority.optional(),
  labels: z.array(z.string()).optional(),
  estimate: z
    .number()
    .positive()
    .max(100)
    .optional()
    .describe("How long it will take beside an ordinary task: 0.5 is half as long; default: 1."),
  attempts: z.number().int().min(0).optional().describe("Starts so far."),
  error: z.string().nullable().optional().describe("Why it failed, in plain words."),
  reasons: z
    .array(z.string())
    .optional()
    .describe("Why the planner made this task what it is: phase, edges, files."),
  state: TaskState.optional(),
});
export type Task = z.infer<typeof Task>;

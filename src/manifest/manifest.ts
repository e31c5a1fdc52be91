import { z } from "zod";
import { closedObject } from "./closed-object.ts";
import { Permissions } from "./permissions.ts";
import { Policy } from "./policy.ts";
import { AgentMode, BranchName, CommandLine, OverlapRule, Task } from "./task.ts";

/** The newest version of the file that this program reads and writes. */
export const MANIFEST_VERSION = 1;

/** When a phase lets the next one begin: its work delivered, or merged. */
export const Gate = z.enum(["delivered", "merged"]);

export const Phase = closedObject({
  name: z.string().min(1),
  gate: Gate.default("delivered").describe(
    "What lets the next phase begin: this one delivered, or merged.",
  ),
  tasks: z.array(Task),
});
export type Phase = z.infer<typeof Phase>;

/** How pull requests are opened. */
export const PullRequestSettings = closedObject({
  draft: z.boolean().default(false),
  labels: z.array(z.string()).default([]),
  reviewers: z.array(z.string()).default([]),
  title: z.string().min(1).optional().describe("`{issue}`, `{title}` and `{id}` are filled in."),
});
export type PullRequestSettings = z.infer<typeof PullRequestSettings>;

/** An agent that is stopped for all tasks: its limit is reached or its login is refused. */
export const PausedAgent = closedObject({
  until: z.iso.datetime({ offset: true }).nullable(),
  why: z.string(),
  guessed: z.literal(true).optional().describe("Nobody told the time: the agent is tried then."),
});

/** The document: what is to be done, in which order, and how far it is. */
export const Manifest = closedObject({
  $schema: z.string().optional(),
  version: z
    .literal(MANIFEST_VERSION)
    .default(MANIFEST_VERSION)
    .describe("The version of this file format."),
  project: z.string().min(1).describe("A name for people, and part of folder names."),
  repo: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]*\/[\w.-]+$/, { message: "a repository is written owner/name" })
    .optional()
    .describe("`owner/name` on the forge."),
  repoDir: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The checkout that the worktrees belong to; default: the current folder's repository.",
    ),
  forge: z
    .enum(["github", "local"])
    .optional()
    .describe("`github` or the embedded `local` one; default: by the URL of `origin`."),
  apiUrl: z.url().optional().describe("Address of the GitHub Enterprise API."),
  workdir: z
    .string()
    .min(1)
    .optional()
    .describe("Where worktrees, logs and sockets live; default: below the user's state folder."),
  socket: z.string().min(1).optional().describe("The tmux socket of this run."),
  created: z.iso.datetime({ offset: true }).optional().describe("When the manifest was planned."),
  base: BranchName.optional().describe(
    "The branch that pull requests go to; default: the default branch of `origin`.",
  ),
  branchPrefix: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/)
    .default("fix/")
    .describe("Begins the name of every branch that a task does not name itself."),
  agent: z.string().default("codex").describe("The coding agent: codex, claude, command …"),
  agents: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("Agents in the order in which they are tried; overrules `agent`."),
  command: z
    .array(z.string())
    .min(1)
    .optional()
    .describe(
      "The program of the agent `command`: `{promptFile}`, `{taskId}` and `{branch}` are filled in.",
    ),
  mode: AgentMode.default("interactive").describe(
    "`interactive`: agents keep a terminal that a person can join. `headless`: each turn is a program that ends; it is told more by resuming its conversation.",
  ),
  model: z.string().optional().describe("The model, as the agent names it."),
  modelTier: z.string().optional().describe("The effort, as the agent names it, e.g. high."),
  prompt: z
    .string()
    .optional()
    .describe("Instructions for every task; they stand before the issue's text."),
  verify: CommandLine.optional().describe(
    "Must pass in the worktree before work is delivered. Text is run by sh -c.",
  ),
  setup: CommandLine.optional().describe("Run once in every fresh worktree. Text is run by sh -c."),
  copyFiles: z
    .array(z.string())
    .default([])
    .describe("Ignored files to copy into every worktree, e.g. .env; patterns allowed."),
  overlap: OverlapRule.default("serial").describe(
    "`parallel`: tasks that touch the same files may run at the same time.",
  ),
  maxParallel: z
    .number()
    .int()
    .min(1)
    .max(500)
    .optional()
    .describe("Sessions at the same time; default: by cores and memory."),
  pullRequest: PullRequestSettings.prefault({}).describe("How pull requests are opened."),
  permissions: Permissions.prefault({}).describe("What agents may do without asking a person."),
  policy: Policy.prefault({}).describe("The limits of the run."),
  pausedAgents: z
    .record(z.string(), PausedAgent)
    .optional()
    .describe("Agents that wait, by name; kept by the heartbeat."),
  phases: z.array(Phase).describe("Groups of tasks, one after the other."),
});
export type Manifest = z.infer<typeof Manifest>;

import { z } from "zod";
import { closedObject } from "./closed-object.ts";
import { Policy } from "./policy.ts";
import { BranchName, CommandLine, OverlapRule, Task } from "./task.ts";

/** The newest version of the file that this program reads and writes. */
export const MANIFEST_VERSION = 1;

/** When a phase lets the next one begin: its work delivered, or merged. */
export const Gate = z.enum(["delivered", "merged"]);

export const Phase = closedObject({
  name: z.string().min(1),
  gate: Gate.default("delivered"),
  tasks: z.array(Task),
});
export type Phase = z.infer<typeof Phase>;

/** How pull requests are opened. */
export const PullRequestSettings = closedObject({
  draft: z.boolean().default(false),
  labels: z.array(z.string()).default([]),
  reviewers: z.array(z.string()).default([]),
  /** `{issue}`, `{title}` and `{id}` are filled in. */
  title: z.string().min(1).optional(),
});
export type PullRequestSettings = z.infer<typeof PullRequestSettings>;

/** An agent that is stopped for all tasks: its limit is reached or its login is refused. */
export const PausedAgent = closedObject({
  until: z.iso.datetime({ offset: true }).nullable(),
  why: z.string(),
});

/** The document: what is to be done, in which order, and how far it is. */
export const Manifest = closedObject({
  $schema: z.string().optional(),
  version: z.literal(MANIFEST_VERSION).default(MANIFEST_VERSION),
  project: z.string().min(1),
  /** `owner/name` on the forge. */
  repo: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]*\/[\w.-]+$/, { message: "a repository is written owner/name" })
    .optional(),
  /** The checkout that the worktrees belong to; default: the current folder's repository. */
  repoDir: z.string().min(1).optional(),
  /** `github` or the embedded `local` one; default: by the URL of `origin`. */
  forge: z.enum(["github", "local"]).optional(),
  apiUrl: z.url().optional(),
  workdir: z.string().min(1).optional(),
  socket: z.string().min(1).optional(),
  created: z.iso.datetime({ offset: true }).optional(),
  /** The branch that pull requests go to; default: the default branch of `origin`. */
  base: BranchName.optional(),
  branchPrefix: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/)
    .default("fix/"),
  agent: z.string().default("codex"),
  /** Agents in the order in which they are tried; overrules `agent`. */
  agents: z.array(z.string()).min(1).optional(),
  /** The program of the agent `command`: `{promptFile}`, `{taskId}` and `{branch}` are filled in. */
  command: z.array(z.string()).min(1).optional(),
  model: z.string().optional(),
  modelTier: z.string().optional(),
  prompt: z.string().optional(),
  verify: CommandLine.optional(),
  setup: CommandLine.optional(),
  copyFiles: z.array(z.string()).default([]),
  overlap: OverlapRule.default("serial"),
  /** Sessions at the same time; default: by cores and memory. */
  maxParallel: z.number().int().min(1).max(500).optional(),
  pullRequest: PullRequestSettings.prefault({}),
  policy: Policy.prefault({}),
  /** Agents that wait, by name; kept by the heartbeat. */
  pausedAgents: z.record(z.string(), PausedAgent).optional(),
  phases: z.array(Phase),
});
export type Manifest = z.infer<typeof Manifest>;

import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import type { Action } from "../../src/decide/action.ts";
import type { Task } from "../../src/manifest/task.ts";
import type { JournalLine } from "../../src/ports/journal.ts";
import {
  type Exchange,
  type ModelRequest,
  type ModelServer,
  type ModelStep,
  startModelServer,
} from "./model-server.ts";
import { until } from "./tmux.ts";
import { test as placeTest, type Workplace } from "./workplace.ts";

type Environment = Readonly<Record<string, string>>;

export interface StagePlace {
  readonly folder: string;
  readonly modelUrl: string;
  readonly skip: (why: string) => never;
}

/** What such a test has. */
export interface Stage {
  readonly place: Workplace;
  readonly model: ModelServer;
  readonly env: Environment;
}

/** A test with a scripted model and the environment in which `coppice` finds a real agent; `account` makes it. */
export const agentTest = (account: (at: StagePlace) => Promise<Environment>) =>
  placeTest.extend<{ model: ModelServer; env: Environment }>({
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of fixtures from the pattern.
    model: async ({}, use) => {
      const model = await startModelServer();
      await use(model);
      await model.close();
    },
    env: async ({ place, model, skip }, use) =>
      use(await account({ folder: place.folder, modelUrl: model.url, skip })),
  });

/** One task for a real agent: its issue's number is in its id, `t<issue>`. */
export function taskOf(issue: number, title: string): z.input<typeof Task> {
  return { id: `t${issue}`, issue, title };
}

/** Accepts the requests of the agent that works on an issue, in whichever conversation. */
export const worksOn = (issue: number) => (request: ModelRequest) =>
  request.userTexts.some((text) => text.includes(`You work on issue #${issue} `));

/** Shell tools of the agents. */
export const SHELL = {
  codex: (command: string) => ({
    tool: "exec_command",
    args: { cmd: command, yield_time_ms: 60_000 },
  }),
  claude: (command: string) => ({
    tool: "Bash",
    args: { command, description: "Work", timeout: 60_000 },
  }),
  gemini: (command: string) => ({ tool: "run_shell_command", args: { command } }),
  opencode: (command: string) => ({ tool: "bash", args: { command, description: "Work" } }),
  qwen: (command: string) => ({
    tool: "run_shell_command",
    args: { command, is_background: false, description: "Work" },
  }),
} as const;

export type AgentName = keyof typeof SHELL;

/** A command of the agent. */
export const runs = (agent: AgentName, command: string, say = "I go on."): ModelStep => ({
  kind: "call",
  say,
  ...SHELL[agent](command),
});

/** A file of the issue's own, committed, and a last word; begins when `after` resolves. */
export const carryOut = (
  agent: AgentName,
  issue: number,
  after: () => Promise<unknown> = async () => undefined,
): readonly ModelStep[] => [
  {
    ...runs(
      agent,
      `echo done > issue-${issue}.txt && git add --all && git commit --quiet --message 'Work on ${issue}'`,
    ),
    after,
  },
  { kind: "say", text: "The file is committed." },
];

/** Resolves when Coppice has noted that an agent is paused. */
export const pauseOf = (place: Workplace, agent: AgentName) =>
  until(`a pause of ${agent}`, async () => (await place.manifest()).pausedAgents?.[agent], 60_000);

/** What Coppice did to a task's session, oldest first: `start`, `nudge: why`, `answer: label`, `deliver` … */
export async function deeds(place: Workplace, taskId: string): Promise<readonly string[]> {
  return (await begunActions(place, taskId)).map(({ action }) => words(action));
}

/**
 * {@link deeds} without answers about the folder: Claude Code asks about a repository once, and which of the agents that
 * start at the same time still sees the question is theirs to settle.
 */
export const deedsOnWork = async (place: Workplace, taskId: string): Promise<readonly string[]> =>
  (await deeds(place, taskId)).filter((deed) => !deed.includes("trust"));

/**
 * What Coppice did to a task's session while its agent was at work: an answer of the model was under way, or a tool ran.
 * Deliveries and ends of sessions count too.
 */
export async function disturbances(
  place: Workplace,
  model: ModelServer,
  issue: number,
): Promise<readonly string[]> {
  const work = spansOfWork(model.exchanges.filter(({ request }) => worksOn(issue)(request)));
  return (await begunActions(place, `t${issue}`))
    .filter(({ atMs }) => work.some(([fromMs, toMs]) => fromMs < atMs && atMs < toMs))
    .map(({ action }) => words(action));
}

/** The process of the agent's own binary in a task's session: the newest one of an npm package in its worktree. */
export async function agentProcess(place: Workplace, taskId: string): Promise<number> {
  const worktree = join(place.workdir, "worktrees", taskId);
  return await until(
    `an agent in ${worktree}`,
    async () => {
      const pids = (await place.processes())
        .filter((line) => line.includes("node_modules"))
        .map((line) => Number.parseInt(line, 10));
      const cwds = await Promise.all(
        pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")),
      );
      return pids.findLast((_, index) => cwds[index] === worktree);
    },
    60_000,
  );
}

/** Something that waits until the test lets it go on. */
export function door(): { readonly opened: () => Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened: () => opened, open };
}

async function begunActions(
  place: Workplace,
  taskId: string,
): Promise<readonly { readonly atMs: number; readonly action: Action }[]> {
  const text = await readFile(join(place.workdir, "events.jsonl"), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as JournalLine)
    .flatMap(({ at, event }) =>
      event.kind === "action-begun" && event.action.taskId === taskId
        ? [{ atMs: Date.parse(at), action: event.action }]
        : [],
    );
}

function words(action: Action): string {
  switch (action.kind) {
    case "resume":
      return `${action.as}: ${action.why}`;
    case "nudge":
    case "restart":
      return `${action.kind}: ${action.why}`;
    case "answer":
      return `answer: ${action.answer}`;
    default:
      return action.kind;
  }
}

/** From each request to its answer's end and, after a call of a tool, to the next request. */
function spansOfWork(exchanges: readonly Exchange[]): readonly (readonly [number, number])[] {
  return exchanges.map(({ beganMs, endedMs, calledTool, request }, index) => {
    const end = endedMs ?? Number.POSITIVE_INFINITY;
    if (!calledTool) return [beganMs, end];
    const next = exchanges
      .slice(index + 1)
      .find((later) => later.request.threadId === request.threadId);
    return [beganMs, next?.beganMs ?? end];
  });
}

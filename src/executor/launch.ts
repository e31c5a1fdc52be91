import type { Agent, LaunchPlan, LaunchRequest } from "../agents/agent.ts";
import { agentByName } from "../agents/catalog.ts";
import { judgeVersion, type Unsupported } from "../agents/versions.ts";
import type { LaunchFact } from "../classify/evidence.ts";
import type { Action } from "../decide/action.ts";
import { launchedPatch } from "../decide/launched.ts";
import { branchOf } from "../manifest/branch.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { TaskPatch } from "../manifest/merge.ts";
import { sessionNameOf, verifySessionNameOf } from "../manifest/names.ts";
import { settingsOf } from "../manifest/settings.ts";
import { isDelivered } from "../manifest/status.ts";
import type { AgentMode, CommandLine, Task, TaskId } from "../manifest/task.ts";
import { fromIso } from "../manifest/time.ts";
import type { SessionSpec } from "../ports/sessions.ts";
import { agentEnvironment } from "./agent-environment.ts";
import { asksPerson, type ExecutionContext, type Outcome, placeOf, taskOf } from "./context.ts";
import { endSessions } from "./end-sessions.ts";
import { type Failure, taskPrompt } from "./prompt.ts";

type ActionOf<Kind extends Action["kind"]> = Extract<Action, { kind: Kind }>;

const COLS = 120;
const ROWS = 36;

/** Worktree, prompt, session: the first launch of a task, or the first since it left `pending`. */
export async function start(
  context: ExecutionContext,
  action: ActionOf<"start">,
): Promise<Outcome> {
  const task = taskOf(context, action.taskId);
  const place = placeOf(context, task);
  const { startPoint } = action;
  const finished = finishedWork(context, task);
  const worktree = await context.ports.repository.ensureWorktree({
    taskId: task.id,
    branch: action.branch,
    path: place.worktree,
    startFrom: startPoint.kind === "base" ? [startPoint.base] : startPoint.branches,
    mayStandOn: finished.map(({ branch }) => branch),
    copyFiles: settingsOf(context.manifest, task).copyFiles,
  });
  if (worktree.kind === "conflict") {
    const error = `the branches ${worktree.branches.join(", ")} conflict in ${worktree.files.join(", ")}`;
    return asksPerson(
      task,
      "parents-conflict",
      error,
      `Merge one of them first, or take one out of dependsOn, then coppice retry ${task.id}.`,
    );
  }
  if (worktree.kind === "refused") {
    return asksPerson(task, "worktree-refused", worktree.reason, worktree.hint);
  }
  const started = {
    parent: parentOf(startPoint, worktree.from, finished),
    forkPoint: worktree.forkPoint,
  };
  const launched = await launch(context, task, {
    attempt: action.attempt,
    agent: action.agent,
    kind: "start",
    started,
    prompt: (nonce) => promptOf(context, task, nonce, startedFrom(startPoint)),
    plan: launchPlan,
  });
  return outcomeOf(task, launched);
}

/** A new launch in the same worktree that is told what went wrong, and perhaps what is asked of it. */
export async function restart(
  context: ExecutionContext,
  action: ActionOf<"restart">,
  told?: Pick<ActionOf<"resume">, "text" | "checks">,
): Promise<Outcome> {
  const task = taskOf(context, action.taskId);
  await endSessions(context.ports.sessions, task.id);
  const failure: Failure = {
    why: action.why,
    ...(told === undefined ? {} : { asked: told.text }),
    context: action.context,
    tried: task.state?.tried ?? [],
    ...(await workSoFar(context, task)),
  };
  const startedFrom = task.state?.parent ?? task.base ?? "the base branch";
  const launched = await launch(context, task, {
    attempt: action.attempt,
    agent: action.agent,
    kind: "restart",
    started: startedAs(task),
    checks: told?.checks,
    prompt: (nonce) => promptOf(context, task, nonce, startedFrom, failure),
    plan: launchPlan,
  });
  return outcomeOf(task, launched);
}

/** What the attempts before have committed: a new one needs no other memory of them. */
async function workSoFar(
  context: ExecutionContext,
  task: Task,
): Promise<Pick<Failure, "commits" | "files">> {
  const { repository } = context.ports;
  const facts = await repository.probe({ ...placeOf(context, task), ignore: [] });
  const found = facts.kind === "known" ? facts.value : null;
  if (!found?.forkPoint || found.commitsAhead < 1) return { commits: [], files: [] };
  const work = await repository.summary(found.headSha, found.forkPoint);
  return {
    commits: work.commits.map(({ subject }) => subject),
    files: work.files.map(({ path }) => path),
  };
}

/** A new launch that goes on with the agent's own conversation; without one it is a restart. */
export async function resume(
  context: ExecutionContext,
  action: ActionOf<"resume">,
): Promise<Outcome> {
  const task = taskOf(context, action.taskId);
  const { worktree } = placeOf(context, task);
  const sinceMs = task.startedAt ? fromIso(task.startedAt) : 0;
  const conversation =
    action.conversation ??
    (await context.ports.conversations.find(action.agent, worktree, sinceMs)) ??
    undefined;
  if (conversation === undefined) {
    return await restart(context, { ...action, kind: "restart", context: [] }, action);
  }
  await endSessions(context.ports.sessions, task.id);
  const launched = await launch(context, task, {
    attempt: action.attempt,
    agent: action.agent,
    kind: action.as,
    started: startedAs(task),
    checks: action.checks,
    prompt: () => action.text,
    plan: (agent, request, mode) =>
      mode === "headless"
        ? agent.headless?.resume(request, conversation)
        : agent.resume(request, conversation),
  });
  return outcomeOf(task, launched, { conversation });
}

/** Runs the task's `verify` command in a session of its own; its exit record is the result. */
export async function verify(
  context: ExecutionContext,
  action: ActionOf<"verify">,
): Promise<Outcome> {
  const task = taskOf(context, action.taskId);
  const settings = settingsOf(context.manifest, task);
  const name = verifySessionNameOf(task.id);
  const { sessions, folders, clock } = context.ports;
  await sessions.stop(name);
  const taskDir = await folders.recordVerifyStart(task.id, action.sha, clock.now());
  const outcome = await sessions.start({
    ...(await sessionSpec(context, task, { name, taskDir, attempt: 1, environment: [] })),
    argv: programOf(settings.verify ?? "true"),
    events: null,
    promptFile: undefined,
    setup: undefined,
  });
  return outcome.kind === "taken"
    ? asksPerson(
        task,
        "session-taken",
        `the session ${name} is taken by ${outcome.by}`,
        "End that session, then coppice retry.",
      )
    : { result: `verifies ${action.sha.slice(0, 9)}`, events: [], patches: [] };
}

interface LaunchOrder {
  readonly attempt: number;
  readonly agent: string;
  readonly kind: LaunchFact["kind"];
  readonly started: Pick<LaunchFact, "parent" | "forkPoint">;
  readonly checks?: string | undefined;
  readonly prompt: (nonce: string) => string;
  /** Undefined: the agent cannot; then it begins anew. */
  readonly plan: (agent: Agent, request: LaunchRequest, mode: AgentMode) => LaunchPlan | undefined;
}

const launchPlan = (agent: Agent, request: LaunchRequest, mode: AgentMode): LaunchPlan =>
  mode === "headless" && agent.headless ? agent.headless.launch(request) : agent.launch(request);

async function launch(
  context: ExecutionContext,
  task: Task,
  order: LaunchOrder,
): Promise<LaunchFact | Unsupported> {
  const agent = agentByName(order.agent);
  if (agent === undefined) throw unknownAgent(order.agent, task);
  const { folders, host, clock, sessions } = context.ports;
  const place = placeOf(context, task);
  const settings = settingsOf(context.manifest, task);
  const [program] = agent.binaries;
  const version = program === undefined ? null : await host.version(program, agent.versionArgv);
  const judged = judgeVersion(agent, version);
  if (judged.kind === "unsupported") return judged;
  const promptFile = await folders.writePrompt(
    task.id,
    order.attempt,
    order.prompt(host.randomHex(8)),
  );
  // A program of the manifest's own has one way to run.
  const mode = agent.headless ? settings.mode : "interactive";
  const request: LaunchRequest = {
    taskId: task.id,
    branch: place.branch,
    worktree: place.worktree,
    promptFile,
    programsDir: `${context.workdir}/bin`,
    model: settings.model,
    modelTier: settings.modelTier,
    version: version ?? undefined,
    asks: context.manifest.permissions.mode === "ask",
    deny: context.manifest.permissions.deny,
    command: settings.command,
  };
  const plan = order.plan(agent, request, mode) ?? launchPlan(agent, request, mode);
  const spec = await sessionSpec(context, task, {
    name: sessionNameOf(task.id),
    taskDir: await folders.folder(task.id),
    attempt: order.attempt,
    environment: agent.environment,
  });
  const fact: LaunchFact = {
    attempt: order.attempt,
    agent: order.agent,
    startedAtMs: clock.now(),
    kind: order.kind,
    mode,
    branch: place.branch,
    worktree: place.worktree,
    ...order.started,
    checks: order.checks,
  };
  await folders.recordLaunch(task.id, fact);
  const outcome = await sessions.start({
    ...spec,
    argv: plan.argv,
    events:
      mode === "headless" && agent.headless
        ? { agent: agent.name, kinds: agent.headless.events }
        : null,
    env: { ...spec.env, ...plan.env },
    promptFile,
    setup: settings.setup,
  });
  if (outcome.kind === "taken") {
    throw new CoppiceError({
      code: "session-taken",
      kind: "machine",
      message: `the session ${spec.name} is taken by ${outcome.by}`,
      hint: `Look at it with coppice attach ${task.id}, end it, then coppice retry ${task.id}.`,
    });
  }
  return fact;
}

async function sessionSpec(
  context: ExecutionContext,
  task: Task,
  run: {
    readonly name: string;
    readonly taskDir: string;
    readonly attempt: number;
    readonly environment: readonly string[];
  },
): Promise<Omit<SessionSpec, "argv" | "events" | "promptFile" | "setup">> {
  const { policy } = context.manifest;
  return {
    name: run.name,
    taskId: task.id,
    attempt: run.attempt,
    taskDir: run.taskDir,
    worktree: placeOf(context, task).worktree,
    setupTimeoutSeconds: policy.setupTimeoutMinutes * 60,
    env: agentEnvironment({
      host: context.ports.host,
      names: run.environment,
      identity: await context.ports.repository.commitIdentity(),
      taskId: task.id,
      attempt: run.attempt,
      taskDir: run.taskDir,
    }),
    cols: COLS,
    rows: ROWS,
    logBytesMax: Math.round(policy.logMegabytesMax * 1024 * 1024),
  };
}

function promptOf(
  context: ExecutionContext,
  task: Task,
  nonce: string,
  startedFrom: string,
  failure?: Failure,
): string {
  const settings = settingsOf(context.manifest, task);
  return taskPrompt({
    task,
    branch: placeOf(context, task).branch,
    startedFrom,
    instruction: settings.prompt,
    verify: settings.verify === undefined ? undefined : wordsOf(settings.verify),
    nonce,
    ...(failure ? { failure } : {}),
  });
}

/** What the manifest notes of a launch, or that a person has to update the agent first. */
function outcomeOf(
  task: Task,
  launched: LaunchFact | Unsupported,
  more: TaskPatch["state"] = {},
): Outcome {
  if (launched.kind === "unsupported") {
    const hint = `${launched.remedy}, then coppice retry ${task.id}.`;
    return asksPerson(task, "agent-unsupported", launched.why, hint);
  }
  const { set, state } = launchedPatch(task, launched);
  return {
    result: `${launched.agent}, attempt ${launched.attempt}`,
    events: [],
    patches: [{ kind: "task", taskId: task.id, set, state: { ...state, ...more } }],
  };
}

/**
 * The one task whose branch this one starts from: the only parent, or the one that contains the others; where an earlier start
 * was cut off, perhaps other work.
 */
function parentOf(
  startPoint: ActionOf<"start">["startPoint"],
  from: string | null,
  finished: readonly FinishedWork[],
): TaskId | null {
  const found = finished.find(({ branch }) => branch === from)?.id;
  if (startPoint.kind === "base") return found ?? null;
  const { parents, branches } = startPoint;
  const index = parents.length === 1 && found === undefined ? 0 : branches.indexOf(from ?? "");
  return parents[index] ?? found ?? null;
}

interface FinishedWork {
  readonly id: TaskId;
  readonly branch: string;
}

/** Of the other tasks, what a branch may begin from. */
function finishedWork({ manifest }: ExecutionContext, { id }: Task): readonly FinishedWork[] {
  return manifest.phases
    .flatMap(({ tasks }) => tasks)
    .filter((other) => other.id !== id && isDelivered(other.status) && other.status !== "merged")
    .map((other) => ({ id: other.id, branch: branchOf(manifest, other) }));
}

const startedAs = ({ state }: Task): Pick<LaunchFact, "parent" | "forkPoint"> => ({
  parent: state?.parent ?? null,
  forkPoint: state?.forkPoint ?? null,
});

function startedFrom(startPoint: ActionOf<"start">["startPoint"]): string {
  return startPoint.kind === "base" ? startPoint.base : startPoint.branches.join(" and ");
}

const programOf = (line: CommandLine): readonly string[] =>
  typeof line === "string" ? ["sh", "-c", line] : line;

const wordsOf = (line: CommandLine): string => (typeof line === "string" ? line : line.join(" "));

const unknownAgent = (name: string, task: Task): CoppiceError =>
  new CoppiceError({
    code: "agent-unknown",
    kind: "input",
    message: `task ${task.id} wants the agent "${name}", which Coppice does not know`,
    hint: 'Name a known agent (coppice doctor lists them), or use "command" with your own program.',
  });

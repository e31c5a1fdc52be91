import { takesAnswer } from "../agents/takes-words.ts";
import { endSessions } from "../executor/end-sessions.ts";
import { say } from "../executor/steer.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { ManifestPatch, TaskPatch } from "../manifest/merge.ts";
import { sessionNameOf } from "../manifest/names.ts";
import { settingsOf } from "../manifest/settings.ts";
import { mayChange, type TaskStatus } from "../manifest/status.ts";
import { suggestion } from "../manifest/suggest.ts";
import type { Task } from "../manifest/task.ts";
import type { ManifestSnapshot } from "../ports/manifest-store.ts";
import type { InjectOutcome } from "../ports/sessions.ts";
import { readOrThrow } from "./run.ts";
import type { Workspace } from "./world.ts";

/** The task with this id, or an error that names the nearest one. */
export function findTask(manifest: Manifest, id: string): Task {
  const tasks = manifest.phases.flatMap((phase) => phase.tasks);
  const task = tasks.find((one) => one.id === id);
  if (task) return task;
  const near = suggestion(
    id,
    tasks.map((one) => one.id),
  );
  throw new CoppiceError({
    code: "task-unknown",
    kind: "input",
    message: `there is no task ${JSON.stringify(id)} in ${manifest.project}`,
    hint: near
      ? `Did you mean ${near}? coppice status lists them.`
      : "coppice status lists the tasks.",
  });
}

/** A person wants the task done again: it goes back to `pending`, with its branch and worktree as they are. */
export async function retry(
  workspace: Workspace,
  id: string,
  options: { readonly dryRun: boolean },
): Promise<Task> {
  const snapshot = await readOrThrow(workspace);
  const task = findTask(snapshot.manifest, id);
  requireLegal(task, "pending");
  if (options.dryRun) return { ...task, status: "pending" };
  const agents = settingsOf(snapshot.manifest, task).agents;
  const kept = Object.entries(snapshot.manifest.pausedAgents ?? {}).filter(
    ([agent, pause]) => pause.until !== null || !agents.includes(agent),
  );
  return await change(workspace, snapshot, task, "pending", {
    patch: {
      set: { error: null, completedAt: null, prNumber: null, prUrl: null },
      state: { notBefore: undefined, startFailures: undefined, deliveryFailures: undefined },
    },
    more: snapshot.manifest.pausedAgents
      ? [{ kind: "root", set: { pausedAgents: Object.fromEntries(kept) } }]
      : [],
  });
}

/** A person takes the task back: its session ends, its work stays where it is. */
export async function cancel(
  workspace: Workspace,
  id: string,
  options: { readonly dryRun: boolean },
): Promise<Task> {
  const snapshot = await readOrThrow(workspace);
  const before = findTask(snapshot.manifest, id);
  requireLegal(before, "cancelled");
  if (options.dryRun) return { ...before, status: "cancelled" };
  const task = await change(workspace, snapshot, before, "cancelled", {
    patch: { set: {} },
    more: [],
  });
  const lock = await workspace.locks.tryAcquire(workspace.lockPath, "coppice cancel");
  if (lock.kind === "held") {
    try {
      await endSessions(workspace.ports.sessions, task.id);
    } finally {
      await lock.lock.release();
    }
  }
  return task;
}

async function change(
  workspace: Workspace,
  snapshot: ManifestSnapshot,
  task: Task,
  status: TaskStatus,
  also: {
    readonly patch: Pick<TaskPatch, "set" | "state">;
    readonly more: readonly ManifestPatch[];
  },
): Promise<Task> {
  const { set, state } = also.patch;
  const written = await workspace.ports.store.commit(snapshot, [
    { kind: "task", taskId: task.id, set: { ...set, status }, ...(state ? { state } : {}) },
    ...also.more,
  ]);
  if (
    written.kind === "invalid" ||
    (written.kind === "committed" && written.kept.some((edit) => edit.field === "status"))
  ) {
    throw new CoppiceError({
      code: "edited-meanwhile",
      kind: "input",
      message: `the manifest was edited while ${task.id} was being changed`,
      hint: "Nothing was lost: look at it and give the command again.",
    });
  }
  await workspace.signals.poke(task.id);
  return findTask(written.snapshot.manifest, task.id);
}

function requireLegal(task: Task, status: TaskStatus): void {
  if (mayChange("person", task.status, status)) return;
  throw new CoppiceError({
    code: "status-change-refused",
    kind: "input",
    message: `${task.id} is ${task.status} and cannot become ${status}`,
    hint: "coppice status shows what each task may become next.",
  });
}

/** Types words into the task's session, by the same careful way that nudges take; `interrupts`: a turn that runs ends first. */
export async function send(
  workspace: Workspace,
  id: string,
  text: string,
  options: { readonly interrupts: boolean },
): Promise<InjectOutcome> {
  const { manifest } = await readOrThrow(workspace);
  const task = findTask(manifest, id);
  const context = { ports: workspace.ports, manifest, workdir: workspace.workdir };
  return await say(context, task, text, takesAnswer, options);
}

/** The last lines of a task's terminal log; the newest attempt's unless another is named. */
export async function logs(
  workspace: Workspace,
  id: string,
  options: { readonly attempt: number | undefined; readonly lines: number },
): Promise<{ readonly attempt: number; readonly path: string; readonly lines: readonly string[] }> {
  const { manifest } = await readOrThrow(workspace);
  const task = findTask(manifest, id);
  const attempt = options.attempt ?? task.attempts ?? 0;
  if (attempt < 1) {
    throw new CoppiceError({
      code: "no-log",
      kind: "input",
      message: `${task.id} was not started yet`,
      hint: "coppice status says what it waits for.",
    });
  }
  const { folders } = workspace.ports;
  return {
    attempt,
    path: await folders.logPath(task.id, attempt),
    lines: await folders.log(task.id, attempt, options.lines),
  };
}

/** The command that shows a task's session; an error when it has none. */
export async function attachCommand(workspace: Workspace, id: string): Promise<readonly string[]> {
  const { manifest } = await readOrThrow(workspace);
  const task = findTask(manifest, id);
  const name = sessionNameOf(task.id);
  const listed = await workspace.ports.sessions.observe();
  if (listed.kind === "known" && listed.value.some((one) => one.session.name === name)) {
    return workspace.ports.sessions.attachCommand(name);
  }
  throw new CoppiceError({
    code: "no-session",
    kind: "input",
    message: `${task.id} (${task.status}) has no session${listed.kind === "unknown" ? `: ${listed.reason}` : ""}`,
    hint: `coppice logs ${task.id} shows what it did.`,
  });
}

import type { Action } from "../decide/action.ts";
import { backoffMs } from "../decide/ladder.ts";
import type { FinishedTask } from "../manifest/finished-task.ts";
import { verifySessionNameOf } from "../manifest/names.ts";
import { settingsOf } from "../manifest/settings.ts";
import type { Task } from "../manifest/task.ts";
import { fromIso, toIso } from "../manifest/time.ts";
import type { BaseTrial, WorkSummary } from "../ports/repository.ts";
import { asksPerson, type ExecutionContext, type Outcome, placeOf, taskOf } from "./context.ts";
import { pullRequestBody, pullRequestTitle } from "./pull-request-text.ts";

/**
 * Pushes the proved commit and opens its pull request, or takes over the one that is there. Each step looks before it
 * acts, so that it can be repeated after a crash at any point.
 */
export async function deliver(
  context: ExecutionContext,
  action: Extract<Action, { kind: "deliver" }>,
): Promise<Outcome> {
  const { repository, forge, sessions } = context.ports;
  const task = taskOf(context, action.taskId);
  const { verify } = settingsOf(context.manifest, task);
  if (verify !== undefined) await sessions.stop(verifySessionNameOf(task.id));
  const { forkPoint } = action;
  if (forkPoint === undefined) {
    return asksPerson(
      task,
      "fork-point-missing",
      `nothing says where the branch ${action.branch} began`,
      `coppice retry ${task.id} does the task again.`,
    );
  }
  const onto = action.triesBase ? await repository.mergesOnto(action.sha, action.base) : null;
  const isHeld = context.manifest.policy.collisions !== "tell";
  if (isHeld && onto?.kind === "unknown") return later(context, task, "base-unknown", onto.reason);
  const trial = onto?.kind === "known" ? onto.value : null;
  const baseFiles = trial?.files ?? [];
  if (isHeld && trial !== null && baseFiles.length > 0) {
    return notMerging(context, task, action, trial);
  }
  const pushed = await repository.push({
    branch: action.branch,
    sha: action.sha,
    base: context.manifest.base ?? action.base,
  });
  if (pushed.kind === "rejected") {
    return asksPerson(
      task,
      "push-rejected",
      `the push of ${action.branch} was rejected: ${pushed.reason}`,
      `Look at the remote branch, then set ${task.id} to complete to push again.`,
    );
  }
  if (pushed.kind === "failed") return later(context, task, "push-failed", pushed.reason);
  const work = await repository.summary(action.sha, forkPoint);
  const opened = await forge.openPullRequest({
    taskId: task.id,
    branch: action.branch,
    base: action.base,
    headSha: action.sha,
    // What a person took as complete may be meant for a new one.
    deliveredTo: task.state?.provedSha === action.sha ? task.prNumber : null,
    title: pullRequestTitle(context.manifest, task),
    body: pullRequestBody(context.manifest, task, work, { ...action, baseFiles }),
    draft: context.manifest.pullRequest.draft,
    labels: context.manifest.pullRequest.labels,
    reviewers: context.manifest.pullRequest.reviewers,
  });
  switch (opened.kind) {
    case "rejected":
      return asksPerson(
        task,
        "pull-request-rejected",
        opened.reason,
        `Mend that, then set ${task.id} to complete to try again.`,
      );
    case "failed":
      return later(context, task, "pull-request-failed", opened.reason, opened.retryAtMs);
    case "opened":
    case "adopted": {
      const { number, url, state } = opened.pullRequest;
      const recorded = await context.ports.history.record(finishedTask(context, task, work));
      const notes = recorded.kind === "failed" ? [...opened.notes, recorded.reason] : opened.notes;
      return {
        result: `#${number} ${url}${notes.length > 0 ? ` (${notes.join("; ")})` : ""}`,
        events: [
          {
            kind: "pull-request",
            taskId: task.id,
            number,
            url,
            adopted: opened.kind === "adopted",
          },
        ],
        patches: [
          {
            kind: "task",
            taskId: task.id,
            set: {
              status: state === "merged" ? "merged" : "pr_open",
              prNumber: number,
              prUrl: url,
              completedAt: toIso(context.ports.clock.now()),
              error: null,
            },
            state: {
              pushedSha: action.sha,
              baseConflict: undefined,
              collides: undefined,
              notBefore: undefined,
              deliveryFailures: undefined,
              startFailures: undefined,
            },
          },
        ],
      };
    }
  }
}

/** Its agent is asked at the next beat to merge the base, if the policy and its limit say so; else a person is. */
function notMerging(
  context: ExecutionContext,
  task: Task,
  { base, branch, sha }: Extract<Action, { kind: "deliver" }>,
  { tip, files }: BaseTrial,
): Outcome {
  const { collisions, mergesMax } = context.manifest.policy;
  const merges = task.state?.merges ?? 0;
  const why = `does not merge with ${base} any more at ${files.slice(0, 3).join(", ")}`;
  // What a person took as complete is theirs.
  const mayAsk = collisions === "rebase" && task.state?.provedSha === sha;
  if (!mayAsk || merges >= mergesMax) {
    const { worktree } = placeOf(context, task);
    const asked = merges > 0 ? ` (its agent was asked ${merges} times to merge it)` : "";
    const hint = `Merge ${base} into ${branch} in ${worktree}, then set ${task.id} to complete.`;
    return asksPerson(task, "base-conflict", `${why}${asked}`, hint);
  }
  return {
    result: `${why}: its agent is asked to merge ${base}`,
    events: [],
    patches: [
      {
        kind: "task",
        taskId: task.id,
        set: {
          status: "running",
          completedAt: null,
          lastProgress: toIso(context.ports.clock.now()),
          error: why,
        },
        state: {
          baseConflict: { tip, base, files: files.slice(0, FILES_MAX) },
          provedSha: undefined,
        },
      },
    ],
    failed: { code: "base-conflict", message: why, hint: `Its agent is asked to merge ${base}.` },
  };
}

/** Of a conflict with the base so many files are noted and told. */
const FILES_MAX = 10;

/** What later plans learn from. */
function finishedTask(
  { manifest, ports }: ExecutionContext,
  task: Task,
  work: WorkSummary,
): FinishedTask {
  const now = ports.clock.now();
  return {
    project: manifest.project,
    task: task.id,
    issue: task.issue,
    title: task.title,
    labels: task.labels ?? [],
    estimate: task.estimate ?? null,
    foreseen: [...task.files, ...(task.predicted ?? []).map(({ path }) => path)],
    files: work.files.map(({ path }) => path),
    durationMs: workedMs(task, now),
    finishedAt: toIso(now),
  };
}

/** From the start to the proof: work that is held waits for others. Of work that went back to its agent nobody knows. */
function workedMs({ startedAt, completedAt, state }: Task, nowMs: number): number | null {
  const wentBack = (state?.merges ?? 0) + (state?.checkTries ?? 0) > 0;
  if (startedAt === null || wentBack) return null;
  const endedMs = completedAt === null ? nowMs : fromIso(completedAt);
  return Math.max(0, endedMs - fromIso(startedAt));
}

/** It may go through later: back off, and ask a person when it has failed too often. */
function later(
  context: ExecutionContext,
  task: Task,
  code: string,
  reason: string,
  retryAtMs?: number,
): Outcome {
  const { policy } = context.manifest;
  // Waiting for a time that the forge named is nobody's failure.
  const failures = (task.state?.deliveryFailures ?? 0) + (retryAtMs === undefined ? 1 : 0);
  if (failures >= policy.deliveryAttemptsMax) {
    return asksPerson(
      task,
      code,
      `${reason} (${failures} times)`,
      `Set ${task.id} to complete to try again.`,
    );
  }
  const againMs = Math.max(retryAtMs ?? 0, context.ports.clock.now() + backoffMs(failures, policy));
  return {
    result: `${reason}; again at ${toIso(againMs)}`,
    events: [],
    patches: [
      {
        kind: "task",
        taskId: task.id,
        set: { error: reason },
        state: { deliveryFailures: failures, notBefore: toIso(againMs) },
      },
    ],
    failed: { code, message: reason, hint: `It is tried again at ${toIso(againMs)}.` },
  };
}

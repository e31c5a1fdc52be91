import type { LaunchFact } from "../classify/evidence.ts";
import type { TaskPatch } from "../manifest/merge.ts";
import { sessionNameOf } from "../manifest/names.ts";
import type { Task } from "../manifest/task.ts";
import { toIso } from "../manifest/time.ts";

/**
 * What a launch makes of its task in the manifest: noted by the beat that launched it or, when a crash came between, by
 * the next one from the launch's own record.
 */
export function launchedPatch(
  task: Task,
  launch: LaunchFact,
): Required<Pick<TaskPatch, "set" | "state">> {
  const startedAt = toIso(launch.startedAtMs);
  const counts =
    launch.kind === "start"
      ? {
          attemptsBefore: task.attempts ?? 0,
          resumes: undefined,
          tried: undefined,
          touched: undefined,
          commits: undefined,
          collides: undefined,
          collisionsTold: undefined,
          baseConflict: undefined,
          merges: undefined,
          checksTold: undefined,
          checkTries: undefined,
        }
      : {};
  // A nudge is none of the starts that the policy counts, and it goes on with the nudges so far.
  const nudged =
    launch.kind === "nudge"
      ? { attemptsBefore: (task.state?.attemptsBefore ?? 0) + 1 }
      : { nudges: undefined };
  const told =
    launch.checks === undefined
      ? {}
      : { checksTold: launch.checks, checkTries: (task.state?.checkTries ?? 0) + 1 };
  // What became of an earlier pull request does not end work that was begun anew.
  const pullRequest = launch.kind === "start" ? { prNumber: null, prUrl: null } : {};
  // Only a resumed conversation goes on; any other launch begins one that is not known yet.
  const goesOn = launch.kind === "resume" || launch.kind === "nudge";
  const conversation = goesOn ? {} : { conversation: undefined };
  return {
    set: {
      status: "running",
      worktree: launch.worktree,
      tmuxSession: sessionNameOf(task.id),
      branch: launch.branch,
      attempts: launch.attempt,
      startedAt: task.startedAt ?? startedAt,
      lastProgress: startedAt,
      completedAt: null,
      ...pullRequest,
    },
    state: {
      agent: launch.agent,
      parent: launch.parent,
      forkPoint: launch.forkPoint ?? undefined,
      answers: undefined,
      notBefore: undefined,
      startFailures: undefined,
      provedSha: undefined,
      verdict: undefined,
      verdictSince: undefined,
      progressKey: undefined,
      ...counts,
      ...nudged,
      ...told,
      ...conversation,
    },
  };
}

import { plainLine } from "../manifest/plain-text.ts";
import { agentsOf } from "../manifest/settings.ts";
import { isActive } from "../manifest/status.ts";
import type { Task, TaskState } from "../manifest/task.ts";
import { fromIso, toIso } from "../manifest/time.ts";
import type { Action } from "./action.ts";
import { effectDueMs, NUDGE_GRACE_MS, resumeAction } from "./heal.ts";
import { agentForLaunch, launchesUsed, triedWith } from "./ladder.ts";
import { pausedUntil } from "./pause.ts";
import { type Step, waitsFor, waitsForPerson } from "./step.ts";
import type { Survey } from "./survey.ts";

type Conflict = NonNullable<TaskState["baseConflict"]>;

/**
 * Finished work that was found not to merge with its base: its own agent is asked to merge the base into it, in its own
 * conversation, and then has a while to begin. Undefined: there is nothing to ask.
 */
export function askToMerge(
  view: Survey,
  task: Task,
  turn: { readonly by: "words" | "resume"; readonly sinceMs: number },
): Step | undefined {
  const { baseConflict: conflict, agent } = task.state ?? {};
  if (conflict === undefined || agent === undefined) return effectAwaited(view, task, turn);
  const why = `does not merge with ${conflict.base} any more at ${named(conflict.files)}`;
  const pause = pausedUntil(view, agent);
  if (pause) {
    return {
      wait: pause.until
        ? waitsFor(`${why}; ${agent} is paused until ${pause.until}`)
        : waitsForPerson(`${why}; ${agent} is paused: ${pause.why}`),
      ...(pause.until ? { wakeAtMs: fromIso(pause.until) } : {}),
    };
  }
  const ahead = placesAhead(view, task);
  if (ahead.length >= view.maxParallel) {
    return {
      wait: {
        reason: `${why}; its agent is asked to merge it when there is a free place`,
        on: ahead.map(({ id }) => id),
        onAny: true,
        needsPerson: false,
      },
    };
  }
  const ask = actionOf(view, task, conflict, why, turn.by);
  if (ask === undefined) return handedOver(task, conflict, why);
  return {
    actions: [ask],
    set: { status: "running", error: null },
    state: {
      baseConflict: undefined,
      merges: (task.state?.merges ?? 0) + 1,
      lastHealAt: toIso(view.nowMs),
      tried: triedWith(task, `asked to merge ${conflict.base}: ${why}`),
    },
    wait: waitsFor(`${why}; its agent is asked to merge it`),
    wakeAtMs: view.nowMs + NUDGE_GRACE_MS,
  };
}

/** A launch counts as any other; undefined: none is left. */
function actionOf(
  view: Survey,
  task: Task,
  conflict: Conflict,
  why: string,
  by: "words" | "resume",
): Action | undefined {
  const text = wordsFor(conflict);
  if (by === "words") return { kind: "nudge", taskId: task.id, why, text };
  const agents = agentsOf(view.manifest, task);
  const next = agentForLaunch(agents, launchesUsed(task), view.manifest.policy);
  if (next === undefined) return undefined;
  const own = task.state?.agent;
  const told = { why: `${why}; merge ${conflict.tip} into its branch`, words: text };
  // A person may have given the task another agent meanwhile, which has no conversation of it.
  return own !== undefined && agents.includes(own)
    ? resumeAction(task, own, "nudge", told)
    : { ...resumeAction(task, next, "nudge", told), conversation: undefined };
}

function handedOver({ id, worktree }: Task, { base }: Conflict, why: string): Step {
  const place = worktree === null ? "its worktree" : worktree;
  const error = `${why}, and no start is left. Merge ${base} into its branch in ${place}, then set ${id} to complete.`;
  return { set: { status: "error", error }, wait: waitsForPerson(error) };
}

/** Words that were just typed change nothing at once: what was proved before them is no answer. */
function effectAwaited(
  view: Survey,
  task: Task,
  { by, sinceMs }: Parameters<typeof askToMerge>[2],
): Step | undefined {
  const dueMs = effectDueMs(task, sinceMs);
  if ((task.state?.merges ?? 0) === 0 || by !== "words" || view.nowMs >= dueMs) return undefined;
  return {
    wait: waitsFor("was asked to merge the base into its work; waiting for an effect"),
    wakeAtMs: dueMs,
  };
}

/** Tasks at work, and those before it in the manifest that are to be asked too: work that waits to be asked holds nobody. */
function placesAhead(view: Survey, task: Task): readonly Task[] {
  const placed = [...view.placed.values()].map((one) => one.task);
  const before = placed.findIndex(({ id }) => id === task.id);
  return placed.filter(
    ({ id, status, state }, at) =>
      id !== task.id && isActive(status) && (state?.baseConflict === undefined || at < before),
  );
}

/** For the agent. Paths come from commits of others: they are shown as data, without control characters. */
function wordsFor({ tip, base, files }: Conflict): string {
  return [
    `Your work is committed and proved, but it does not merge any more with the branch ${base}, which has changed meanwhile at:`,
    ...files.map((path) => `- ${JSON.stringify(plainLine(path, 200))}`),
    `Please run git merge ${tip} on your branch, settle the conflicts so that your changes and those of ${base} both keep their meaning, run the tests, and commit the merge. Do not rebase, amend or reset, for others may build on your commits, and leave no conflict marks.`,
  ].join("\n");
}

const named = (files: readonly string[]): string =>
  `${files
    .slice(0, 3)
    .map((path) => plainLine(path, 80))
    .join(", ")}${files.length > 3 ? ` and ${files.length - 3} more` : ""}`;

import { firstFew, plainLine } from "../manifest/plain-text.ts";
import type { Task, TaskState } from "../manifest/task.ts";
import { effectDueMs } from "./heal.ts";
import { type By, type Errand, sendBack } from "./send-back.ts";
import { type Step, waitsFor, waitsForPerson } from "./step.ts";
import type { Survey } from "./survey.ts";

type Conflict = NonNullable<TaskState["baseConflict"]>;

/** Since when the agent rests, in Unix milliseconds. */
interface Turn {
  readonly by: By;
  readonly sinceMs: number;
}

/**
 * Finished work that was found not to merge with its base: its own agent is asked to merge the base into it, in its own
 * conversation, and then has a while to begin. Undefined: there is nothing to ask.
 */
export function askToMerge(view: Survey, task: Task, turn: Turn): Step | undefined {
  const conflict = task.state?.baseConflict;
  return conflict === undefined || task.state?.agent === undefined
    ? effectAwaited(view, task, turn)
    : sendBack(view, task, mergeErrand(task, conflict), turn.by);
}

function mergeErrand(task: Task, conflict: Conflict): Errand {
  const { tip, base, files } = conflict;
  const why = `does not merge with ${base} any more at ${named(files)}`;
  const place = task.worktree === null ? "its worktree" : task.worktree;
  const error = `${why}, and no start is left. Merge ${base} into its branch in ${place}, then set ${task.id} to complete.`;
  return {
    why,
    request: `merge ${tip} into its branch`,
    tried: `asked to merge ${base}`,
    words: wordsFor(conflict),
    state: { baseConflict: undefined, merges: (task.state?.merges ?? 0) + 1 },
    handedOver: { set: { status: "error", error }, wait: waitsForPerson(error) },
  };
}

/** Words that were just typed change nothing at once: what was proved before them is no answer. */
function effectAwaited(view: Survey, task: Task, { by, sinceMs }: Turn): Step | undefined {
  const dueMs = effectDueMs(task, sinceMs);
  if ((task.state?.merges ?? 0) === 0 || by !== "words" || view.nowMs >= dueMs) return undefined;
  return {
    wait: waitsFor("was asked to merge the base into its work; waiting for an effect"),
    wakeAtMs: dueMs,
  };
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
  firstFew(files.map((path) => plainLine(path, 80)));

import { taskGraph } from "../graph/task-graph.ts";
import { waves } from "../graph/waves.ts";
import { unreachable } from "../manifest/errors.ts";
import { Manifest } from "../manifest/manifest.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import type { Plan } from "./plan.ts";
import type { PlanChange } from "./update.ts";

/**
 * A plan for the terminal: phases, waves, each task with its files and the reason for every edge, then the notes.
 * `whole` says of each file why it is there.
 */
export function explainPlan(plan: Plan, whole = false): string[] {
  const manifest = Manifest.parse(plan.manifest);
  const graph = taskGraph(manifest);
  const whys = new Map<TaskId, string[]>();
  const add = (id: TaskId, line: string) => whys.set(id, [...(whys.get(id) ?? []), line]);
  // The reasons of a task name its dependencies already.
  for (const { task, dependsOn, why } of whole ? [] : plan.edges) {
    add(task, `waits for ${dependsOn}: ${why}`);
  }
  const tasks = manifest.phases.flatMap((phase) => phase.tasks);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  for (const { from, to, kind, why, probable } of graph.edges) {
    if (kind !== "overlap") continue;
    const chance = plan.forecast?.chanceOfMeeting(
      byId.get(from)?.issue ?? 0,
      byId.get(to)?.issue ?? 0,
    );
    const likely = probable && chance ? `, ${percent(chance)} likely to collide` : "";
    add(to, `waits for ${from}: ${why}${likely}`);
  }
  const phases = manifest.phases.flatMap((phase, index) => [
    "",
    `${phase.name} (${counted(phase.tasks.length, "task")})`,
    ...waves(manifest, index, graph).flatMap((ids, wave) => [
      `  Wave ${wave + 1}`,
      ...ids.flatMap((id) => taskLines(id, byId.get(id), whys.get(id) ?? [], whole)),
    ]),
  ]);
  const title = `${manifest.project}: ${counted(tasks.length, "task")} in ${counted(manifest.phases.length, "phase")}`;
  return [title, ...phases, ...remarks(plan)];
}

/** What an update changes, one line each, then what it skips and notes. */
export function explainUpdate(changes: readonly PlanChange[], made: Plan): string[] {
  const lines = changes.map((change) => `  ${changeLine(change)}`);
  return [
    ...(lines.length > 0 ? ["Changes", ...lines] : ["nothing has changed"]),
    ...remarks(made),
  ];
}

function changeLine(change: PlanChange): string {
  const { task } = change;
  switch (change.kind) {
    case "joins":
      return `${task} joins ${change.phase}: ${change.title}`;
    case "leaves":
      return `${task} leaves: ${change.why}`;
    case "stays":
      return `${task} stays: ${change.why}`;
    case "stays-out":
      return `${task} stays out, as it was removed by hand: ${change.title}`;
    case "moves":
      return `${task} moves to ${change.phase}: ${change.why}`;
    case "changes":
      return `${task} changes: ${change.fields.join(", ")}`;
    case "waits":
      return `${task} waits for ${change.dependsOn}: ${change.why}`;
    case "waits-no-more":
      return `${task} no longer waits for ${change.dependsOn}`;
    case "kept":
      return `${task} keeps your ${change.fields.join(", ")}; its issue says something else now`;
    default:
      return unreachable(change);
  }
}

/** Issues that become no task, then what else a person should know. */
function remarks(plan: Plan): string[] {
  const skipped = plan.skipped.map(({ issue, title, why }) => `  #${issue} ${title}: ${why}`);
  const notes = plan.notes.map(({ issue, text }) => `  #${issue} ${text}`);
  return [
    ...(skipped.length > 0 ? ["", "Skipped", ...skipped] : []),
    ...(notes.length > 0 ? ["", "Notes", ...notes] : []),
  ];
}

function taskLines(
  id: TaskId,
  task: Task | undefined,
  whys: readonly string[],
  whole: boolean,
): string[] {
  const { title = "", files = [], predicted = [], reasons = [] } = task ?? {};
  const guesses = predicted.map(({ path, confidence, why }) => ({
    told: `${path} (${percent(confidence)})`,
    why,
  }));
  const lines = whole
    ? [...reasons, ...guesses.map(({ told, why }) => `probably ${told}: ${why}.`)]
    : [
        ...(files.length > 0 ? [`files: ${files.join(", ")}`] : []),
        ...(guesses.length > 0 ? [`probably: ${guesses.map(({ told }) => told).join(", ")}`] : []),
      ];
  return [`    ${id}  ${title}`, ...[...lines, ...whys].map((line) => `        ${line}`)];
}

const percent = (chance: number): string => `${Math.round(100 * chance)} %`;

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;

import { taskGraph } from "../graph/task-graph.ts";
import { waves } from "../graph/waves.ts";
import { Manifest } from "../manifest/manifest.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import type { Plan } from "./plan.ts";

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
  const notes = plan.notes.map(({ issue, text }) => `  #${issue} ${text}`);
  return [title, ...phases, ...(notes.length > 0 ? ["", "Notes", ...notes] : [])];
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

import { taskGraph } from "../graph/task-graph.ts";
import { waves } from "../graph/waves.ts";
import { Manifest } from "../manifest/manifest.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import type { Plan } from "./plan.ts";

/** A plan for the terminal: phases, waves, each task with its files and the reason for every edge, then the notes. */
export function explainPlan(plan: Plan): string[] {
  const manifest = Manifest.parse(plan.manifest);
  const graph = taskGraph(manifest);
  const whys = new Map<TaskId, string[]>();
  const add = (id: TaskId, line: string) => whys.set(id, [...(whys.get(id) ?? []), line]);
  for (const { task, dependsOn, why } of plan.edges) add(task, `waits for ${dependsOn}: ${why}`);
  for (const { from, to, kind, why } of graph.edges) {
    if (kind === "overlap") add(to, `waits for ${from}: ${why}`);
  }
  const tasks = manifest.phases.flatMap((phase) => phase.tasks);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const phases = manifest.phases.flatMap((phase, index) => [
    "",
    `${phase.name} (${counted(phase.tasks.length, "task")})`,
    ...waves(manifest, index, graph).flatMap((ids, wave) => [
      `  Wave ${wave + 1}`,
      ...ids.flatMap((id) => taskLines(id, byId.get(id), whys.get(id) ?? [])),
    ]),
  ]);
  const title = `${manifest.project}: ${counted(tasks.length, "task")} in ${counted(manifest.phases.length, "phase")}`;
  const notes = plan.notes.map(({ issue, text }) => `  #${issue} ${text}`);
  return [title, ...phases, ...(notes.length > 0 ? ["", "Notes", ...notes] : [])];
}

function taskLines(id: TaskId, task: Task | undefined, whys: readonly string[]): string[] {
  const files = task?.files ?? [];
  return [
    `    ${id}  ${task?.title ?? ""}`,
    ...(files.length > 0 ? [`        files: ${files.join(", ")}`] : []),
    ...whys.map((why) => `        ${why}`),
  ];
}

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;

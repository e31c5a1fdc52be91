import type { Manifest } from "../manifest/manifest.ts";
import { plainLine } from "../manifest/plain-text.ts";
import { criticalPath } from "./chains.ts";
import { nameLine, titleLine } from "./label.ts";
import type { TaskEdge } from "./task-edge.ts";
import { predecessors, type TaskGraph } from "./task-graph.ts";
import { waves } from "./waves.ts";

/** Phases and waves from top to bottom, below each task what it waits for. */
export function textOf(manifest: Manifest, graph: TaskGraph): string {
  const tasks = manifest.phases.flatMap((phase) => phase.tasks);
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const nameWidth = Math.max(0, ...tasks.map((task) => nameLine(task).length));
  const statusWidth = Math.max(0, ...tasks.map((task) => task.status.length));
  const lines = manifest.phases.flatMap((phase, index) => [
    "",
    plainLine(phase.name, 100),
    ...waves(manifest, index, graph).flatMap((wave, number) => [
      `  wave ${number + 1}`,
      ...wave.flatMap((id) => {
        const task = byId.get(id);
        if (task === undefined) return [];
        const name = nameLine(task).padEnd(nameWidth);
        const line = `    ${name}  ${task.status.padEnd(statusWidth)}  ${titleLine(task)}`;
        return [line.trimEnd(), ...predecessors(graph, id).map(waitLine)];
      }),
    ]),
  ]);
  const chain = criticalPath(graph);
  const longest = chain.length > 1 ? [`longest chain: ${chain.join(" → ")}`] : [];
  const title = `${plainLine(manifest.project, 100)}: ${tasks.length} tasks in ${manifest.phases.length} phases`;
  return `${[title, ...longest, ...lines].join("\n")}\n`;
}

function waitLine(edge: TaskEdge): string {
  return `        waits for ${edge.from}: ${edge.kind === "dependency" ? "dependsOn" : edge.why}`;
}

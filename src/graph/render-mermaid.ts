import type { Manifest } from "../manifest/manifest.ts";
import { nameLine, STATUS_COLOURS, titleLine } from "./label.ts";
import type { TaskGraph } from "./task-graph.ts";

/** A Mermaid flowchart: solid arrows are dependencies, dotted ones overlaps. */
export function mermaidOf(manifest: Manifest, graph: TaskGraph): string {
  const tasks = manifest.phases.flatMap((phase) => phase.tasks);
  // Ids of our own: a task may be called `end`, which Mermaid reads as the end of a block.
  const nodes = new Map(tasks.map((task, index) => [task.id, `n${index}`]));
  const phases = manifest.phases.flatMap((phase, index) => [
    `  subgraph p${index}[${quoted(phase.name)}]`,
    ...phase.tasks.map((task) => {
      const words = [nameLine(task), titleLine(task), task.status].filter((word) => word !== "");
      return `    ${nodes.get(task.id)}[${quoted(...words)}]:::${task.status}`;
    }),
    "  end",
  ]);
  const edges = graph.edges.map((edge) => {
    const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
    return edge.kind === "dependency"
      ? `  ${from} --> ${to}`
      : `  ${from} -.->|${quoted(edge.why)}| ${to}`;
  });
  const classes = [...new Set(tasks.map((task) => task.status))].map((status) => {
    const { fill, line } = STATUS_COLOURS[status];
    return `  classDef ${status} fill:${fill},stroke:${line},color:#1c2330`;
  });
  return `${["flowchart LR", ...phases, ...edges, ...classes].join("\n")}\n`;
}

/** Lines of text as one label: everything that Mermaid or HTML could read goes in as a number. */
function quoted(...lines: readonly string[]): string {
  const safe = lines.map((line) =>
    line.replace(/[^\p{L}\p{N} .,:/_-]/gu, (char) => `#${char.codePointAt(0)};`),
  );
  return `"${safe.join("<br/>")}"`;
}

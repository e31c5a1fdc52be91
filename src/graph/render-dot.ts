import type { Manifest } from "../manifest/manifest.ts";
import { plainLine } from "../manifest/plain-text.ts";
import { nameLine, STATUS_COLOURS, titleLine } from "./label.ts";
import type { TaskGraph } from "./task-graph.ts";

/** A Graphviz drawing: solid arrows are dependencies, dashed ones overlaps. */
export function dotOf(manifest: Manifest, graph: TaskGraph): string {
  const phases = manifest.phases.flatMap((phase, index) => [
    `  subgraph cluster_${index} {`,
    `    label=${quoted(plainLine(phase.name, 100))};`,
    ...phase.tasks.map((task) => {
      const { fill, line } = STATUS_COLOURS[task.status];
      const label = quoted(nameLine(task), titleLine(task), task.status);
      return `    ${quoted(task.id)} [label=${label}, fillcolor="${fill}", color="${line}"];`;
    }),
    "  }",
  ]);
  const edges = graph.edges.map((edge) => {
    const look =
      edge.kind === "dependency"
        ? `tooltip=${quoted(edge.why)}`
        : `style=dashed, label=${quoted(edge.why)}`;
    return `  ${quoted(edge.from)} -> ${quoted(edge.to)} [${look}];`;
  });
  const head = [
    `digraph ${quoted(plainLine(manifest.project, 100))} {`,
    "  rankdir=LR;",
    '  node [shape=box, style="rounded,filled", fontname="Helvetica"];',
    '  edge [fontname="Helvetica", fontsize=10];',
  ];
  return `${[...head, ...phases, ...edges, "}"].join("\n")}\n`;
}

/** Lines of text as one quoted string. */
function quoted(...lines: readonly string[]): string {
  const safe = lines.filter((line) => line !== "").map((line) => line.replace(/["\\]/g, "\\$&"));
  return `"${safe.join("\\n")}"`;
}

import { unreachable } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { dotOf } from "./render-dot.ts";
import { mermaidOf } from "./render-mermaid.ts";
import { svgOf } from "./render-svg.ts";
import { textOf } from "./render-text.ts";
import { taskGraph } from "./task-graph.ts";

/** The ways to draw the graph of a manifest. */
export const graphFormats = ["text", "mermaid", "dot", "svg"] as const;
export type GraphFormat = (typeof graphFormats)[number];

/** Phases, tasks with their status, and every edge with its reason; ends with a line break. */
export function renderGraph(manifest: Manifest, format: GraphFormat): string {
  const graph = taskGraph(manifest);
  switch (format) {
    case "text":
      return textOf(manifest, graph);
    case "mermaid":
      return mermaidOf(manifest, graph);
    case "dot":
      return dotOf(manifest, graph);
    case "svg":
      return svgOf(manifest, graph);
    default:
      return unreachable(format);
  }
}

import { type Command, Option } from "commander";
import { readOrThrow } from "../../app/run.ts";
import { type GraphFormat, graphFormats, renderGraph } from "../../graph/render.ts";
import { openManifest } from "../compose-manifest.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, withManifest } from "../options.ts";
import { createOutput } from "../output.ts";

export function addGraph(program: Command): void {
  const command = program
    .command("graph")
    .argument("[manifest]", "the manifest (default: manifest.json)")
    .summary("the tasks and what orders them, as text, Mermaid, DOT or SVG")
    .description(
      "Prints the graph of the tasks: phases, dependencies and overlaps, each edge with its reason.",
    );
  withManifest(command)
    .addOption(
      new Option("-f, --format <format>", "how to draw it")
        .choices([...graphFormats])
        .default("text"),
    )
    .action(async (file: string | undefined, given: ManifestOptions & { format: GraphFormat }) => {
      const output = createOutput({ json: given.json === true });
      const { manifest } = await readOrThrow({
        ports: { store: openManifest(file ?? given.manifest) },
      });
      const drawing = renderGraph(manifest, given.format);
      if (output.json) output.answerJson({ format: given.format, graph: drawing });
      else output.answer(drawing.trimEnd());
    });
  withExamples(command, [
    ["coppice graph", "phases, waves and edges as text"],
    ["coppice graph --format svg > plan.svg", "a picture"],
  ]);
}

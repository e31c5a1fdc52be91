import type { Command } from "commander";
import { type WhyReport, why } from "../../app/why.ts";
import { openWorkspace } from "../compose.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, withManifest } from "../options.ts";
import { createOutput, type Output } from "../output.ts";
import { actionLine, eventLine } from "../render.ts";
import { ago } from "../status-table.ts";

export function addWhy(program: Command): void {
  const command = program
    .command("why")
    .argument("<task>", "its id")
    .summary("what a task's agent is doing, by which evidence, and what comes next")
    .description(
      "Looks at a task as a beat does, without doing anything, and prints the verdict with its confidence and reason, every piece of evidence with its age, and what would be done now.",
    );
  withManifest(command).action(async (id: string, options: ManifestOptions) => {
    const output = createOutput({ json: options.json === true });
    const report = await why(await openWorkspace(options, output, { onEvent: output.story }), id);
    if (output.json) output.answerJson(report);
    else output.answer(whyText(report, output.paint));
  });
  withExamples(command, [
    ["coppice why t3", "why t3 is where it is"],
    ["coppice why t3 --json | jq .verdict", "the verdict alone"],
  ]);
}

/** A heading, then indented lines: verdict, evidence in the order of trust, ladder, history, what comes next. */
function whyText(report: WhyReport, paint: Output["paint"]): string {
  const { verdict, wait } = report;
  const heading = `${report.task} is ${report.status}${report.agent === null ? "" : `: ${report.agent}, attempt ${report.attempt}`}`;
  const believed =
    verdict === null
      ? []
      : [
          `${paint("bold", verdict.kind)}${report.sinceMs === null ? "" : ` for ${ago(report.sinceMs)}`}: ${verdict.why}`,
          `confidence ${verdict.confidence.toFixed(2)}, ${verdict.fact ? "a fact: one look is enough" : "not a fact: counts when a second look agrees"}`,
          ...(verdict.question === undefined ? [] : [`it asks: ${verdict.question}`]),
          ...(verdict.dialog
            ? [
                `dialog ${verdict.dialog.id}: ${verdict.dialog.title} [${verdict.dialog.options.map(({ label }) => label).join(" | ")}]`,
              ]
            : []),
        ];
  const widest = Math.max(0, ...report.evidence.map(({ source }) => source.length));
  return [
    paint("bold", heading),
    ...section("verdict", believed),
    ...section(
      "evidence",
      report.evidence.map(
        ({ source, found, ageMs }) =>
          `${source.padEnd(widest)}  ${found}${ageMs === null ? "" : paint("dim", ` (${ago(ageMs)} ago)`)}`,
      ),
    ),
    ...section("tried", [
      report.tried.map(({ rung, used, max }) => `${used} of ${max} ${rung}`).join(", "),
    ]),
    ...section(
      "lately",
      report.lately.flatMap(({ at, event }) => {
        const line = eventLine(event, paint);
        return line === undefined ? [] : [`${at.slice(0, 19)}Z ${line}`];
      }),
    ),
    ...section("next", [
      ...report.actions.map(actionLine),
      ...(wait ? [`${wait.reason}${wait.needsPerson ? " (waits for you)" : ""}`] : []),
    ]),
  ].join("\n");
}

const section = (name: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [name, ...lines.map((line) => `  ${line}`)];

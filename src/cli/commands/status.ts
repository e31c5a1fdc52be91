import type { Command } from "commander";
import { readOrThrow } from "../../app/run.ts";
import { statusReport } from "../../app/status.ts";
import { openManifest, presenceIn, workdirOf } from "../compose-manifest.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, withManifest } from "../options.ts";
import { createOutput } from "../output.ts";
import { presenceLine, problemLines } from "../render.ts";
import { statusTable } from "../status-table.ts";

export function addStatus(program: Command): void {
  const command = program
    .command("status")
    .argument("[manifest]", "the manifest (default: manifest.json)")
    .summary("how far every task is, and what it waits for")
    .description(
      "Prints every task with its status, what its agent is doing and since when, and what it waits for.",
    );
  withManifest(command).action(async (file: string | undefined, given: ManifestOptions) => {
    const output = createOutput({ json: given.json === true });
    const store = openManifest(file ?? given.manifest);
    const { manifest, warnings } = await readOrThrow({ ports: { store } });
    const report = statusReport(manifest, warnings, Date.now());
    const present = await presenceIn(workdirOf(store.path, manifest));
    if (output.json) {
      output.answerJson({ ...report, ...present });
      return;
    }
    output.answer(
      statusTable(report, Date.now(), output.paint, { columns: process.stdout.columns }),
    );
    output.story(presenceLine(present, output.paint));
    // Who waits for whom because of an overlap stands in the table.
    const others = warnings.filter((one) => one.code !== "overlap");
    if (others.length > 0) output.story(problemLines(others, output.paint));
  });
  withExamples(command, [
    ["coppice status", "the table for ./manifest.json"],
    [
      "coppice status --json | jq '.rows[] | select(.status == \"stuck\")'",
      "the tasks that need you",
    ],
  ]);
}

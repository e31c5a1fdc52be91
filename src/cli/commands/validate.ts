import type { Command } from "commander";
import { manifestMissing } from "../../heartbeat/beat.ts";
import { EXIT_CODES } from "../../manifest/errors.ts";
import { openManifest } from "../compose-manifest.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, withManifest } from "../options.ts";
import { createOutput } from "../output.ts";
import { problemLines } from "../render.ts";

export function addValidate(program: Command): void {
  const command = program
    .command("validate")
    .argument("[manifest]", "the manifest (default: manifest.json)")
    .summary("every mistake of a manifest with its place and remedy")
    .description(
      "Checks a manifest and prints every mistake with file, line, column, field and remedy.",
    );
  withManifest(command).action(async (file: string | undefined, given: ManifestOptions) => {
    const output = createOutput({ json: given.json === true });
    const store = openManifest(file ?? given.manifest);
    const read = await store.read();
    if (read.kind === "missing") throw manifestMissing(read.path);
    const problems = read.kind === "invalid" ? read.problems : read.snapshot.warnings;
    const valid = read.kind === "read";
    if (output.json) output.answerJson({ valid, problems });
    else if (problems.length > 0) output.answer(problemLines(problems, output.paint));
    if (valid) output.story(`${store.path} is valid`);
    else process.exitCode = EXIT_CODES.input;
  });
  withExamples(command, [
    ["coppice validate", "check ./manifest.json"],
    ["coppice validate plans/night.json --json", "the mistakes as JSON"],
  ]);
}

import type { Command } from "commander";
import { classifyCorpus, classifyTask, scoreCorpus } from "../../app/classify.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { openRecordedScreens, openWorkspace } from "../compose.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, withManifest } from "../options.ts";
import { createOutput, type Output } from "../output.ts";
import { scoreTable } from "../score-table.ts";

interface ClassifyOptions extends ManifestOptions {
  readonly corpus?: string;
  readonly score?: boolean;
}

export function addClassify(program: Command): void {
  const command = program
    .command("classify")
    .argument("[task]", "its id")
    .summary("what the screen reader says of a session or of recorded screens")
    .description(
      "Reads the screen of a task's session, or every recorded screen of a folder, and prints one JSON line a screen: state, action, confidence and why.",
    );
  withManifest(command)
    .option("--corpus <dir>", "a folder with screens.jsonl and the screens that it lists")
    .option("--score", "with --corpus: compare with the labels and print the table")
    .action(async (task: string | undefined, options: ClassifyOptions) => {
      const output = createOutput({ json: options.json === true });
      if ((task === undefined) === (options.corpus === undefined)) {
        throw new CoppiceError({
          code: "usage",
          kind: "usage",
          message: "name either a task or a folder of recorded screens",
          hint: "coppice classify t3, or coppice classify --corpus fixtures/screens",
        });
      }
      if (options.corpus !== undefined) return await ofCorpus(options.corpus, options, output);
      const workspace = await openWorkspace(options, output, { onEvent: output.story });
      output.answerJson({ task, ...(await classifyTask(workspace, task ?? "")) });
    });
  withExamples(command, [
    ["coppice classify t3", "what is on the screen of t3, as the reader sees it"],
    ["coppice classify --corpus screens > verdicts.jsonl", "one line for each recorded screen"],
    ["coppice classify --corpus screens --score", "how often it is right, and every mistake"],
  ]);
}

async function ofCorpus(folder: string, options: ClassifyOptions, output: Output): Promise<void> {
  const screens = openRecordedScreens(folder);
  if (options.score !== true) {
    for (const verdict of await classifyCorpus(screens)) output.answerJson(verdict);
    return;
  }
  const score = await scoreCorpus(screens);
  if (output.json) output.answerJson(score);
  else output.answer(scoreTable(score));
}

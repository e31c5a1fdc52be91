import type { Command } from "commander";
import { record } from "../../app/record.ts";
import { openRecordedScreens, openWorkspace, privateWords } from "../compose.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, withManifest } from "../options.ts";
import { createOutput } from "../output.ts";

interface RecordOptions extends ManifestOptions {
  readonly label: string;
  readonly into: string;
}

export function addRecord(program: Command): void {
  const command = program
    .command("record")
    .argument("<task>", "its id")
    .summary("save a session's screen with its true state, for the screen reader's tests")
    .description(
      "Saves the screen of a task's session as a labelled fixture. Paths, addresses, secrets, host and user names are taken out; look at the file before you share it.",
    );
  withManifest(command)
    .requiredOption("--label <state>", "what it truly shows, e.g. waiting-approval")
    .option("--into <dir>", "the folder that grows", "screens")
    .action(async (id: string, options: RecordOptions) => {
      const output = createOutput({ json: options.json === true });
      const recording = await record(
        await openWorkspace(options, output, { onEvent: output.story }),
        id,
        {
          label: options.label,
          screens: openRecordedScreens(options.into),
          privateWords: privateWords(),
        },
      );
      if (output.json) output.answerJson(recording);
      else output.answer(recording.path);
      output.story(
        recording.read === recording.state
          ? `it is read as ${recording.read}, which is right`
          : `it is read as ${recording.read}, which is wrong: please report it with this file`,
      );
    });
  withExamples(command, [
    ["coppice record t3 --label waiting-approval", "save what t3 shows into ./screens"],
    ["coppice classify --corpus screens --score", "and see how all of them are read"],
  ]);
}

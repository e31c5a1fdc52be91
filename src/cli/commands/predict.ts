import type { Command } from "commander";
import { predict } from "../../app/predict.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { openPrediction } from "../compose-plan.ts";
import { withExamples } from "../examples.ts";
import { REFINE_HELP } from "../options.ts";
import { createOutput } from "../output.ts";

interface PredictOptions {
  readonly issues: string;
  readonly repoDir?: string;
  readonly ref?: string;
  readonly index?: string;
  readonly refine?: string;
}

export function addPredict(program: Command): void {
  const command = program
    .command("predict")
    .summary("which files issues will probably touch")
    .description(
      'Reads issues and a repository and prints {"NUMBER": [{"path", "confidence", "why"}]}, the likeliest first. All issues of the file count, closed ones too: they are judged together.',
    )
    .requiredOption(
      "--issues <path>",
      "issues from a JSON file (GitHub's REST shape) or a folder of Markdown files",
    )
    .option("--repo-dir <dir>", "the checkout (default: the current one)")
    .option("--ref <commit>", "branch or commit of it to look at (default: HEAD)")
    .option(
      "--index <dir>",
      "instead of a checkout: a folder with tree.txt, symbols.tsv and churn.tsv",
    )
    .option("--refine <agent>", REFINE_HELP)
    .option("--json", "print JSON on stdout, which it does anyway")
    .action(async (options: PredictOptions) => {
      const { repoDir, ref, refine } = options;
      if (options.index !== undefined && (repoDir ?? ref ?? refine) !== undefined) {
        throw new CoppiceError({
          code: "usage",
          kind: "usage",
          message:
            "--index stands in for a checkout: --repo-dir, --ref and --refine do not go with it",
          hint: "Leave out one of them.",
        });
      }
      const output = createOutput({ json: true });
      output.answerJson(await predict(openPrediction(options, output), ref ?? "HEAD"));
    });
  withExamples(command, [
    ["coppice predict --issues issues.json", "for the checkout in the current folder"],
    [
      "coppice predict --issues issues.json --repo-dir ../app --ref v2.0.0",
      "as the files were at a tag",
    ],
  ]);
}

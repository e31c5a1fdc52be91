import type { Command } from "commander";
import { doctor } from "../../app/doctor.ts";
import { EXIT_CODES } from "../../manifest/errors.ts";
import { openDoctor } from "../compose.ts";
import { withExamples } from "../examples.ts";
import { createOutput } from "../output.ts";
import { doctorLines } from "../render.ts";

export function addDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .summary("what a run needs, what is found, and how to get the rest")
    .description("Looks at Node, git, tmux, the agents, the GitHub token and the disk.")
    .option("--api-url <url>", "GitHub Enterprise, e.g. https://HOST/api/v3")
    .option("--json", "print JSON on stdout")
    .action(async (options: { apiUrl?: string; json?: boolean }) => {
      const output = createOutput({ json: options.json === true });
      const findings = await doctor(openDoctor(options));
      if (output.json) output.answerJson(findings);
      else output.answer(doctorLines(findings, output.paint));
      if (findings.some((finding) => finding.state === "problem"))
        process.exitCode = EXIT_CODES.machine;
    });
  withExamples(command, [
    ["coppice doctor", "look at everything"],
    ["coppice doctor --json", "the same for scripts"],
  ]);
}

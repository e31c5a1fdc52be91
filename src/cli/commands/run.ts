import { constants } from "node:os";
import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import { type RunResult, run } from "../../app/run.ts";
import { statusReport } from "../../app/status.ts";
import { CoppiceError, EXIT_CODES } from "../../manifest/errors.ts";
import type { RunOutcome } from "../../ports/journal.ts";
import { openWorkspace } from "../compose.ts";
import { manifestExists } from "../compose-manifest.ts";
import { withExamples } from "../examples.ts";
import { createLiveTable } from "../live-table.ts";
import { type PlanOptions, wholeNumber, withPlanOptions } from "../options.ts";
import { createOutput, type Output } from "../output.ts";
import { statusTable } from "../status-table.ts";
import { lookOnly } from "./heartbeat.ts";
import { planAndShow } from "./plan.ts";

interface RunCommandOptions extends PlanOptions {
  readonly yes?: boolean;
  readonly cleanup?: boolean;
  readonly interval: number;
  readonly dryRun?: boolean;
}

export function addRun(program: Command): void {
  const command = program
    .command("run")
    .argument("[manifest]", "the manifest (default: manifest.json)")
    .summary("do the work of a manifest until nothing moves without you")
    .description(
      "Starts agents, watches and heals them, and delivers what is finished, until everything is merged, open, failed or waiting for a person. Without a manifest it plans first.",
    );
  withPlanOptions(command)
    .option("-y, --yes", "start without asking")
    .option("--cleanup", "remove sessions, worktrees and branches of merged tasks at once")
    .addOption(
      new Option("--interval <seconds>", "the longest time between two looks")
        .default(15)
        .argParser(wholeNumber),
    )
    .option("--dry-run", "look once and print what would be done")
    .action(async (file: string | undefined, given: RunCommandOptions) => {
      const options = { ...given, manifest: file ?? given.manifest };
      const output = createOutput({ json: options.json === true });
      if (!(await manifestExists(options.manifest))) {
        output.story(`there is no manifest at ${options.manifest} yet: planning one`);
        await planAndShow(options, options.json ? quiet(output) : output, options.dryRun === true);
        if (options.dryRun || !(await confirmed(options, output))) return;
      }
      if (options.dryRun) return await lookOnly(options, output);
      process.exitCode = await runAndShow(options, output);
    });
  withExamples(command, [
    ["coppice run", "carry out ./manifest.json; Ctrl-C leaves the sessions running"],
    ["coppice run --repo owner/name --label good-first-issue --yes", "plan and run in one go"],
  ]);
}

/** Runs to the end and prints the result; returns the exit code. */
export async function runAndShow(
  options: { readonly manifest: string; readonly cleanup?: boolean; readonly interval: number },
  output: Output,
): Promise<number> {
  const table = createLiveTable(output);
  const workspace = await openWorkspace(options, output, { onEvent: table.above });
  const stop = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => stop.abort(signal);
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const result = await run(workspace, {
      intervalMs: options.interval * 1000,
      cleanup: options.cleanup === true,
      stop: stop.signal,
      onReport: (report) => {
        const { snapshot, waits } = report;
        if (snapshot) table.draw(statusReport(snapshot.manifest, [], Date.now(), waits));
      },
    });
    table.clear();
    showResult(result, output, options.manifest, workspace.workdir);
    return exitCodeOf(result.outcome, stop.signal);
  } finally {
    table.clear();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

function showResult(result: RunResult, output: Output, manifest: string, workdir: string): void {
  const { outcome, report } = result;
  const { snapshot } = report;
  if (snapshot === undefined) return;
  const status = statusReport(snapshot.manifest, [], Date.now(), report.waits);
  if (output.json) {
    output.answerJson({ outcome, ...status, waits: report.waits });
    return;
  }
  output.answer(statusTable(status, Date.now(), output.paint, { columns: process.stdout.columns }));
  for (const row of status.rows) {
    if (row.pullRequest)
      output.answer(`${row.task} #${row.pullRequest.number} ${row.pullRequest.url ?? ""}`);
  }
  output.story(ENDINGS[outcome](manifest));
  output.story(`logs and prompts: ${workdir}/tasks`);
}

const ENDINGS: Readonly<Record<RunOutcome, (manifest: string) => string>> = {
  delivered: () => "all tasks are delivered",
  failed: (manifest) =>
    `finished, but not everything: see "waits for", then coppice retry TASK -m ${manifest}`,
  "waiting-for-person": (manifest) =>
    `waiting for you: see "waits for"; coppice run ${manifest} goes on afterwards`,
  interrupted: (manifest) =>
    `stopped; the sessions go on by themselves: coppice run ${manifest} takes them up again, coppice cancel TASK ends one`,
};

function exitCodeOf(outcome: RunOutcome, stopped: AbortSignal): number {
  switch (outcome) {
    case "delivered":
      return 0;
    case "failed":
    case "waiting-for-person":
      return EXIT_CODES.task;
    case "interrupted":
      return 128 + constants.signals[stopped.reason as NodeJS.Signals];
  }
}

async function confirmed(options: RunCommandOptions, output: Output): Promise<boolean> {
  if (options.yes) return true;
  if (process.stdin.isTTY !== true) {
    throw new CoppiceError({
      code: "not-confirmed",
      kind: "usage",
      message: "the plan was written, and there is no terminal to ask whether to start",
      hint: "Give --yes, or look at the manifest and start it with coppice run.",
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const said = await terminal.question("Start? [y/N] ");
  terminal.close();
  if (/^y(es)?$/i.test(said.trim())) return true;
  output.story("not started; coppice run starts it");
  return false;
}

/** `--json` prints one answer: the result, not the plan before it. */
const quiet = (output: Output): Output => ({
  ...output,
  answer: () => undefined,
  answerJson: () => undefined,
});

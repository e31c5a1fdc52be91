import type { Command } from "commander";
import cron from "node-cron";
import { beatOnce, look, readOrThrow } from "../../app/run.ts";
import { statusReport } from "../../app/status.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { openWorkspace } from "../compose.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, withManifest } from "../options.ts";
import { createOutput, type Output } from "../output.ts";
import { actionLine } from "../render.ts";
import { statusTable } from "../status-table.ts";

interface HeartbeatOptions extends ManifestOptions {
  readonly every?: string;
  readonly cleanup?: boolean;
  readonly dryRun?: boolean;
}

export function addHeartbeat(program: Command): void {
  const command = program
    .command("heartbeat")
    .argument("[manifest]", "the manifest (default: manifest.json)")
    .summary("one pass: look, decide, act, note; for cron")
    .description(
      "Looks at every task once, does what is due and ends; with --every it keeps going on a schedule.",
    );
  withManifest(command)
    .option("--every <cron>", "keep going on this schedule, e.g. '*/15 * * * *'")
    .option("--cleanup", "remove sessions, worktrees and branches of merged tasks at once")
    .option("--dry-run", "print what would be done")
    .action(async (file: string | undefined, given: HeartbeatOptions) => {
      const options = { ...given, manifest: file ?? given.manifest };
      const output = createOutput({ json: options.json === true });
      if (options.dryRun) return await lookOnly(options, output);
      if (options.every === undefined) return await beatAndShow(options, output);
      await keepBeating(options, options.every, output);
    });
  withExamples(command, [
    ["coppice heartbeat ~/project/manifest.json", "one pass, e.g. from cron"],
    ["coppice heartbeat --every '*/15 * * * *'", "stay and do one every quarter of an hour"],
  ]);
}

async function beatAndShow(options: HeartbeatOptions, output: Output): Promise<void> {
  const workspace = await openWorkspace(options, output, { onEvent: output.story });
  const report = await beatOnce(workspace, { cleanup: options.cleanup === true });
  if ("kind" in report) {
    const { purpose, pid, host } = report.holder;
    if (output.json) output.answerJson({ busy: report.holder });
    output.story(`nothing to do: ${purpose} (process ${pid} on ${host}) is at work here`);
    return;
  }
  if (report.snapshot === undefined) {
    throw new CoppiceError({
      code: "manifest-invalid",
      kind: "input",
      message: "the manifest cannot be read",
      hint: "coppice validate shows every mistake with its place.",
    });
  }
  const status = statusReport(report.snapshot.manifest, [], Date.now(), report.waits);
  if (output.json) output.answerJson({ ...status, waits: report.waits });
  else
    output.answer(
      statusTable(status, Date.now(), output.paint, { columns: process.stdout.columns }),
    );
}

/** Prints what a beat would do now, and does nothing. */
export async function lookOnly(options: ManifestOptions, output: Output): Promise<void> {
  const workspace = await openWorkspace(options, output, { onEvent: output.story });
  const { decision } = await look(workspace, await readOrThrow(workspace));
  if (output.json) {
    output.answerJson({ actions: decision.actions, waits: decision.waits });
    return;
  }
  output.answer(
    [
      ...decision.actions.map((action) => actionLine(action)),
      ...decision.waits
        .filter(({ taskId }) => !decision.actions.some((action) => action.taskId === taskId))
        .map((wait) => `${wait.taskId} ${wait.reason}`),
    ].join("\n") || "nothing to do",
  );
}

/** One beat per tick, never two at once; ticks missed in a sleep are one beat. */
async function keepBeating(
  options: HeartbeatOptions,
  schedule: string,
  output: Output,
): Promise<void> {
  if (!cron.validate(schedule)) {
    throw new CoppiceError({
      code: "schedule-invalid",
      kind: "usage",
      message: `${JSON.stringify(schedule)} is no cron schedule`,
      hint: "Write five fields, e.g. '*/15 * * * *' for every quarter of an hour.",
    });
  }
  const tell = (error: unknown) => {
    const known = error instanceof CoppiceError;
    output.story(known ? `${error.message}. ${error.hint}` : String(error));
  };
  const beat = () => beatAndShow(options, output).catch(tell);
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve).once("SIGTERM", resolve);
  });
  await beat();
  const task = cron.schedule(schedule, beat, { noOverlap: true });
  await stopped;
  await task.stop();
  output.story("stopped; the sessions go on by themselves");
}

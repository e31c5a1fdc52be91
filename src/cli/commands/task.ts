import type { Command } from "commander";
import { classifyTask } from "../../app/classify.ts";
import { attachCommand, cancel, logs, retry, send } from "../../app/task.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { openWorkspace, runOnTerminal } from "../compose.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, wholeNumber, withManifest } from "../options.ts";
import { createOutput, type Output } from "../output.ts";

/** The commands that take one task: attach, logs, send, retry, cancel. */
export function addTaskCommands(program: Command): void {
  addAttach(program);
  addLogs(program);
  addSend(program);
  addRetry(program);
  addCancel(program);
}

type SendOptions = ActingOptions & { readonly interrupt?: boolean };
type ActingOptions = ManifestOptions & { readonly dryRun?: boolean };

const withDryRun = (command: Command): Command =>
  withManifest(command).option("--dry-run", "say what would be done and do nothing");

const open = (options: ManifestOptions, output: Output) =>
  openWorkspace(options, output, { onEvent: output.story });

function addAttach(program: Command): void {
  const command = program
    .command("attach")
    .argument("<task>", "its id")
    .summary("look at a task's session, and type")
    .description(
      "Opens the task's tmux session in this terminal. Ctrl-b d leaves it; the agent goes on.",
    );
  withManifest(command).action(async (id: string, options: ManifestOptions) => {
    const output = createOutput({ json: options.json === true });
    const argv = await attachCommand(await open(options, output), id);
    if (output.json) output.answerJson({ command: argv });
    else process.exitCode = await runOnTerminal(argv);
  });
  withExamples(command, [
    ["coppice attach t3", "look at what t3 is doing; Ctrl-b d to leave"],
    ["coppice attach t3 --json", "the tmux command itself"],
  ]);
}

function addLogs(program: Command): void {
  const command = program
    .command("logs")
    .argument("<task>", "its id")
    .summary("the last lines of a task's terminal")
    .description(
      "Prints the end of the terminal log of a task's newest attempt, without escape sequences.",
    );
  withManifest(command)
    .option("-n, --lines <n>", "how many lines", wholeNumber, 60)
    .option("--attempt <n>", "of this attempt", wholeNumber)
    .action(async (id: string, options: ManifestOptions & { lines: number; attempt?: number }) => {
      const output = createOutput({ json: options.json === true });
      const log = await logs(await open(options, output), id, {
        attempt: options.attempt,
        lines: options.lines,
      });
      if (output.json) output.answerJson(log);
      else output.answer(log.lines.join("\n"));
      output.story(`attempt ${log.attempt}; everything: ${log.path}`);
    });
  withExamples(command, [
    ["coppice logs t3", "the last 60 lines of its newest attempt"],
    ["coppice logs t3 --attempt 1 -n 500", "more of an earlier one"],
  ]);
}

function addSend(program: Command): void {
  const command = program
    .command("send")
    .argument("<task>", "its id")
    .argument("<text...>", "what to type")
    .summary("type words into a task's session")
    .description(
      "Types words and Enter into the session of a task; refused when a dialog is open there.",
    );
  withDryRun(command)
    .option("--interrupt", "end a turn that runs first, by the agent's own keys")
    .action(async (id: string, words: readonly string[], options: SendOptions) => {
      const output = createOutput({ json: options.json === true });
      const workspace = await open(options, output);
      if (options.dryRun) {
        const { state, why } = await classifyTask(workspace, id);
        if (output.json) output.answerJson({ task: id, text: words.join(" "), state, why });
        else {
          const first = options.interrupt ? "its turn would be ended first; " : "";
          output.story(`${first}would be typed if ${id} takes words; it reads as ${state}: ${why}`);
        }
        return;
      }
      const outcome = await send(workspace, id, words.join(" "), {
        interrupts: options.interrupt === true,
      });
      if (outcome.kind === "refused") {
        throw new CoppiceError({
          code: "inject-refused",
          kind: "input",
          message: `nothing was typed: ${outcome.reason}`,
          hint: `Look at it with coppice attach ${id}.`,
        });
      }
      if (output.json) output.answerJson(outcome);
      else
        output.story(
          outcome.kind === "sent" ? "sent" : `pressed, but no effect was seen: ${outcome.reason}`,
        );
    });
  withExamples(command, [
    ['coppice send t3 "use the new parser"', "tell the agent something"],
    ['coppice send t3 --interrupt "stop: use the old one"', "end what it is doing first"],
    ["coppice send t3 y", "answer a question of a plain program"],
  ]);
}

function addRetry(program: Command): void {
  const command = program
    .command("retry")
    .argument("<task>", "its id")
    .summary("have a task done again")
    .description(
      "Sets a task back to pending. Its branch and worktree stay as they are; a session that still runs is ended.",
    );
  withDryRun(command).action(async (id: string, options: ActingOptions) => {
    const output = createOutput({ json: options.json === true });
    const dryRun = options.dryRun === true;
    const task = await retry(await open(options, output), id, { dryRun });
    if (output.json)
      output.answerJson({ task: task.id, status: task.status, ...(dryRun ? { dryRun } : {}) });
    else if (dryRun) output.story(`${task.id} would be ${task.status} again; nothing was changed`);
    else output.story(`${task.id} is ${task.status}; coppice run or the next heartbeat starts it`);
  });
  withExamples(command, [
    ["coppice retry t3", "after you have mended what stopped it"],
    ["coppice retry t3 && coppice run", "and go on at once"],
  ]);
}

function addCancel(program: Command): void {
  const command = program
    .command("cancel")
    .argument("<task>", "its id")
    .summary("take a task back")
    .description("Ends the task's session. Its branch and worktree stay until coppice cleanup.");
  withDryRun(command).action(async (id: string, options: ActingOptions) => {
    const output = createOutput({ json: options.json === true });
    const dryRun = options.dryRun === true;
    const task = await cancel(await open(options, output), id, { dryRun });
    if (output.json)
      output.answerJson({ task: task.id, status: task.status, ...(dryRun ? { dryRun } : {}) });
    else if (dryRun) output.story(`${task.id} would be ${task.status}; nothing was changed`);
    else output.story(`${task.id} is ${task.status}; its work stays until coppice cleanup`);
  });
  withExamples(command, [
    ["coppice cancel t3", "stop its agent"],
    ["coppice cancel t3 && coppice cleanup --dry-run", "and see what clean-up would remove"],
  ]);
}

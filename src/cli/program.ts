import { Command } from "commander";
import { addCleanup } from "./commands/cleanup.ts";
import { addDemo } from "./commands/demo.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addGraph } from "./commands/graph.ts";
import { addHeartbeat } from "./commands/heartbeat.ts";
import { addPlan } from "./commands/plan.ts";
import { addRun } from "./commands/run.ts";
import { addStatus } from "./commands/status.ts";
import { addTaskCommands } from "./commands/task.ts";
import { addValidate } from "./commands/validate.ts";
import { packageVersion } from "./package-files.ts";

/** All commands, in the order in which a newcomer meets them. */
export function createProgram(): Command {
  const program = new Command("coppice")
    .description(
      "Turns a backlog of issues into reviewed-ready pull requests, with coding agents in tmux and git worktrees.",
    )
    .version(packageVersion())
    .showSuggestionAfterError()
    .showHelpAfterError("coppice --help lists the commands.")
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, "coppice: ")),
    })
    .exitOverride();
  for (const add of [
    addDemo,
    addDoctor,
    addPlan,
    addRun,
    addStatus,
    addHeartbeat,
    addValidate,
    addGraph,
    addTaskCommands,
    addCleanup,
  ]) {
    add(program);
  }
  for (const command of program.commands) {
    command.showHelpAfterError(`coppice ${command.name()} --help shows how it is used.`);
  }
  return program;
}

import { Command } from "commander";
import { packageVersion } from "./package-files.ts";

/** The commands in the order in which a newcomer meets them, by the module that adds them. */
export const COMMANDS: readonly {
  readonly names: readonly string[];
  readonly load: () => Promise<(program: Command) => void>;
}[] = [
  { names: ["demo"], load: async () => (await import("./commands/demo.ts")).addDemo },
  { names: ["doctor"], load: async () => (await import("./commands/doctor.ts")).addDoctor },
  { names: ["plan"], load: async () => (await import("./commands/plan.ts")).addPlan },
  { names: ["predict"], load: async () => (await import("./commands/predict.ts")).addPredict },
  { names: ["run"], load: async () => (await import("./commands/run.ts")).addRun },
  { names: ["status"], load: async () => (await import("./commands/status.ts")).addStatus },
  {
    names: ["heartbeat"],
    load: async () => (await import("./commands/heartbeat.ts")).addHeartbeat,
  },
  { names: ["validate"], load: async () => (await import("./commands/validate.ts")).addValidate },
  { names: ["graph"], load: async () => (await import("./commands/graph.ts")).addGraph },
  {
    names: ["attach", "logs", "send", "retry", "cancel"],
    load: async () => (await import("./commands/task.ts")).addTaskCommands,
  },
  {
    names: ["edit", "set", "depend", "move", "add-task"],
    load: async () => (await import("./commands/edit.ts")).addEditCommands,
  },
  { names: ["why"], load: async () => (await import("./commands/why.ts")).addWhy },
  { names: ["classify"], load: async () => (await import("./commands/classify.ts")).addClassify },
  { names: ["record"], load: async () => (await import("./commands/record.ts")).addRecord },
  { names: ["cleanup"], load: async () => (await import("./commands/cleanup.ts")).addCleanup },
];

/** The program with the command of that name alone, else with all: to load one takes a fraction of the time. */
export async function createProgram(name: string | undefined): Promise<Command> {
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
  const named = COMMANDS.filter(({ names }) => name !== undefined && names.includes(name));
  for (const { load } of named.length > 0 ? named : COMMANDS) (await load())(program);
  for (const command of program.commands) {
    command.showHelpAfterError(`coppice ${command.name()} --help shows how it is used.`);
  }
  return program;
}

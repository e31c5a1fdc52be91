import type { Manifest } from "./manifest.ts";
import type { AgentMode, CommandLine, Task } from "./task.ts";

/** What holds for one task: its own word where it has one, else the manifest's. */
export interface TaskSettings {
  /** In the order in which they are tried; never empty. */
  readonly agents: readonly string[];
  /** The program of the agent `command`. */
  readonly command: readonly string[] | undefined;
  readonly mode: AgentMode;
  readonly model: string | undefined;
  readonly modelTier: string | undefined;
  readonly prompt: string | undefined;
  readonly verify: CommandLine | undefined;
  readonly setup: CommandLine | undefined;
  readonly copyFiles: readonly string[];
  /** `undefined`: the default branch of `origin`. */
  readonly base: string | undefined;
  readonly overlap: "serial" | "parallel";
}

/** The one place where a task's fields overrule those of the manifest. */
export function settingsOf(manifest: Manifest, task: Task): TaskSettings {
  return {
    agents: agentsOf(manifest, task),
    command: task.command ?? manifest.command,
    mode: task.mode ?? manifest.mode,
    model: task.model ?? manifest.model,
    modelTier: task.modelTier ?? manifest.modelTier,
    prompt: task.prompt ?? manifest.prompt,
    verify: task.verify ?? manifest.verify,
    setup: task.setup ?? manifest.setup,
    copyFiles: task.copyFiles ?? manifest.copyFiles,
    base: task.base ?? manifest.base,
    overlap: task.overlap ?? manifest.overlap,
  };
}

/** The agents of a task in the order in which they are tried, each once; never empty. */
export function agentsOf(manifest: Manifest, task: Task): string[] {
  const own = task.agents?.length ? task.agents : task.agent === undefined ? [] : [task.agent];
  const agents = own.length > 0 ? own : (manifest.agents ?? [manifest.agent]);
  return [...new Set(agents)];
}

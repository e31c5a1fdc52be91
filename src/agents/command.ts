import { CoppiceError } from "../manifest/errors.ts";
import type { Agent, LaunchPlan, LaunchRequest } from "./agent.ts";
import { readGeneric } from "./generic.ts";

/** Any program: the manifest's `command`, with `{promptFile} {taskId} {branch} {worktree} {prompt}` filled in. It ends by exiting. */
export const command: Agent = {
  name: "command",
  title: "Own command",
  binaries: [],
  versionArgv: [],
  versions: undefined,
  interrupt: [],
  environment: [],
  interactive: false,
  install: 'name the program in the manifest: "command": ["my-agent", "{promptFile}"]',
  launch,
  resume: () => undefined,
  read: readGeneric,
};

/** Throws CoppiceError `command-missing` (kind input) when the manifest names no program. */
function launch(request: LaunchRequest): LaunchPlan {
  if (request.command === undefined) {
    throw new CoppiceError({
      code: "command-missing",
      kind: "input",
      message: `task ${request.taskId} has the agent "command", but no command is named`,
      hint: 'Add "command": ["my-agent", "{promptFile}"] to the task or to the manifest.',
    });
  }
  const values: Readonly<Record<string, string>> = {
    "{promptFile}": request.promptFile,
    "{taskId}": request.taskId,
    "{branch}": request.branch,
    "{worktree}": request.worktree,
  };
  const fill = (word: string): string =>
    word.replace(/\{(?:promptFile|taskId|branch|worktree)\}/g, (name) => values[name] ?? name);
  return { argv: request.command.map(fill), env: {} };
}

import { branchOf } from "./branch.ts";
import { filePath } from "./files.ts";
import type { Manifest } from "./manifest.ts";
import type { JsonPath } from "./place.ts";
import { settingsOf } from "./settings.ts";
import type { Mistake } from "./source.ts";
import { BranchName, type Task } from "./task.ts";

/** Mistakes that the shape alone does not show and that need no graph. */
export function manifestMistakes(manifest: Manifest): Mistake[] {
  const tasks = manifest.phases.flatMap((phase, phaseIndex) =>
    phase.tasks.map((task, taskIndex): Placed => {
      return { task, path: ["phases", phaseIndex, "tasks", taskIndex] };
    }),
  );
  return [
    ...duplicateIds(tasks),
    ...branchMistakes(manifest, tasks),
    ...pathMistakes(manifest.copyFiles, ["copyFiles"]),
    ...tasks.flatMap(({ task, path }) => [
      ...pathMistakes(task.files, [...path, "files"]),
      ...(task.predicted ?? []).flatMap((file, index) =>
        pathMistake(file.path, [...path, "predicted", index, "path"]),
      ),
      ...pathMistakes(task.copyFiles ?? [], [...path, "copyFiles"]),
    ]),
    ...commandMistakes(manifest, tasks),
    ...modeMistakes(manifest, tasks),
  ];
}

interface Placed {
  readonly task: Task;
  readonly path: JsonPath;
}

/** Ids also become folder names, and some file systems do not tell `T1` from `t1`. */
function duplicateIds(tasks: readonly Placed[]): Mistake[] {
  const first = new Map<string, Task>();
  return tasks.flatMap(({ task, path }) => {
    const other = first.get(task.id.toLowerCase());
    if (other === undefined) {
      first.set(task.id.toLowerCase(), task);
      return [];
    }
    const message =
      other.id === task.id
        ? `two tasks have the id ${task.id}`
        : `the ids ${other.id} and ${task.id} differ in upper and lower case only`;
    const remedy = "Give one of them another id, and mend the dependsOn that mean it.";
    return [mistake("duplicate-id", [...path, "id"], message, remedy)];
  });
}

function branchMistakes(manifest: Manifest, tasks: readonly Placed[]): Mistake[] {
  const owners = new Map<string, Task>();
  for (const { task } of tasks) {
    const branch = branchOf(manifest, task).toLowerCase();
    if (!owners.has(branch)) owners.set(branch, task);
  }
  return tasks.flatMap(({ task, path }) => {
    const branch = branchOf(manifest, task);
    const at = [...path, task.branch !== undefined ? "branch" : task.issue ? "issue" : "id"];
    const own = `Give ${task.id} a "branch" of its own.`;
    if (!BranchName.safeParse(branch).success) {
      const message = `the branch of ${task.id} would be ${branch}, which git does not allow`;
      return [mistake("branch-name", at, message, 'Mend "branchPrefix", e.g. "fix/".')];
    }
    if (branch === settingsOf(manifest, task).base) {
      const message = `${task.id} would work on the base branch ${branch} itself`;
      return [mistake("branch-is-base", at, message, own)];
    }
    const owner = owners.get(branch.toLowerCase());
    if (owner !== undefined && owner.id !== task.id) {
      const message = `${owner.id} and ${task.id} would share the branch ${branch}`;
      return [mistake("duplicate-branch", at, message, own)];
    }
    const folder = foldersOf(branch).find((above) => owners.has(above.toLowerCase()));
    if (folder !== undefined) {
      const message = `git cannot hold the branches ${folder} and ${branch} at the same time`;
      return [mistake("branch-in-branch", at, message, own)];
    }
    return [];
  });
}

function foldersOf(branch: string): string[] {
  const parts = branch.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function pathMistakes(paths: readonly string[], path: JsonPath): Mistake[] {
  return paths.flatMap((text, index) => pathMistake(text, [...path, index]));
}

function pathMistake(text: string, path: JsonPath): Mistake[] {
  const outcome = filePath(text);
  if (outcome.kind === "inside") return [];
  const message = `the path ${JSON.stringify(text)} ${outcome.why}`;
  return [mistake("path-outside", path, message, outcome.remedy)];
}

/** The agent `command` is a program that only the manifest knows. One mistake for each place that asks for it. */
function commandMistakes(manifest: Manifest, tasks: readonly Placed[]): Mistake[] {
  const places = new Map<string, JsonPath>();
  for (const { task, path } of tasks) {
    const { agents, command } = settingsOf(manifest, task);
    if (!agents.includes("command") || command !== undefined) continue;
    const own = task.agents?.length ? "agents" : task.agent === undefined ? undefined : "agent";
    const at = own ? [...path, own] : [manifest.agents ? "agents" : "agent"];
    places.set(at.join("."), at);
  }
  return [...places.values()].map((at) =>
    mistake(
      "command-missing",
      at,
      'the agent "command" is asked for, and no "command" says what to run',
      'Add "command": ["program", "{promptFile}"] here or to the manifest.',
    ),
  );
}

/** Without a terminal there is nobody to ask. */
function modeMistakes(manifest: Manifest, tasks: readonly Placed[]): Mistake[] {
  if (manifest.permissions.mode !== "ask") return [];
  const at: JsonPath[] = [
    ...(manifest.mode === "headless" ? [["mode"]] : []),
    ...tasks.flatMap(({ task, path }) => (task.mode === "headless" ? [[...path, "mode"]] : [])),
  ];
  return at.map((path) =>
    mistake(
      "headless-asks",
      path,
      'a headless agent cannot ask, and "permissions" say that it is to',
      'Set "mode" to "interactive", or the mode of "permissions" to "bypass".',
    ),
  );
}

function mistake(code: string, path: JsonPath, message: string, remedy: string): Mistake {
  return { severity: "error", code, path, message, remedy };
}

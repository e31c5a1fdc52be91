import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { applyText, type EditResult, edit } from "../../app/edit.ts";
import { readOrThrow } from "../../app/run.ts";
import {
  addTask,
  type EditOutcome,
  moveTask,
  setDependencies,
  setField,
} from "../../manifest/edits.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import type { Json, JsonObject } from "../../manifest/json.ts";
import { openManifest } from "../compose-manifest.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, wholeNumber, withManifest } from "../options.ts";
import { createOutput } from "../output.ts";
import { problemLines } from "../render.ts";

type EditOptions = ManifestOptions & { readonly dryRun?: boolean };

/** The commands that change a manifest as a person would by hand: edit, set, depend, move, add-task. */
export function addEditCommands(program: Command): void {
  addEdit(program);
  addSet(program);
  addDepend(program);
  addMove(program);
  addAddTask(program);
}

function addEdit(program: Command): void {
  const command = program
    .command("edit")
    .argument("[manifest]", "the manifest (default: manifest.json)")
    .summary("edit the manifest in your editor, safely")
    .description(
      "Opens $VISUAL or $EDITOR on a copy, checks it, says what the edit means, and puts it onto the manifest. What a run writes meanwhile stays.",
    );
  withEditOptions(command).action(async (file: string | undefined, given: EditOptions) => {
    const store = openManifest(file ?? given.manifest);
    const base = await readOrThrow({ ports: { store } });
    const text = await editedCopy(base.text);
    tell(await applyText(store, base, text, { dryRun: given.dryRun === true }), given);
  });
  withExamples(command, [
    ["coppice edit", "the manifest of this folder, also while a run goes on"],
    ["EDITOR=nano coppice edit --dry-run", "see what an edit would mean"],
  ]);
}

function addSet(program: Command): void {
  const command = program
    .command("set")
    .argument("<field>", "TASK.FIELD, or a field of the manifest")
    .argument("[value]", "JSON, or plain text; without one the field is removed")
    .summary("set one field of a task or of the manifest")
    .description("Sets one field, checks the whole manifest, and says what that means.");
  withEditOptions(command).action(
    async (field: string, value: string | undefined, options: EditOptions) => {
      const store = openManifest(options.manifest);
      const { manifest } = await readOrThrow({ ports: { store } });
      const ids = manifest.phases.flatMap((phase) => phase.tasks.map((task) => task.id as string));
      const [first = "", ...rest] = field.split(".");
      const isTask = rest.length > 0 && ids.includes(first);
      await change(options, (raw) =>
        setField(raw, isTask ? first : undefined, isTask ? rest.join(".") : field, jsonOf(value)),
      );
    },
  );
  withExamples(command, [
    ["coppice set t3.priority high", "one field of a task"],
    ["coppice set policy.attemptsMax 5", "one of the manifest"],
  ]);
}

function addDepend(program: Command): void {
  const command = program
    .command("depend")
    .argument("<task>", "the task that waits")
    .argument("<on...>", "the tasks that it waits for")
    .summary("make a task wait for others, or no longer")
    .description("Adds dependencies to a task; with --remove it takes them away.");
  withEditOptions(command)
    .option("--remove", "no longer wait for them")
    .action(
      async (id: string, on: readonly string[], options: EditOptions & { remove?: boolean }) => {
        const [add, remove] = options.remove ? [[], on] : [on, []];
        await change(options, (raw) => setDependencies(raw, id, { add, remove }));
      },
    );
  withExamples(command, [
    ["coppice depend t4 t2", "t4 starts from t2's branch, once t2 is delivered"],
    ["coppice depend t4 t2 --remove", "not any more"],
  ]);
}

function addMove(program: Command): void {
  const command = program
    .command("move")
    .argument("<task>", "its id")
    .requiredOption("--phase <name>", "the phase that it goes to")
    .summary("move a task to another phase or place")
    .description("Moves a task to the end of a phase, or before another task there.");
  withEditOptions(command)
    .option("--before <task>", "put it before this task")
    .action(async (id: string, options: EditOptions & { phase: string; before?: string }) => {
      await change(options, (raw) =>
        moveTask(raw, id, { phase: options.phase, before: options.before }),
      );
    });
  withExamples(command, [
    ['coppice move t5 --phase "Phase 1: Critical"', "do it earlier"],
    [
      'coppice move t5 --phase "Phase 2: High" --before t3',
      "of overlapping tasks the first goes first",
    ],
  ]);
}

interface AddTaskOptions extends EditOptions {
  readonly phase?: string;
  readonly issue?: number;
  readonly title?: string;
  readonly prompt?: string;
  readonly file: readonly string[];
  readonly on: readonly string[];
}

function addAddTask(program: Command): void {
  const command = program
    .command("add-task")
    .argument("<task>", "its id: letters, digits and dashes")
    .summary("add a task to the manifest")
    .description("Adds a task at the end of a phase (default: the last one).");
  const repeated = (value: string, before: readonly string[]) => [...before, value];
  withEditOptions(command)
    .option("--phase <name>", "the phase; made when there is none of that name")
    .option("--issue <n>", "the issue that it closes", wholeNumber)
    .option("--title <text>", "what it is about")
    .option("--prompt <text>", "what the agent is to do")
    .option("--file <path>", "a file that it touches; may be repeated", repeated, [])
    .option("--on <task>", "a task that it waits for; may be repeated", repeated, [])
    .action(async (id: string, options: AddTaskOptions) => {
      const { manifest } = await readOrThrow({ ports: { store: openManifest(options.manifest) } });
      const phase = options.phase ?? manifest.phases.at(-1)?.name ?? "Phase 1";
      await change(options, (raw) => addTask(raw, phase, taskOf(id, options)));
    });
  withExamples(command, [
    [
      'coppice add-task docs --title "Describe the flags" --prompt "Write docs/flags.md."',
      "a task of your own",
    ],
    ["coppice add-task t9 --issue 9 --on t4 --file src/parse.ts", "with a dependency and a file"],
  ]);
}

function taskOf(id: string, options: AddTaskOptions): JsonObject {
  const { issue, title, prompt, file, on } = options;
  return {
    id,
    ...(issue === undefined ? {} : { issue }),
    ...(title === undefined ? {} : { title }),
    ...(prompt === undefined ? {} : { prompt }),
    ...(file.length === 0 ? {} : { files: file }),
    ...(on.length === 0 ? {} : { dependsOn: on }),
    status: "pending",
  };
}

const withEditOptions = (command: Command): Command =>
  withManifest(command).option("--dry-run", "say what it would mean and change nothing");

async function change(options: EditOptions, make: (raw: JsonObject) => EditOutcome): Promise<void> {
  const store = openManifest(options.manifest);
  tell(await edit(store, make, { dryRun: options.dryRun === true }), options);
}

function tell(result: EditResult, options: EditOptions): void {
  const output = createOutput({ json: options.json === true });
  if (output.json) output.answerJson(result);
  else output.answer(result.effects.join("\n") || "no task is affected");
  if (result.warnings.length > 0) output.story(problemLines(result.warnings, output.paint));
  if (options.dryRun) output.story("nothing was written (--dry-run)");
}

/** A value as JSON where it is JSON, else as the text that it is. */
function jsonOf(value: string | undefined): Json | undefined {
  if (value === undefined) return undefined;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

/** The text as the person leaves it in the editor. */
async function editedCopy(text: string): Promise<string> {
  const editor = process.env["VISUAL"] || process.env["EDITOR"];
  if (!editor) {
    throw new CoppiceError({
      code: "no-editor",
      kind: "usage",
      message: "no editor is set",
      hint: "Set EDITOR, e.g. EDITOR=nano, or edit the file itself: a run takes it as it is.",
    });
  }
  const dir = await mkdtemp(join(tmpdir(), "coppice-edit-"));
  try {
    const copy = join(dir, "manifest.json");
    await writeFile(copy, text, { mode: 0o600 });
    const { runOnTerminal } = await import("../compose.ts");
    // Editors are set with their arguments in one text, e.g. "code --wait": a shell splits it, and gets the file as $1.
    const code = await runOnTerminal(["sh", "-c", `${editor} "$1"`, "sh", copy]);
    if (code === 0) return await readFile(copy, "utf8");
    throw new CoppiceError({
      code: "editor-failed",
      kind: "usage",
      message: `the editor ended with exit code ${code}`,
      hint: "Nothing was changed.",
    });
  } finally {
    await rm(dir, { recursive: true });
  }
}

import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { QWEN_DEFAULTS } from "../../agents/qwen.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import type { SessionSpec } from "../../ports/sessions.ts";
import { OPENCODE_PLUGIN } from "./opencode-plugin.ts";
import {
  LOG_SCRIPT,
  NOTIFY_SCRIPT,
  RECORD_MODULE,
  REPORT_PROGRAM,
  REPORT_SCRIPT,
  SESSION_SCRIPT,
  STREAM_PROGRAM,
} from "./scripts.ts";

/** Linux takes no longer single argument (MAX_ARG_STRLEN, 32 pages with the closing NUL). */
const ARGUMENT_BYTES_MAX = 131_071;
const PROMPT_WORD = "{prompt}";

/** What every session of a run is told. */
export interface Surroundings {
  readonly workdir: string;
  readonly nodePath: string;
  readonly signalSocketPath: string;
}

/** The task folder relative to the workdir: safe to stand in a command, since only plain names are accepted. */
export function folderOf(workdir: string, taskDir: string): string {
  const folder = relative(workdir, taskDir);
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/.test(folder)) return folder;
  throw new CoppiceError({
    code: "task-folder-outside",
    kind: "bug",
    message: `the task folder ${taskDir} is not a plain folder below the workdir ${workdir}`,
    hint: "Please report this with the manifest that you used.",
  });
}

/** Writes the scripts and the plan that the session's wrapper reads, and removes the records of an earlier same attempt. */
export async function writeLaunchFiles(spec: SessionSpec, around: Surroundings): Promise<void> {
  const text = await planOf(spec, around);
  await mkdir(join(around.workdir, "bin"), { recursive: true, mode: 0o700 });
  await mkdir(join(spec.taskDir, "logs"), { recursive: true, mode: 0o700 });
  for (const [name, script] of Object.entries(SCRIPTS)) {
    await writeScript(join(around.workdir, "bin", name), script);
  }
  const { attempt } = spec;
  const log = logOf(spec);
  for (const old of [`exit.${attempt}.json`, `signals.${attempt}.jsonl`, log, `${log}.old`]) {
    await rm(join(spec.taskDir, old), { force: true });
  }
  await writeFile(join(spec.taskDir, `session.${spec.attempt}`), text, { mode: 0o600 });
}

const SCRIPTS = {
  "session.sh": SESSION_SCRIPT,
  "log.sh": LOG_SCRIPT,
  "notify.cjs": NOTIFY_SCRIPT,
  report: REPORT_SCRIPT,
  "report.cjs": REPORT_PROGRAM,
  "record.cjs": RECORD_MODULE,
  "stream.cjs": STREAM_PROGRAM,
  "opencode-plugin.js": OPENCODE_PLUGIN,
  [QWEN_DEFAULTS.name]: QWEN_DEFAULTS.text,
};

/** The attempt's log, relative to its task folder. */
export const logOf = (spec: SessionSpec): string => `logs/${spec.attempt}.log`;

async function planOf(spec: SessionSpec, around: Surroundings): Promise<string> {
  const setup = typeof spec.setup === "string" ? ["/bin/sh", "-c", spec.setup] : (spec.setup ?? []);
  if (spec.argv.includes(PROMPT_WORD)) await checkPrompt(spec.promptFile);
  const argv = spec.events === null ? spec.argv : [...streaming(spec, around), ...spec.argv];
  const lines: [string, string][] = [
    ["cwd", spec.worktree],
    ["limit", String(Math.ceil(spec.setupTimeoutSeconds))],
    ["prompt", spec.promptFile ?? ""],
    ["node", around.nodePath],
    ["socket", around.signalSocketPath],
    ["task", spec.taskId],
    ...Object.entries({ ...spec.env, ...reporting(around) }).map(
      ([name, value]): [string, string] => {
        checkName(name);
        return ["env", `${name}=${value}`];
      },
    ),
    ...setup.map((word): [string, string] => ["setup", word]),
    ...argv.map((word): [string, string] => ["argv", word]),
  ];
  return lines.map(([name, value]) => `${name} ${encoded(name, value)}\n`).join("");
}

/** What the program of the agents' hooks needs to be found and to find the orchestrator. */
const reporting = (around: Surroundings): Record<string, string> => ({
  COPPICE_REPORT: join(around.workdir, "bin/report"),
  COPPICE_NODE: around.nodePath,
  COPPICE_SOCKET: around.signalSocketPath,
});

/** The words before those of a headless program: the one that runs it and reports its events. */
function streaming(spec: SessionSpec, around: Surroundings): readonly string[] {
  const { agent = "", kinds = [] } = spec.events ?? {};
  const program = join(around.workdir, "bin/stream.cjs");
  return [around.nodePath, program, agent, kinds.join(","), spec.promptFile ?? ""];
}

/** One line whatever the value holds; the wrapper's `printf %b` turns it back. */
function encoded(name: string, value: string): string {
  if (value.includes("\0")) {
    throw new CoppiceError({
      code: "launch-value",
      kind: "input",
      message: `a value of ${name} holds a NUL character, which no program can be given`,
      hint: "Remove it from the agent's command, its environment or the set-up command.",
    });
  }
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function checkName(name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return;
  throw new CoppiceError({
    code: "launch-value",
    kind: "input",
    message: `${JSON.stringify(name)} cannot be the name of an environment variable`,
    hint: "Use letters, digits and underscores, and begin with a letter.",
  });
}

async function checkPrompt(promptFile: string | undefined): Promise<void> {
  const bytes = promptFile === undefined ? 0 : (await stat(promptFile)).size;
  if (bytes > 0 && bytes <= ARGUMENT_BYTES_MAX) return;
  throw new CoppiceError({
    code: "launch-prompt",
    kind: "input",
    message:
      bytes === 0
        ? "the agent is to be given a prompt, and there is none"
        : `the prompt has ${bytes} bytes; a program can be given ${ARGUMENT_BYTES_MAX} at most`,
    hint: "Shorten the task's body or prompt in the manifest.",
  });
}

/** Scripts that run are replaced as a whole, never rewritten: a shell reads its script as it goes. */
async function writeScript(path: string, text: string): Promise<void> {
  const present = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (present === text) return;
  const fresh = `${path}.${process.pid}.${performance.now()}`;
  await writeFile(fresh, text, { mode: 0o500 });
  await chmod(fresh, 0o500);
  await rename(fresh, path);
}

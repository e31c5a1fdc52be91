import { type Command, InvalidArgumentError, Option } from "commander";
import { PLAN_ORDER_FROM } from "../planner/order-from.ts";
import type { PhaseRule } from "../planner/phases.ts";

/** Options that name a manifest and what belongs to it. */
export interface ManifestOptions {
  readonly manifest: string;
  readonly json?: boolean;
}

/** Options from which a plan is made. */
export interface PlanOptions extends ManifestOptions {
  readonly issues?: string;
  readonly repo?: string;
  readonly apiUrl?: string;
  readonly label: readonly string[];
  readonly milestone?: string;
  readonly issue: readonly number[];
  readonly limit?: number;
  readonly repoDir?: string;
  readonly repoUrl?: string;
  readonly workdir?: string;
  readonly project?: string;
  readonly forge?: "github" | "local";
  readonly base?: string;
  readonly agent?: string;
  readonly command?: readonly string[];
  readonly model?: string;
  readonly modelTier?: string;
  readonly maxParallel?: number;
  readonly verify?: string;
  readonly setup?: string;
  readonly copyFile: readonly string[];
  readonly prompt?: string;
  readonly draft?: boolean;
  readonly breakCycles?: boolean;
  readonly predict: boolean;
  readonly refine?: string;
  readonly orderFrom?: number;
  readonly phases?: PhaseRule;
  readonly allowVague?: boolean;
  readonly split?: boolean;
}

/** `-m, --manifest FILE` and `--json`, the same for every command. */
export function withManifest(command: Command): Command {
  return command
    .option("-m, --manifest <file>", "the manifest", "manifest.json")
    .option("--json", "print JSON on stdout");
}

/** Everything that `plan` takes; `run` takes it too. */
export function withPlanOptions(command: Command): Command {
  return withManifest(command)
    .option(
      "--issues <path>",
      "issues from a JSON file (GitHub's REST shape) or a folder of Markdown files",
    )
    .option("--repo <owner/name>", "issues and pull requests on GitHub")
    .option(
      "--api-url <url>",
      "GitHub Enterprise, e.g. https://HOST/api/v3 (default: GITHUB_API_URL)",
    )
    .addOption(listOption("--label <name>", "only issues with this label; may be repeated", "all"))
    .option("--milestone <title>", "only issues of this milestone")
    .addOption(
      new Option("--issue <n...>", "only these issues")
        .default([], "all")
        .argParser(collectNumbers),
    )
    .option("--limit <n>", "at most this many issues", wholeNumber)
    .option("--repo-dir <dir>", "the checkout (default: the current one)")
    .option(
      "--repo-url <url>",
      "clone this repository into the workdir instead of using a checkout",
    )
    .option("--workdir <dir>", "where worktrees, logs and sockets go")
    .option("--project <name>", "name of the project (default: the repository's)")
    .addOption(
      new Option(
        "--forge <kind>",
        "where pull requests go (default: by the URL of origin)",
      ).choices(["github", "local"]),
    )
    .option("--base <branch>", "base of the pull requests (default: origin's default branch)")
    .option("--agent <name>", "codex, claude, command, …; see coppice doctor")
    .option(
      "--command <word...>",
      'program of the agent "command"; {promptFile}, {taskId}, {branch} are filled in',
    )
    .option("--model <name>", "model for the agent")
    .option("--model-tier <tier>", "effort for the agent, e.g. high")
    .option("--max-parallel <n>", "sessions at the same time", wholeNumber)
    .option("--verify <command>", "a task counts as done only when this passes in its worktree")
    .option("--setup <command>", "run once in each fresh worktree")
    .addOption(
      listOption(
        "--copy-file <glob>",
        "ignored files to copy into each worktree, e.g. .env; may be repeated",
        "none",
      ),
    )
    .option("--prompt <text>", "an instruction for every task")
    .option("--draft", "open the pull requests as drafts")
    .addOption(
      new Option("--phases <by>", "what makes the phases (default: priority)").choices([
        "priority",
        "milestone",
      ]),
    )
    .option("--allow-vague", "issues that say too little become tasks, not drafts")
    .option("--split", "large issues become a task for each item of their task list")
    .option("--break-cycles", "drop the weakest edge of a dependency cycle")
    .option("--refine <agent>", REFINE_HELP)
    .option("--no-predict", "take files from the issues alone; predict none")
    .option(
      "--order-from <chance>",
      `order two issues that touch a common file with this chance or more: what waiting costs, divided by what a collision costs (default: ${PLAN_ORDER_FROM})`,
      chance,
    );
}

export const REFINE_HELP =
  "ask an agent about the files of each issue, in a run that can only read (codex, claude); what it says is one more piece of evidence";

/** An option that may be repeated; `without` says what holds when it is not given. */
const listOption = (flags: string, description: string, without: string): Option =>
  new Option(flags, description)
    .default([], without)
    .argParser((value, before: readonly string[]) => [...before, value]);

const collectNumbers = (value: string, before: readonly number[]): readonly number[] => [
  ...before,
  wholeNumber(value.replace(/^#/, "")),
];

/** A number above 0 and up to 1. */
function chance(value: string): number {
  const number = Number(value);
  if (!(number > 0 && number <= 1))
    throw new InvalidArgumentError("it must be a number above 0 and up to 1.");
  return number;
}

/** A whole number from 1. */
export function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError("it must be a whole number from 1.");
  return number;
}

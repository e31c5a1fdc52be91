import type { Command } from "commander";
import { makePlan, updateManifest, writePlan } from "../../app/plan.ts";
import { reviewPlan } from "../../app/review.ts";
import { Manifest } from "../../manifest/manifest.ts";
import { explainPlan, explainUpdate } from "../../planner/explain.ts";
import { estimateSchedule, explainSchedule } from "../../planner/explain-schedule.ts";
import type { Plan } from "../../planner/plan.ts";
import { openPlanning, openReview, type Planning } from "../compose-plan.ts";
import { withExamples } from "../examples.ts";
import { type PlanOptions, withPlanOptions } from "../options.ts";
import { createOutput, type Output } from "../output.ts";
import { reviewTable } from "../review-table.ts";

export function addPlan(program: Command): void {
  const command = program
    .command("plan")
    .summary("read issues, and write or update a manifest")
    .description(
      "Reads issues and the repository, and writes a manifest with phases, tasks, dependencies and files. A manifest that is there is updated, also during a run: new issues join, closed ones leave if their work has not begun, and what you changed stays.",
    );
  withPlanOptions(command)
    .option("--dry-run", "show the plan and write nothing")
    .option("--explain", "say of every file and every edge why it is there")
    .option("--review", "compare delivered tasks with what was foreseen of them; plan nothing")
    .action(async (options: PlanOptions & PlanFlags) => {
      const output = createOutput({ json: options.json === true });
      if (options.review) return await review(options, output);
      await planAndShow(options, output, options.dryRun === true);
    });
  withExamples(command, [
    ["coppice plan --repo owner/name --label bug", "all open bugs of a GitHub repository"],
    [
      "coppice plan --issues ./issues --agent claude --verify 'npm test'",
      "issues from a folder, without GitHub",
    ],
    ["coppice plan --review", "were the files and times of finished tasks foreseen?"],
    ["coppice plan --dry-run", "what has changed since the manifest was planned"],
  ]);
}

interface PlanFlags {
  readonly dryRun?: boolean;
  readonly explain?: boolean;
  readonly review?: boolean;
}

async function review(options: PlanOptions, output: Output): Promise<void> {
  const history = await openReview(options, output);
  const found = reviewPlan(await history.finished());
  if (output.json) output.answerJson(found);
  else output.answer(reviewTable(found));
}

/** Makes a plan or updates the one that is there, shows it, and writes it unless told not to. */
export async function planAndShow(
  options: PlanOptions & { readonly explain?: boolean },
  output: Output,
  dryRun: boolean,
): Promise<void> {
  const planning = await openPlanning(options, output);
  if (planning.isUpdate) await update(planning, options, output, dryRun);
  else await planAnew(planning, output, { dryRun, explain: options.explain === true });
}

async function planAnew(
  planning: Planning,
  output: Output,
  { dryRun, explain }: { readonly dryRun: boolean; readonly explain: boolean },
): Promise<void> {
  const made = await makePlan(planning, planning.request);
  if (!dryRun) await writePlan(planning, made, planning.source);
  if (output.json) output.answerJson(made.manifest);
  else answerLines(output, [...explainPlan(made, explain), "", ...scheduleLines(planning, made)]);
  output.story(
    dryRun
      ? NOTHING_WRITTEN
      : `written: ${planning.store.path} (edit it as you like, also during a run; next: coppice run)`,
  );
}

async function update(
  planning: Planning,
  options: PlanOptions,
  output: Output,
  dryRun: boolean,
): Promise<void> {
  const { source } = planning;
  const result = await updateManifest(planning, planning, planning.request, { source, dryRun });
  const { made, changes, manifest } = result;
  if (output.json) {
    output.answerJson({ changes, skipped: made.skipped, notes: made.notes, manifest });
  } else {
    const schedule = scheduleLines(planning, { ...made, manifest });
    answerLines(output, [...explainUpdate(changes, made), "", ...schedule]);
  }
  const unused = headerOptions(options);
  if (unused.length > 0) {
    output.story(`only a new manifest takes ${unused.join(", ")}; coppice set changes this one`);
  }
  output.story(dryRun ? NOTHING_WRITTEN : `up to date: ${planning.store.path}`);
}

const NOTHING_WRITTEN = "nothing was written (--dry-run)";

const answerLines = (output: Output, lines: readonly string[]): void =>
  output.answer(lines.join("\n").trimEnd());

function scheduleLines(
  { places }: Planning,
  { manifest, minutesPerTask }: Pick<Plan, "manifest" | "minutesPerTask">,
): string[] {
  return explainSchedule(estimateSchedule(Manifest.parse(manifest), places, minutesPerTask));
}

/** The options that were given and say what only the manifest says from then on. */
function headerOptions(options: PlanOptions): string[] {
  const { agent, command, model, modelTier, verify, setup, prompt, draft, forge } = options;
  const given = {
    ...{ agent, command, model, verify, setup, prompt, draft, forge },
    "model-tier": modelTier,
    "max-parallel": options.maxParallel,
    "copy-file": options.copyFile.length > 0 || undefined,
    workdir: options.workdir,
    project: options.project,
    base: options.base,
  };
  return Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`],
  );
}

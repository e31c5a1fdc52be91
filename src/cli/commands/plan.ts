import type { Command } from "commander";
import { makePlan, type PlanPorts, writePlan } from "../../app/plan.ts";
import { Manifest } from "../../manifest/manifest.ts";
import { explainPlan } from "../../planner/explain.ts";
import { estimateSchedule, explainSchedule } from "../../planner/explain-schedule.ts";
import type { Plan } from "../../planner/plan.ts";
import { openPlanning } from "../compose.ts";
import { withExamples } from "../examples.ts";
import { type PlanOptions, withPlanOptions } from "../options.ts";
import { createOutput, type Output } from "../output.ts";

export function addPlan(program: Command): void {
  const command = program
    .command("plan")
    .summary("read issues and write a manifest")
    .description(
      "Reads issues and the repository, and writes a manifest with phases, tasks, dependencies and files.",
    );
  withPlanOptions(command)
    .option("--dry-run", "show the plan and write nothing")
    .option("--explain", "say of every file and every edge why it is there")
    .action(async (options: PlanOptions & { dryRun?: boolean; explain?: boolean }) => {
      const output = createOutput({ json: options.json === true });
      await planAndShow(options, output, options.dryRun === true);
    });
  withExamples(command, [
    ["coppice plan --repo owner/name --label bug", "all open bugs of a GitHub repository"],
    [
      "coppice plan --issues ./issues --agent claude --verify 'npm test'",
      "issues from a folder, without GitHub",
    ],
  ]);
}

/** Makes the plan, shows it, and writes it unless told not to. */
export async function planAndShow(
  options: PlanOptions & { readonly explain?: boolean },
  output: Output,
  dryRun: boolean,
): Promise<Plan> {
  const planning = await openPlanning(options, output);
  const ports: PlanPorts = planning;
  const made = await makePlan(ports, planning.request);
  if (!dryRun) await writePlan(planning.store, made);
  if (output.json) output.answerJson(made.manifest);
  else {
    const schedule = estimateSchedule(
      Manifest.parse(made.manifest),
      planning.places,
      made.minutesPerTask,
    );
    output.answer(
      [...explainPlan(made, options.explain === true), "", ...explainSchedule(schedule)]
        .join("\n")
        .trimEnd(),
    );
  }
  output.story(
    dryRun
      ? "nothing was written (--dry-run)"
      : `written: ${planning.store.path} (edit it as you like, also during a run; next: coppice run)`,
  );
  return made;
}

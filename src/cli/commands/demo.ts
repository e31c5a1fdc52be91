import type { Command } from "commander";
import { demoHeader } from "../../app/demo.ts";
import { makePlan } from "../../app/plan.ts";
import { readOrThrow } from "../../app/run.ts";
import { formatManifest } from "../../manifest/format.ts";
import { explainPlan } from "../../planner/explain.ts";
import { openDemo } from "../compose.ts";
import { manifestExists } from "../compose-manifest.ts";
import { withExamples } from "../examples.ts";
import { createOutput } from "../output.ts";
import { runAndShow } from "./run.ts";

export function addDemo(program: Command): void {
  const command = program
    .command("demo")
    .summary("six issues become six pull requests, without token or model")
    .description(
      "Makes a sample repository with six issues and carries them from plan to pull request with real git, real tmux and a scripted agent.",
    )
    .option("--workdir <dir>", "work here and keep it; an interrupted demo is carried on")
    .option("--json", "print one JSON object on stdout")
    .action(async (options: { workdir?: string; json?: boolean }) => {
      const output = createOutput({ json: options.json === true });
      const beganMs = Date.now();
      const demo = await openDemo(options);
      const manifest = demo.store.path;
      if (!(await manifestExists(manifest))) {
        const plan = await makePlan(demo, {
          query: { labels: [], milestone: undefined, numbers: [], limit: undefined },
          header: demoHeader(demo.sample, {
            nodePath: process.execPath,
            schemaUrl: demo.schemaUrl,
          }),
          breakCycles: false,
          predict: false,
        });
        await demo.store.create(formatManifest(plan.manifest), null);
        output.story(`${explainPlan(plan).join("\n")}\n`);
      }
      const quiet = { ...output, answer: output.story, answerJson: () => undefined };
      process.exitCode = await runAndShow({ manifest, interval: 15 }, quiet);
      const seconds = Math.round((Date.now() - beganMs) / 100) / 10;
      const after = await readOrThrow({ ports: { store: demo.store } });
      const tasks = after.manifest.phases.flatMap((phase) => phase.tasks);
      const pullRequests = tasks.flatMap((task) =>
        task.prNumber === null
          ? []
          : [{ task: task.id, number: task.prNumber, url: task.prUrl ?? null }],
      );
      const { dir, repoDir, originDir } = demo.sample;
      if (output.json) {
        output.answerJson({
          workdir: dir,
          tasks: tasks.map(({ id, issue, title, status, branch, attempts }) => ({
            id,
            issue,
            title,
            status,
            branch,
            attempts,
          })),
          pullRequests,
          seconds,
        });
        return;
      }
      output.answer(
        [
          `${tasks.length} issues → ${pullRequests.length} pull requests in ${seconds} s`,
          `manifest       ${manifest}`,
          `repository     ${repoDir}`,
          `origin         ${originDir} (git -C ${originDir} branch lists what was pushed)`,
          `pull requests  ${demo.pullRequestsDir}`,
          `clean up       rm -r ${dir}`,
        ].join("\n"),
      );
    });
  withExamples(command, [
    ["coppice demo", "in a temporary folder; the paths are printed at the end"],
    [
      "coppice demo --workdir ./demo --json | jq .pullRequests",
      "in a folder of yours, for scripts",
    ],
  ]);
}

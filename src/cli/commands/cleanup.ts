import type { Command } from "commander";
import { cleanup } from "../../app/cleanup.ts";
import { openWorkspace } from "../compose.ts";
import { withExamples } from "../examples.ts";
import { type ManifestOptions, withManifest } from "../options.ts";
import { createOutput } from "../output.ts";
import { cleanupLines } from "../render.ts";

export function addCleanup(program: Command): void {
  const command = program
    .command("cleanup")
    .argument("[manifest]", "the manifest (default: manifest.json)")
    .summary("remove sessions, worktrees and branches of finished tasks")
    .description(
      "Removes what merged and cancelled tasks left. Commits and files that exist nowhere else are saved under refs/coppice/preserved/ first.",
    );
  withManifest(command)
    .option("--all", "also those of open, failed and complete tasks")
    .option("--dry-run", "only list what would go")
    .action(
      async (
        file: string | undefined,
        given: ManifestOptions & { all?: boolean; dryRun?: boolean },
      ) => {
        const output = createOutput({ json: given.json === true });
        const workspace = await openWorkspace(
          { ...given, manifest: file ?? given.manifest },
          output,
          {
            onEvent: () => undefined,
          },
        );
        const dryRun = given.dryRun === true;
        const items = await cleanup(workspace, { all: given.all === true, dryRun });
        if (output.json) output.answerJson(items);
        else output.answer(cleanupLines(items, dryRun));
      },
    );
  withExamples(command, [
    ["coppice cleanup --dry-run", "see what would go"],
    ["coppice cleanup --all", "everything that no agent works on"],
  ]);
}

import type { PlanHeader } from "../planner/plan.ts";
import type { Sample } from "../ports/sample-repository.ts";

/** The sample's plan: six issues, the scripted agent, and the one question that it may be answered. */
export function demoHeader(
  sample: Sample & { readonly dir: string },
  { nodePath, schemaUrl }: { readonly nodePath: string; readonly schemaUrl: string },
): PlanHeader {
  return {
    $schema: schemaUrl,
    version: 1,
    project: "demo",
    repoDir: sample.repoDir,
    forge: "local",
    workdir: `${sample.dir}/work`,
    agent: "command",
    command: [nodePath, sample.agentPath, "{promptFile}"],
    verify: [nodePath, "--test"],
    maxParallel: 3,
    policy: {
      backoffSeconds: 1,
      answers: [{ question: "Keep the old name as an alias?", answer: "y" }],
    },
  };
}

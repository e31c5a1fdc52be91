import { agentNames } from "../agents/catalog.ts";
import { readManifest as readGraph } from "../graph/read-manifest.ts";
import type { ParseOutcome } from "../manifest/parse.ts";
import type { JsonPath } from "../manifest/place.ts";
import type { Problem } from "../manifest/problem.ts";
import { didYouMean } from "../manifest/suggest.ts";

/** A manifest with every check: its own, its graph's, and that its agents are known. */
export function readManifest(text: string, file: string): ParseOutcome {
  const outcome = readGraph(text, file);
  if (outcome.kind === "invalid") return outcome;
  const problems = agentPaths(outcome.manifest).flatMap(([path, name]): Problem[] =>
    agentNames.includes(name)
      ? []
      : [
          outcome.place({
            severity: "error",
            code: "unknown-agent",
            path,
            message: `there is no agent ${JSON.stringify(name)}`,
            remedy: `${didYouMean(name, agentNames)}Known are ${agentNames.join(", ")}; "command" runs a program of your own.`,
          }),
        ],
  );
  return problems.length > 0 ? { kind: "invalid", problems } : outcome;
}

type Named = readonly [path: JsonPath, agent: string];

function agentPaths(
  manifest: Extract<ParseOutcome, { kind: "parsed" }>["manifest"],
): readonly Named[] {
  const of = (
    at: JsonPath,
    {
      agent,
      agents,
    }: { readonly agent?: string | undefined; readonly agents?: readonly string[] | undefined },
  ): Named[] => [
    ...(agent === undefined ? [] : [[[...at, "agent"], agent] as const]),
    ...(agents ?? []).map((name, index) => [[...at, "agents", index], name] as const),
  ];
  return [
    ...of([], manifest),
    ...manifest.phases.flatMap((phase, phaseIndex) =>
      phase.tasks.flatMap((task, taskIndex) =>
        of(["phases", phaseIndex, "tasks", taskIndex], task),
      ),
    ),
  ];
}

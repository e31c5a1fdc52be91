import { explainWaits } from "../decide/explain.ts";
import type { TaskWait } from "../decide/wait.ts";
import { branchOf } from "../manifest/branch.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Problem } from "../manifest/problem.ts";
import { settingsOf } from "../manifest/settings.ts";

/** One line of the table. Times are ISO 8601. */
export interface StatusRow {
  readonly task: string;
  readonly phase: string;
  readonly status: string;
  readonly agent: string;
  readonly verdict: string | null;
  readonly since: string | null;
  readonly attempts: number;
  readonly branch: string;
  readonly pullRequest: { readonly number: number; readonly url: string | null } | null;
  readonly waitsFor: string | null;
  readonly title: string;
}

export interface StatusReport {
  readonly project: string;
  readonly rows: readonly StatusRow[];
  /** How many tasks have each status. */
  readonly counts: Readonly<Record<string, number>>;
  readonly pausedAgents: NonNullable<Manifest["pausedAgents"]>;
  readonly warnings: readonly Problem[];
}

/**
 * The state of a run as the manifest tells it. Asks no session, git or forge, so it is always quick; the waits of a beat
 * that has just looked know more.
 */
export function statusReport(
  manifest: Manifest,
  warnings: readonly Problem[],
  nowMs: number,
  seen?: readonly TaskWait[],
): StatusReport {
  const waits = new Map([
    ...explainWaits(manifest, nowMs),
    ...(seen ?? []).map(({ taskId, reason }) => [taskId, reason] as const),
  ]);
  const rows = manifest.phases.flatMap((phase) =>
    phase.tasks.map(
      (task): StatusRow => ({
        task: task.id,
        phase: phase.name,
        status: task.status,
        agent: task.state?.agent ?? settingsOf(manifest, task).agents[0] ?? "",
        verdict: task.state?.verdict ?? null,
        since: task.state?.verdictSince ?? null,
        attempts: task.attempts ?? 0,
        branch: branchOf(manifest, task),
        pullRequest:
          task.prNumber === null ? null : { number: task.prNumber, url: task.prUrl ?? null },
        waitsFor: waits.get(task.id) ?? null,
        title: task.title,
      }),
    ),
  );
  const counts: Record<string, number> = {};
  for (const { status } of rows) counts[status] = (counts[status] ?? 0) + 1;
  return {
    project: manifest.project,
    rows,
    counts,
    pausedAgents: manifest.pausedAgents ?? {},
    warnings,
  };
}

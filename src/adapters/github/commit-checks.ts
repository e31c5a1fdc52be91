import { z } from "zod";
import { type CheckState, stateOfChecks } from "../../classify/checks.ts";
import type { ChecksFact, FailedCheck } from "../../classify/evidence.ts";
import type { Place } from "./pull-requests.ts";

/** The fields that we read of a check run. */
export const CheckRun = z.object({
  /** For a job of GitHub Actions it is the job's, too. */
  id: z.int(),
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullable(),
  completed_at: z.string().nullable(),
  output: z.object({
    title: z.string().nullable(),
    summary: z.string().nullable(),
    text: z.string().nullable(),
    annotations_count: z.int(),
  }),
  app: z.object({ id: z.int(), slug: z.string().optional() }).nullable(),
});
export type CheckRun = z.infer<typeof CheckRun>;

/** The fields that we read of a status, which is how programs report that know no check runs. */
export const Status = z.object({
  context: z.string(),
  state: z.string(),
  description: z.string().nullable(),
});
export type Status = z.infer<typeof Status>;

/** What failed, as GitHub tells it. */
export type Failure =
  | { readonly kind: "run"; readonly run: CheckRun }
  | { readonly kind: "status"; readonly status: Status };

const RunsPage = z.object({ check_runs: z.array(CheckRun) });
const StatusesPage = z.object({ statuses: z.array(Status) });

const COMMIT = "GET /repos/{owner}/{repo}/commits/{ref}";

/** All check runs and statuses of a commit as one fact. Throws GitHubError. */
export async function checksOfCommit(
  place: Place,
  sha: string,
  tailOf: (failure: Failure) => Promise<readonly string[]>,
): Promise<ChecksFact> {
  const [runs, statuses] = await Promise.all([runsOf(place, sha), statusesOf(place, sha)]);
  const states = [...runs.map(stateOfRun), ...statuses.map(stateOfStatus)];
  const failures: readonly Failure[] = [
    ...runs
      .filter((run) => stateOfRun(run) === "failed")
      .map((run) => ({ kind: "run" as const, run })),
    ...statuses
      .filter((each) => stateOfStatus(each) === "failed")
      .map((status) => ({ kind: "status" as const, status })),
  ];
  const failed = await Promise.all(
    failures.map(async (failure): Promise<FailedCheck> => {
      const name = failure.kind === "run" ? failure.run.name : failure.status.context;
      return { name, tail: await tailOf(failure) };
    }),
  );
  return { sha, state: stateOfChecks(states), failed };
}

/** The newest run of each check: one that was run again stands beside the run before it. */
async function runsOf({ client, repository }: Place, sha: string): Promise<readonly CheckRun[]> {
  const { owner, repo } = await repository();
  const asked = { owner, repo, ref: sha, filter: "latest" };
  const newest = new Map<string, CheckRun>();
  for await (const page of client.pages(`${COMMIT}/check-runs`, asked, RunsPage)) {
    for (const run of page.check_runs) {
      const check = JSON.stringify([run.app?.id, run.name]);
      // Ids rise with time, and a run that waits to begin has no other sign of its age.
      if (run.id > (newest.get(check)?.id ?? 0)) newest.set(check, run);
    }
  }
  return [...newest.values()].toSorted((left, right) => left.id - right.id);
}

/** The newest status of each context, which is all that GitHub tells here. */
async function statusesOf({ client, repository }: Place, sha: string): Promise<readonly Status[]> {
  const { owner, repo } = await repository();
  const found: Status[] = [];
  for await (const page of client.pages(
    `${COMMIT}/status`,
    { owner, repo, ref: sha },
    StatusesPage,
  )) {
    found.push(...page.statuses);
  }
  return found;
}

/** A run `waiting` is a job that a protection rule of its environment holds back, e.g. until a person approves. */
function stateOfRun({ status, conclusion }: CheckRun): CheckState {
  if (status === "waiting") return "held";
  if (status !== "completed") return "running";
  if (conclusion === "action_required") return "held";
  return FAILED.has(conclusion ?? "") ? "failed" : "passed";
}

function stateOfStatus({ state }: Status): CheckState {
  if (state === "pending") return "running";
  return FAILED.has(state) ? "failed" : "passed";
}

/** Conclusions of runs and states of statuses; cancelled, stale, skipped and neutral are nobody's mistake. */
const FAILED: ReadonlySet<string> = new Set(["failure", "error", "timed_out", "startup_failure"]);

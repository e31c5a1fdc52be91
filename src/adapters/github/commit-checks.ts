import { z } from "zod";
import { awaitedOf, type CheckState, lastLines, stateOfChecks } from "../../classify/checks.ts";
import type { ChecksFact } from "../../classify/evidence.ts";
import type { Place } from "./pull-requests.ts";
import { type Workflows, workflowsOf } from "./workflow-runs.ts";

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
  check_suite: z.object({ id: z.int() }).nullable(),
  app: z.object({ id: z.int(), slug: z.string().optional() }).nullable(),
});
export type CheckRun = z.infer<typeof CheckRun>;

/** The fields that we read of a status, which is how programs report that know no check runs. */
const Status = z.object({
  context: z.string(),
  state: z.string(),
  description: z.string().nullable(),
});

const RunsPage = z.object({ check_runs: z.array(CheckRun) });
const StatusesPage = z.object({ statuses: z.array(Status) });

/** Whatever checks a commit, under one name. */
interface Check {
  readonly name: string;
  readonly state: CheckState;
  readonly tail: () => Promise<readonly string[]>;
}

/**
 * All that checks a commit as one fact. The workflows come first: what has ended there has all its jobs among the check
 * runs that are read after it. Throws GitHubError.
 */
export async function checksOfCommit(
  place: Place,
  sha: string,
  tailOf: (run: CheckRun) => Promise<readonly string[]>,
): Promise<ChecksFact> {
  const workflows = await workflowsOf(place, sha);
  const [runs, statuses] = await Promise.all([
    runsOf(place, sha, workflows),
    statusesOf(place, sha),
  ]);
  const checks: readonly Check[] = [
    ...workflowChecks(workflows, runs),
    ...runs.map((run) => ({ name: run.name, state: stateOfRun(run), tail: () => tailOf(run) })),
    ...statuses.map(({ context, state, description }) => ({
      name: context,
      state: state === "pending" ? "running" : ended(state),
      tail: async () => lastLines(description ?? ""),
    })),
  ];
  const state = stateOfChecks(checks.map((check) => check.state));
  const failed = checks
    .filter((check) => check.state === "failed")
    // A log may come later than the end of its job: it is asked for once, when all have ended.
    .map(async ({ name, tail }) => ({ name, tail: state === "running" ? [] : await tail() }));
  return { sha, state, awaited: awaitedOf(checks), failed: await Promise.all(failed) };
}

const COMMIT = "GET /repos/{owner}/{repo}/commits/{ref}";

/**
 * The newest run of each check: one that was run again stands beside the run before it. Jobs of two workflows may have the
 * same name; those of a workflow's older run count no more.
 */
async function runsOf(
  { client, repository }: Place,
  sha: string,
  workflows: Workflows,
): Promise<readonly CheckRun[]> {
  const { owner, repo } = await repository();
  const asked = { owner, repo, ref: sha, filter: "latest" };
  const newest = new Map<string, CheckRun>();
  for await (const page of client.pages(`${COMMIT}/check-runs`, asked, RunsPage)) {
    for (const run of page.check_runs) {
      const suite = run.check_suite?.id ?? 0;
      if (workflows.superseded.has(suite)) continue;
      const workflow = workflows.newest.get(suite)?.id;
      const check = JSON.stringify([run.app?.id, workflow, run.name]);
      // Ids rise with time, and a run that waits to begin has no other sign of its age.
      if (run.id > (newest.get(check)?.id ?? 0)) newest.set(check, run);
    }
  }
  return [...newest.values()].toSorted((left, right) => left.id - right.id);
}

/** The newest status of each context, which is all that GitHub tells here. */
async function statusesOf({ client, repository }: Place, sha: string) {
  const { owner, repo } = await repository();
  const asked = { owner, repo, ref: sha };
  const found: z.infer<typeof Status>[] = [];
  for await (const page of client.pages(`${COMMIT}/status`, asked, StatusesPage)) {
    found.push(...page.statuses);
  }
  return found;
}

/** A workflow's jobs speak for it, but for those that are still to come, and where it failed before the first began. */
function workflowChecks(workflows: Workflows, runs: readonly CheckRun[]): readonly Check[] {
  return [...workflows.newest].map(([suite, run]) => {
    const { path, status, conclusion } = run;
    const hasJobs = runs.some((each) => each.check_suite?.id === suite);
    const state = stateOfRun({ status: status ?? "queued", conclusion });
    return {
      name: run.name ?? path,
      state: state === "failed" && hasJobs ? "passed" : state,
      tail: async () => lastLines(`${path} ended as ${conclusion} before any job of it began`),
    };
  });
}

/** `waiting` is what a protection rule of an environment holds back, e.g. until a person approves. */
function stateOfRun({ status, conclusion }: Pick<CheckRun, "status" | "conclusion">): CheckState {
  if (status === "waiting") return "held";
  if (status !== "completed") return "running";
  return conclusion === "action_required" ? "held" : ended(conclusion ?? "");
}

/** Of runs and statuses; what was cancelled, skipped or became stale is nobody's mistake. */
const ended = (how: string): CheckState =>
  ["failure", "error", "timed_out", "startup_failure"].includes(how) ? "failed" : "passed";

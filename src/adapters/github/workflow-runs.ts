import { z } from "zod";
import { unlessRefused } from "./errors.ts";
import type { Place } from "./pull-requests.ts";

/** The fields that we read of a workflow's run. */
const WorkflowRun = z.object({
  id: z.int(),
  name: z.string().nullish(),
  path: z.string(),
  workflow_id: z.int(),
  event: z.string(),
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  /** Ends in the suite's id; the check runs of its jobs belong to it. */
  check_suite_url: z.string().regex(/\/\d+$/),
});
type WorkflowRun = z.infer<typeof WorkflowRun>;

const Page = z.object({ workflow_runs: z.array(WorkflowRun) });

/** The runs of GitHub Actions for one commit, by their check suites. */
export interface Workflows {
  /** The newest run of each workflow and event, e.g. after a label was set. */
  readonly newest: ReadonlyMap<number, WorkflowRun>;
  /** Those of runs before it. */
  readonly superseded: ReadonlySet<number>;
}

/**
 * What GitHub Actions does for a commit; none where the token may not see it. A job that needs another one is no check run
 * before that one has ended: only its workflow tells that something is still to come. Throws GitHubError.
 */
export async function workflowsOf({ client, repository }: Place, sha: string): Promise<Workflows> {
  const { owner, repo } = await repository();
  const asked = { owner, repo, head_sha: sha };
  const pages = client.pages("GET /repos/{owner}/{repo}/actions/runs", asked, Page);
  const runs = (await unlessRefused(all(pages))) ?? [];
  const newest = new Map<string, WorkflowRun>();
  for (const run of runs) {
    const key = `${run.workflow_id} ${run.event}`;
    if (run.id > (newest.get(key)?.id ?? 0)) newest.set(key, run);
  }
  const bySuite = new Map([...newest.values()].map((run) => [suiteOf(run), run]));
  const suites = runs.map(suiteOf);
  return { newest: bySuite, superseded: new Set(suites.filter((suite) => !bySuite.has(suite))) };
}

const suiteOf = (run: WorkflowRun): number =>
  Number(run.check_suite_url.slice(run.check_suite_url.lastIndexOf("/") + 1));

async function all(pages: AsyncIterable<z.infer<typeof Page>>): Promise<readonly WorkflowRun[]> {
  const runs: WorkflowRun[] = [];
  for await (const page of pages) runs.push(...page.workflow_runs);
  return runs;
}

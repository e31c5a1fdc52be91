import { minimalRepositoryShape, type Schemas, type Site } from "./github-shapes.ts";

/** A check run as the server keeps it. */
export interface CheckRecord {
  readonly id: number;
  readonly name: string;
  /** Runs of one suite that have the same name are runs of one check: the newest is listed. */
  readonly suite: number;
  /** The slug of the app that made it. */
  readonly app: string;
  status: Schemas["check-run"]["status"];
  /** GitHub knows some that its description leaves out. */
  conclusion: NonNullable<Schemas["check-run"]["conclusion"]> | "stale" | "startup_failure" | null;
  startedAt: string;
  completedAt: string | null;
  title: string | null;
  summary: string | null;
  text: string | null;
  annotations: readonly AnnotationRecord[];
  /** What the job printed; null: there is none, or no longer. */
  log: string | null;
}

export interface AnnotationRecord {
  readonly path: string;
  readonly line: number;
  readonly level: "notice" | "warning" | "failure";
  readonly message: string;
}

export interface StatusRecord {
  readonly context: string;
  readonly state: "pending" | "success" | "failure" | "error";
  readonly description: string | null;
}

/** One run of a workflow of GitHub Actions; the check runs of its suite are its jobs. */
export interface WorkflowRecord {
  readonly suite: number;
  readonly name: string;
  readonly event: string;
  status: CheckRecord["status"];
  conclusion: CheckRecord["conclusion"];
}

/** What checks the commits of one repository. */
export class CommitChecks {
  readonly runs = new Map<number, CheckRecord & { readonly sha: string }>();
  readonly workflows = new Map<number, WorkflowRecord & { readonly sha: string }>();
  readonly #statuses = new Map<string, Map<string, StatusRecord>>();

  /** A check run of the commit, by default a job of GitHub Actions that succeeded; returns its id. */
  add(sha: string, run: Partial<Omit<CheckRecord, "id">> = {}): number {
    const id = 5000 + this.runs.size;
    const status = run.status ?? "completed";
    this.runs.set(id, {
      name: "test",
      suite: 1,
      app: "github-actions",
      conclusion: status === "completed" ? "success" : null,
      startedAt: TIME,
      completedAt: status === "completed" ? TIME : null,
      title: null,
      summary: null,
      text: null,
      annotations: [],
      log: null,
      ...run,
      status,
      id,
      sha,
    });
    return id;
  }

  /** A workflow runs for the commit, by default one that succeeded; returns its check suite. */
  addWorkflow(sha: string, run: Partial<Omit<WorkflowRecord, "suite">> = {}): number {
    const suite = 100 + this.workflows.size;
    const status = run.status ?? "completed";
    const conclusion = status === "completed" ? "success" : null;
    const rest = { name: "CI", event: "pull_request", conclusion } as const;
    this.workflows.set(suite, { ...rest, ...run, status, suite, sha });
    return suite;
  }

  /** What a program reports of a commit; the newest of each context stands. */
  setStatus(sha: string, status: Partial<StatusRecord>): void {
    const whole = { context: "ci/build", state: "success", description: null, ...status } as const;
    const all = this.#statuses.get(sha) ?? new Map<string, StatusRecord>();
    this.#statuses.set(sha, all.set(whole.context, whole));
  }

  statuses(sha: string): readonly StatusRecord[] {
    return [...(this.#statuses.get(sha)?.values() ?? [])];
  }

  /** The newest first. */
  workflowsOf(sha: string): readonly WorkflowRecord[] {
    return [...this.workflows.values()].filter((run) => run.sha === sha).toReversed();
  }

  /** All runs of a commit, the newest first; `latest`: the newest of each suite and name. */
  runsOf(sha: string, filter: "latest" | "all"): readonly CheckRecord[] {
    const all = [...this.runs.values()].filter((run) => run.sha === sha).toReversed();
    return filter === "all"
      ? all
      : all.filter(
          (run, index) =>
            all.findIndex((each) => each.suite === run.suite && each.name === run.name) === index,
        );
  }
}

const TIME = "2026-01-01T00:00:00Z";

export function checkRunShape(site: Site, sha: string, run: CheckRecord): Schemas["check-run"] {
  const page = `${site.url}/${site.owner}/${site.name}`;
  const api = `${site.url}/repos/${site.owner}/${site.name}/check-runs/${run.id}`;
  return {
    id: run.id,
    node_id: `CR_${run.id}`,
    head_sha: sha,
    external_id: "",
    url: api,
    html_url: `${page}/runs/${run.id}`,
    details_url: `${page}/actions/runs/${run.suite}/job/${run.id}`,
    status: run.status,
    conclusion: run.conclusion as Schemas["check-run"]["conclusion"],
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: {
      title: run.title,
      summary: run.summary,
      text: run.text,
      annotations_count: run.annotations.length,
      annotations_url: `${api}/annotations`,
    },
    name: run.name,
    check_suite: { id: run.suite },
    app: appShape(site, run.app),
    pull_requests: [],
  };
}

export function workflowRunShape(
  site: Site,
  sha: string,
  { suite, name, event, status, conclusion }: WorkflowRecord,
): Schemas["workflow-run"] {
  const repository = `${site.url}/repos/${site.owner}/${site.name}`;
  const api = `${repository}/actions/runs/${suite}`;
  const workflow = numberOf(name);
  return {
    id: suite,
    name,
    node_id: `WFR_${suite}`,
    check_suite_id: suite,
    head_branch: "main",
    head_sha: sha,
    path: `.github/workflows/${name.toLowerCase()}.yml`,
    run_number: suite,
    event,
    display_title: name,
    status,
    conclusion,
    workflow_id: workflow,
    url: api,
    html_url: `${site.url}/${site.owner}/${site.name}/actions/runs/${suite}`,
    pull_requests: [],
    created_at: TIME,
    updated_at: TIME,
    jobs_url: `${api}/jobs`,
    logs_url: `${api}/logs`,
    check_suite_url: `${repository}/check-suites/${suite}`,
    artifacts_url: `${api}/artifacts`,
    cancel_url: `${api}/cancel`,
    rerun_url: `${api}/rerun`,
    workflow_url: `${repository}/actions/workflows/${workflow}`,
    head_commit: null,
    repository: minimalRepositoryShape(site),
    head_repository: minimalRepositoryShape(site),
  };
}

/** The same for the same name. */
const numberOf = (name: string): number =>
  [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 100_003, 0);

function appShape(site: Site, slug: string): Schemas["nullable-integration"] {
  return {
    id: numberOf(slug),
    slug,
    node_id: `A_${slug}`,
    owner: minimalRepositoryShape(site).owner,
    name: slug,
    description: null,
    external_url: site.url,
    html_url: `${site.url}/apps/${slug}`,
    created_at: TIME,
    updated_at: TIME,
    permissions: { checks: "write" },
    events: [],
  };
}

export const annotationShape = (
  site: Site,
  { path, line, level, message }: AnnotationRecord,
): Schemas["check-annotation"] => ({
  path,
  blob_href: `${site.url}/${site.owner}/${site.name}/blob/${path}`,
  start_line: line,
  end_line: line,
  start_column: null,
  end_column: null,
  annotation_level: level,
  title: "",
  message,
  raw_details: "",
});

export function combinedStatusShape(
  site: Site,
  sha: string,
  all: readonly StatusRecord[],
  page: readonly StatusRecord[],
): Schemas["combined-commit-status"] {
  const url = `${site.url}/repos/${site.owner}/${site.name}/commits/${sha}`;
  const has = (...states: string[]) => all.some(({ state }) => states.includes(state));
  const state = has("failure", "error") ? "failure" : "success";
  return {
    state: all.length === 0 || has("pending") ? "pending" : state,
    statuses: page.map(({ context, state, description }, index) => ({
      url: `${url}/statuses`,
      avatar_url: null,
      id: index + 1,
      node_id: `S_${index}`,
      state,
      description,
      target_url: null,
      context,
      created_at: TIME,
      updated_at: TIME,
    })),
    sha,
    total_count: all.length,
    repository: minimalRepositoryShape(site),
    commit_url: url,
    url: `${url}/status`,
  };
}

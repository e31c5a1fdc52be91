import { CoppiceError } from "../manifest/errors.ts";
import { formatManifest } from "../manifest/format.ts";
import { plainIssue } from "../planner/draft.ts";
import type { RepositoryFacts } from "../planner/index/facts.ts";
import { indexRepository } from "../planner/index/repository-index.ts";
import type { Issue, IssueQuery } from "../planner/issue.ts";
import { type Plan, type PlanHeader, plan, referencedIssues } from "../planner/plan.ts";
import { learnedModel } from "../planner/predict/model.ts";
import { type Forecast, forecast } from "../planner/predict/predict.ts";
import type { Forge } from "../ports/forge.ts";
import type { History } from "../ports/history.ts";
import type { ManifestStore } from "../ports/manifest-store.ts";
import type { Repository } from "../ports/repository.ts";
import type { RepositoryFactsSource } from "../ports/repository-facts.ts";
import { readManifest } from "./read-manifest.ts";

export interface PlanRequest {
  readonly query: IssueQuery;
  readonly header: PlanHeader;
  readonly breakCycles: boolean;
  /** Predict files where the issues do not name them; needs `facts`. */
  readonly predict: boolean;
  /** Issues are put in order when they touch a common file with at least this chance; default: the model's. */
  readonly orderFrom?: number | undefined;
}

/** Where a plan reads from; a plan needs no repository, but knows fewer files without one. */
export interface PlanPorts {
  readonly forge: Pick<Forge, "listIssues" | "issueStates">;
  readonly repository: Pick<Repository, "baseBranch" | "listFiles"> | undefined;
  /** What became of the repository's tasks so far. */
  readonly history: Pick<History, "finished"> | undefined;
  readonly facts?: RepositoryFactsSource | undefined;
}

/**
 * Issues and repository → plan. Writes nothing. Throws `dependency-cycle` with the sentences that make it, and
 * `plan-invalid` when the options do not make a manifest.
 */
export async function makePlan(ports: PlanPorts, request: PlanRequest): Promise<Plan> {
  const issues = await ports.forge.listIssues(request.query);
  if (issues.length === 0) {
    throw new CoppiceError({
      code: "no-issues",
      kind: "input",
      message: "there is no open issue that the filters let through",
      hint: "Loosen --label, --milestone or --issue, or name another source.",
    });
  }
  const known = await ports.forge.issueStates(referencedIssues(issues, request.header.repo));
  const base = await ports.repository?.baseBranch(request.header.base);
  const facts = base === undefined || !request.predict ? undefined : await ports.facts?.read(base);
  const listed = base === undefined ? undefined : await ports.repository?.listFiles(base);
  const outcome = plan({
    issues,
    known,
    finished: (await ports.history?.finished()) ?? [],
    files: facts?.paths ?? listed ?? [],
    forecast: facts && forecastOf(issues, facts, request.orderFrom),
    settings: {
      header: base === undefined ? request.header : { ...request.header, base },
      breakCycles: request.breakCycles,
    },
  });
  if (outcome.kind === "planned") return checked(outcome);
  throw new CoppiceError({
    code: "dependency-cycle",
    kind: "input",
    message: `the issues wait for each other: ${outcome.path.join(" → ")}\n${outcome.sentences.map((line) => `  ${line}`).join("\n")}`,
    hint: "Edit one of these issues, or let --break-cycles drop the weakest edge.",
  });
}

function forecastOf(
  issues: readonly Issue[],
  facts: RepositoryFacts,
  orderFrom: number | undefined,
): Forecast {
  const model = learnedModel();
  const plain = issues.map((issue) => plainIssue(issue).issue);
  return forecast(plain, indexRepository(facts), {
    ...model,
    orderFrom: orderFrom ?? model.orderFrom,
  });
}

/** What the options made wrong is told before it is written. */
function checked(made: Plan): Plan {
  const read = readManifest(formatManifest(made.manifest), "the plan");
  if (read.kind === "parsed") return made;
  throw new CoppiceError({
    code: "plan-invalid",
    kind: "input",
    message: read.problems.map((one) => `${one.message} (${one.field})`).join("\n"),
    hint: read.problems.map((one) => one.remedy).join("\n"),
  });
}

/** Writes a plan as a new manifest; never over one that is there. */
export async function writePlan(store: ManifestStore, made: Plan): Promise<void> {
  const there = await store.read();
  if (there.kind !== "missing") {
    throw new CoppiceError({
      code: "manifest-exists",
      kind: "input",
      message: `there is a manifest at ${store.path} already`,
      hint: "Run it with coppice run, write another with --manifest FILE, or move the old one away.",
    });
  }
  await store.create(formatManifest(made.manifest), null);
}

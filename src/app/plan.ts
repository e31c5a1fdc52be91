import { CoppiceError } from "../manifest/errors.ts";
import { formatManifest } from "../manifest/format.ts";
import type { JsonObject } from "../manifest/json.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isWaiting } from "../manifest/status.ts";
import { plainIssue } from "../planner/draft.ts";
import { type RepositoryFacts, withDelivered } from "../planner/index/facts.ts";
import { indexRepository } from "../planner/index/repository-index.ts";
import type { Issue, IssueQuery } from "../planner/issue.ts";
import { PLAN_ORDER_FROM } from "../planner/order-from.ts";
import type { PhaseRule } from "../planner/phases.ts";
import {
  type Plan,
  type PlanHeader,
  type PlanInput,
  plan,
  referencedIssues,
} from "../planner/plan.ts";
import type { PlanSource } from "../planner/plan-record.ts";
import { learnedModel } from "../planner/predict/model.ts";
import { type Forecast, withoutDoubts } from "../planner/predict/predict.ts";
import { type PlanChange, presentTasks, updatePlan, writtenPlan } from "../planner/update.ts";
import type { Forge } from "../ports/forge.ts";
import type { History } from "../ports/history.ts";
import type { ManifestStore } from "../ports/manifest-store.ts";
import type { PlanRecords } from "../ports/plan-records.ts";
import type { Repository } from "../ports/repository.ts";
import type { RepositoryFactsSource } from "../ports/repository-facts.ts";
import { applyText, rawOf } from "./edit.ts";
import { readManifest } from "./read-manifest.ts";
import { type Refiner, refinedForecast } from "./refine.ts";
import { readOrThrow } from "./run.ts";

export interface PlanRequest {
  readonly query: IssueQuery;
  readonly header: PlanHeader;
  readonly breakCycles: boolean;
  /** Predict files where the issues do not name them; needs `facts`. */
  readonly predict: boolean;
  /** Issues are put in order when they touch a common file with at least this chance; default: the model's. */
  readonly orderFrom?: number | undefined;
  readonly phaseBy?: PhaseRule | undefined;
  readonly allowVague?: boolean | undefined;
  readonly split?: boolean | undefined;
}

/** Where a plan reads from; a plan needs no repository, but knows fewer files without one. */
export interface PlanPorts {
  readonly forge: Pick<Forge, "listIssues" | "issueStates" | "openPullRequests">;
  readonly repository: Pick<Repository, "baseBranch" | "listFiles"> | undefined;
  /** What became of the repository's tasks so far. */
  readonly history: Pick<History, "finished"> | undefined;
  readonly facts?: RepositoryFactsSource | undefined;
  /** Asked about each issue; undefined: nobody is. */
  readonly refiner?: Refiner | undefined;
}

/** Where a plan is written. */
export interface PlanTarget {
  readonly store: ManifestStore;
  readonly records: PlanRecords;
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
  return checked(await planOf(ports, request, issues, {}));
}

/** Writes a plan as a new manifest, never over one that is there, and keeps what the next plan compares with. */
export async function writePlan(
  { store, records }: PlanTarget,
  made: Plan,
  source: PlanSource,
): Promise<void> {
  await store.create(formatManifest(made.manifest), null);
  await records.write({ version: 1, source, tasks: writtenPlan(made) });
}

/** A plan on a manifest that is there. */
export interface UpdateResult {
  readonly made: Plan;
  readonly changes: readonly PlanChange[];
  /** As it is, or would be, afterwards. */
  readonly manifest: JsonObject;
}

/**
 * Plans the issues asked for and those of the manifest's tasks that have not begun, and puts what is new onto the
 * manifest as `coppice edit` would: also while a run works on it. With `dryRun` nothing is written.
 */
export async function updateManifest(
  ports: PlanPorts,
  { store, records }: PlanTarget,
  request: PlanRequest,
  options: { readonly source: PlanSource; readonly dryRun: boolean },
): Promise<UpdateResult> {
  const { manifest } = await readOrThrow({ ports: { store } });
  const last = (await records.read())?.tasks ?? {};
  const listed = await ports.forge.listIssues(request.query);
  const { others, gone } = await otherIssues(ports, manifest, listed, request.query.numbers);
  const made = await planOf(ports, request, [...listed, ...others], {
    present: new Map(
      [...presentTasks(manifest)].filter(([issue, { isSettled }]) => isSettled || !gone.has(issue)),
    ),
    taken: namesOfOthers(manifest),
  });
  const reasons = new Map([
    ...gone,
    ...made.skipped.map(({ issue, why }) => [issue, why] as const),
  ]);
  const base = await readOrThrow({ ports: { store } });
  const { raw, changes, written } = updatePlan(rawOf(base), made, last, reasons);
  await applyText(store, base, formatManifest(raw), { dryRun: options.dryRun });
  if (!options.dryRun) await records.write({ version: 1, source: options.source, tasks: written });
  return { made, changes, manifest: raw };
}

/** The issues of tasks that were not listed: those to be planned again, and those whose tasks go, with the reason. */
async function otherIssues(
  { forge }: PlanPorts,
  manifest: Manifest,
  listed: readonly Issue[],
  asked: readonly number[],
): Promise<{ readonly others: readonly Issue[]; readonly gone: ReadonlyMap<number, string> }> {
  const present = new Set(listed.map(({ number }) => number));
  const missing = manifest.phases
    .flatMap((phase) => phase.tasks)
    .filter(
      ({ status }) =>
        isWaiting(status) || ["draft", "planned", "running", "stuck", "error"].includes(status),
    )
    .flatMap(({ issue }) => (issue === null || present.has(issue) ? [] : [issue]));
  const states = await forge.issueStates([...new Set(missing)]);
  const open = [...states].flatMap(([issue, state]) => (state === "open" ? [issue] : []));
  const others =
    open.length === 0
      ? []
      : await forge.listIssues({
          labels: [],
          milestone: undefined,
          numbers: open,
          limit: undefined,
        });
  const closed = [...states].flatMap(([issue, state]) => (state === "closed" ? [issue] : []));
  const listedClosed = listed.filter(
    ({ number, state }) => state === "closed" && !asked.includes(number),
  );
  return {
    others,
    gone: new Map(
      [...closed, ...listedClosed.map(({ number }) => number)].map((issue) => [
        issue,
        "its issue is closed",
      ]),
    ),
  };
}

/** Ids that tasks without an issue have. */
const namesOfOthers = (manifest: Manifest): ReadonlySet<string> =>
  new Set(
    manifest.phases.flatMap((phase) =>
      phase.tasks.flatMap(({ id, issue }) => (issue === null ? [id.toLowerCase()] : [])),
    ),
  );

async function planOf(
  ports: PlanPorts,
  request: PlanRequest,
  issues: readonly Issue[],
  more: Pick<PlanInput, "present" | "taken">,
): Promise<Plan> {
  const known = await ports.forge.issueStates(referencedIssues(issues, request.header.repo));
  const base = await ports.repository?.baseBranch(request.header.base);
  const facts = base === undefined || !request.predict ? undefined : await ports.facts?.read(base);
  const listed = base === undefined ? undefined : await ports.repository?.listFiles(base);
  const finished = (await ports.history?.finished()) ?? [];
  const outcome = plan({
    ...more,
    issues,
    known,
    pullRequests: await ports.forge.openPullRequests(),
    asked: new Set(request.query.numbers),
    finished,
    files: facts?.paths ?? listed ?? [],
    forecast:
      facts &&
      (await forecastOf(ports.refiner, issues, withDelivered(facts, finished), request.orderFrom)),
    settings: {
      header: base === undefined ? request.header : { ...request.header, base },
      breakCycles: request.breakCycles,
      phaseBy: request.phaseBy ?? "priority",
      allowVague: request.allowVague ?? false,
      split: request.split ?? false,
    },
  });
  if (outcome.kind === "planned") return outcome;
  throw new CoppiceError({
    code: "dependency-cycle",
    kind: "input",
    message: `the issues wait for each other: ${outcome.path.join(" → ")}\n${outcome.sentences.map((line) => `  ${line}`).join("\n")}`,
    hint: "Edit one of these issues, or let --break-cycles drop the weakest edge.",
  });
}

async function forecastOf(
  refiner: Refiner | undefined,
  issues: readonly Issue[],
  facts: RepositoryFacts,
  orderFrom: number | undefined,
): Promise<Forecast> {
  const model = learnedModel();
  const plain = issues.map((issue) => plainIssue(issue).issue);
  const index = indexRepository(facts);
  const chosen = { ...model, orderFrom: orderFrom ?? PLAN_ORDER_FROM };
  return withoutDoubts(await refinedForecast(refiner, plain, index, chosen));
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

import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { createListedFacts } from "../adapters/fs/listed-facts.ts";
import { createPlanRecords } from "../adapters/fs/plan-records.ts";
import { cloneRepository } from "../adapters/git/clone.ts";
import { openRepository } from "../adapters/git/repository.ts";
import { createRepositoryFacts } from "../adapters/git/repository-facts.ts";
import { createLocalForge } from "../adapters/local-forge/forge.ts";
import { readIssues } from "../adapters/local-forge/issues.ts";
import { localOriginPath } from "../adapters/local-forge/origin.ts";
import { createClock } from "../adapters/system/clock.ts";
import { createConsultant } from "../adapters/system/consultant.ts";
import { createHost } from "../adapters/system/host.ts";
import type { PlanPorts, PlanRequest, PlanTarget } from "../app/plan.ts";
import type { PredictPorts } from "../app/predict.ts";
import { type Refiner, refiningAgent } from "../app/refine.ts";
import { defaultParallel, readOrThrow } from "../app/run.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { PlanHeader } from "../planner/plan.ts";
import type { PlanSource } from "../planner/plan-record.ts";
import type { History } from "../ports/history.ts";
import type { ManifestStore } from "../ports/manifest-store.ts";
import { cloneUrlOf, gitHubForge, githubName } from "./compose-forge.ts";
import {
  defaultWorkdir,
  locks,
  manifestExists,
  openHistory,
  openManifest,
} from "./compose-manifest.ts";
import type { PlanOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { SCHEMA_URL } from "./package-files.ts";
import { cacheFolder, keyOf, stateHome } from "./places.ts";

const env = process.env;
const clock = createClock();
const host = createHost({ env });

/** What a plan is made from and where it goes. */
export interface Planning extends PlanPorts, PlanTarget {
  readonly request: PlanRequest;
  readonly source: PlanSource;
  /** Sessions at the same time. */
  readonly places: number;
  /** There is a manifest to be updated. */
  readonly isUpdate: boolean;
}

/** Opens what a plan is made from: for a manifest that is there, what it and its last plan say counts where no option does. */
export async function openPlanning(given: PlanOptions, output: Output): Promise<Planning> {
  const target = openTarget(given.manifest);
  const isUpdate = await manifestExists(given.manifest);
  const last = isUpdate ? ((await target.records.read())?.source ?? null) : null;
  const options = isUpdate ? await asBefore(given, target.store, last) : given;
  const place = await repositoryFor(options);
  const repository =
    place === undefined ? undefined : await openRepository({ root: place, project: "plan", locks });
  const originUrl = (await repository?.remoteUrl()) ?? null;
  if (repository !== undefined) refuseOtherCheckout(options, repository.root, originUrl);
  const repo = options.repo ?? (options.issues === undefined ? githubName(originUrl) : undefined);
  if (options.issues === undefined && repo === undefined) {
    throw new CoppiceError({
      code: "no-issue-source",
      kind: "usage",
      message:
        "no source of issues: none was named, and this folder is no checkout of a GitHub repository",
      hint: "Give --repo owner/name, or --issues with a JSON file or a folder of Markdown files.",
    });
  }
  const project =
    options.project ?? repo?.split("/")[1] ?? basename(repository?.root ?? process.cwd());
  const note = (text: string) => output.story(text);
  if (repository === undefined)
    note("this folder is no git checkout: files are taken from the issues unchecked");
  const forge =
    options.issues === undefined && repo !== undefined
      ? await gitHubForge(repo, options.apiUrl, note)
      : createLocalForge({
          issues: resolve(options.issues ?? "issues"),
          originDir: (repository && localOriginPath(originUrl, repository.root)) ?? undefined,
          clock,
        });
  const root = repository?.root;
  if (options.refine !== undefined && (root === undefined || !options.predict)) throw NOT_REFINED;
  return {
    forge,
    repository,
    history: repository && openHistory(repository, note),
    facts:
      root === undefined ? undefined : createRepositoryFacts({ root, cacheDir: cacheFolder() }),
    refiner: root === undefined ? undefined : refinerOf(options.refine, root, output),
    ...target,
    isUpdate,
    source: sourceOf(given, options, last),
    places: options.maxParallel ?? defaultParallel(host),
    request: {
      query: {
        labels: options.label,
        milestone: options.milestone,
        numbers: options.issue,
        limit: options.limit,
      },
      breakCycles: options.breakCycles === true,
      predict: options.predict,
      orderFrom: options.orderFrom,
      phaseBy: options.phases,
      allowVague: options.allowVague,
      split: options.split,
      header: headerOf(options, { project, repo, root, originUrl }),
    },
  };
}

/** The history of the repository that a manifest or an option names, else of the current folder's. */
export async function openReview(
  options: Pick<PlanOptions, "manifest" | "repoDir">,
  output: Output,
): Promise<History> {
  const store = openManifest(options.manifest);
  const repoDir = (await manifestExists(options.manifest))
    ? (await readOrThrow({ ports: { store } })).manifest.repoDir
    : undefined;
  const root = options.repoDir ?? (repoDir && resolve(dirname(store.path), repoDir));
  const repository = await openRepository({ root: resolve(root ?? "."), project: "plan", locks });
  return openHistory(repository, (text) => output.story(text));
}

function openTarget(manifest: string): PlanTarget {
  const store = openManifest(manifest);
  const path = join(stateHome(), "coppice", "plans", `${keyOf(store.path)}.json`);
  return { store, records: createPlanRecords({ path }) };
}

/** The options of an update, with what the manifest and its last plan say where none is given. */
async function asBefore(
  given: PlanOptions,
  store: ManifestStore,
  last: PlanSource | null,
): Promise<PlanOptions> {
  const { manifest } = await readOrThrow({ ports: { store } });
  const isNamed = given.issues !== undefined || given.repo !== undefined;
  const { repoDir } = manifest;
  const root =
    given.repoUrl === undefined && repoDir ? resolve(dirname(store.path), repoDir) : undefined;
  return {
    ...given,
    ...optional("issues", isNamed ? undefined : last?.issues),
    ...optional("repo", given.repo ?? manifest.repo),
    ...optional("apiUrl", given.apiUrl ?? manifest.apiUrl),
    ...optional("repoDir", given.repoDir ?? root),
    ...optional("base", given.base ?? manifest.base),
    ...optional("maxParallel", manifest.maxParallel ?? given.maxParallel),
    ...optional("phases", given.phases ?? last?.phaseBy),
    ...(isFiltered(given) || last === null
      ? {}
      : {
          label: last.labels,
          ...optional("milestone", last.milestone),
          ...optional("limit", last.limit),
        }),
    project: manifest.project,
    allowVague: given.allowVague ?? last?.allowVague ?? false,
    split: given.split ?? last?.split ?? false,
  };
}

const isFiltered = ({ label, milestone, issue, limit }: PlanOptions): boolean =>
  label.length > 0 || milestone !== undefined || issue.length > 0 || limit !== undefined;

/** What the next plan asks for again: single issues do not change what the whole is about. */
function sourceOf(given: PlanOptions, options: PlanOptions, last: PlanSource | null): PlanSource {
  const filters =
    last !== null && given.issue.length > 0
      ? last
      : {
          labels: [...options.label],
          milestone: options.milestone ?? null,
          limit: options.limit ?? null,
        };
  return {
    issues: options.issues === undefined ? null : resolve(options.issues),
    labels: filters.labels,
    milestone: filters.milestone,
    limit: filters.limit,
    phaseBy: options.phases ?? "priority",
    allowVague: options.allowVague === true,
    split: options.split === true,
  };
}

function headerOf(
  options: PlanOptions,
  place: {
    readonly project: string;
    readonly repo: string | undefined;
    readonly root: string | undefined;
    readonly originUrl: string | null;
  },
): PlanHeader {
  const forge = options.forge ?? (options.issues === undefined ? "github" : undefined);
  const apiUrl = options.apiUrl ?? env["GITHUB_API_URL"];
  return {
    $schema: SCHEMA_URL,
    version: 1,
    project: place.project,
    ...optional("repo", place.repo),
    ...optional("repoDir", place.root),
    ...optional("forge", forge),
    ...optional("apiUrl", forge === "github" ? apiUrl : undefined),
    workdir: options.workdir
      ? resolve(options.workdir)
      : defaultWorkdir(place.repo ?? basename(place.root ?? process.cwd()), place.project),
    created: new Date(clock.now()).toISOString(),
    ...optional("base", options.base),
    ...optional("agent", options.agent ?? (options.command ? "command" : undefined)),
    ...optional("command", options.command ? wordsOf(options.command) : undefined),
    ...optional("model", options.model),
    ...optional("modelTier", options.modelTier),
    ...optional("prompt", options.prompt),
    ...optional("verify", options.verify),
    ...optional("setup", options.setup),
    ...optional("copyFiles", options.copyFile.length > 0 ? [...options.copyFile] : undefined),
    ...optional("maxParallel", options.maxParallel),
    ...optional("pullRequest", options.draft ? { draft: true } : undefined),
  };
}

/** The words of a command; one word that is a JSON list holds them all, also those that begin with a dash. */
function wordsOf(command: readonly string[]): string[] {
  const [first = ""] = command;
  if (command.length > 1 || !first.startsWith("[")) return [...command];
  try {
    const words: unknown = JSON.parse(first);
    if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  } catch {
    // Told below, with all else that is no list of words.
  }
  throw notACommand(first);
}

const notACommand = (text: string): CoppiceError =>
  new CoppiceError({
    code: "command-invalid",
    kind: "usage",
    message: `--command ${text} is no list of words`,
    hint: 'Write it as JSON, e.g. --command \'["sh", "-c", "my-agent {promptFile}"]\'.',
  });

const optional = <Key extends string, Value>(
  key: Key,
  value: Value | null | undefined,
): Partial<Record<Key, Value>> =>
  value === undefined || value === null ? {} : ({ [key]: value } as Record<Key, Value>);

/** What a prediction is made from. */
export function openPrediction(
  options: {
    readonly issues: string;
    readonly repoDir?: string;
    readonly index?: string;
    readonly refine?: string;
  },
  output: Output,
): PredictPorts {
  const { issues, index } = options;
  return {
    readIssues: async () => (await readIssues(resolve(issues))).issues,
    refiner: refinerOf(options.refine, resolve(options.repoDir ?? "."), output),
    facts:
      index === undefined
        ? createRepositoryFacts({ root: resolve(options.repoDir ?? "."), cacheDir: cacheFolder() })
        : createListedFacts(resolve(index)),
  };
}

const NOT_REFINED = new CoppiceError({
  code: "usage",
  kind: "usage",
  message: "--refine looks into a checkout for a prediction: there is no checkout, or --no-predict",
  hint: "Name one with --repo-dir, or leave out --refine.",
});

/** Throws for an agent that cannot refine, before anything is read. */
function refinerOf(agent: string | undefined, folder: string, output: Output): Refiner | undefined {
  if (agent === undefined) return undefined;
  refiningAgent(agent);
  const tell = (text: string) => output.story(text);
  return { agent, folder, consultant: createConsultant(), host, clock, tell };
}

/** The checkout to plan for: the one named, a clone of the URL named, the current folder's, or a clone from GitHub. */
async function repositoryFor(options: PlanOptions): Promise<string | undefined> {
  if (options.repoDir !== undefined) return resolve(options.repoDir);
  const here = options.repoUrl === undefined ? await enclosingCheckout(process.cwd()) : undefined;
  if (here !== undefined) return here;
  const fromGitHub =
    options.repo !== undefined && options.issues === undefined
      ? await cloneUrlOf(options.repo, options.apiUrl)
      : undefined;
  const url = options.repoUrl ?? fromGitHub;
  if (url === undefined) return undefined;
  const name = options.repo ?? basename(url, ".git");
  const workdir = options.workdir
    ? resolve(options.workdir)
    : defaultWorkdir(name, options.project ?? name.split("/").at(-1) ?? name);
  const dir = join(workdir, "repo");
  if ((await stat(dir).catch(() => null)) === null) await cloneRepository(url, dir);
  return dir;
}

/** The current folder may be somebody else's checkout: its tasks would be done in the wrong repository. */
function refuseOtherCheckout(options: PlanOptions, root: string, originUrl: string | null): void {
  const found = githubName(originUrl);
  const chosen = options.repoDir !== undefined || options.repoUrl !== undefined;
  if (chosen || options.repo === undefined || found === undefined) return;
  if (found.toLowerCase() === options.repo.toLowerCase()) return;
  throw new CoppiceError({
    code: "other-checkout",
    kind: "usage",
    message: `${root} is a checkout of ${found}, not of ${options.repo}`,
    hint: "Go to the right checkout, name it with --repo-dir, or go where there is none to have it cloned.",
  });
}

async function enclosingCheckout(folder: string): Promise<string | undefined> {
  for (let dir = folder; ; dir = dirname(dir)) {
    if (await stat(join(dir, ".git")).catch(() => null)) return dir;
    if (dirname(dir) === dir) return undefined;
  }
}

import { randomUUID } from "node:crypto";
import { mkdir, realpath, stat } from "node:fs/promises";
import { hostname, tmpdir, userInfo } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { execOnTerminal } from "../adapters/exec.ts";
import { createHistory } from "../adapters/fs/history.ts";
import { createJournal } from "../adapters/fs/journal.ts";
import { createListedFacts } from "../adapters/fs/listed-facts.ts";
import { createPlanRecords } from "../adapters/fs/plan-records.ts";
import { createRecordedScreens } from "../adapters/fs/recorded-screens.ts";
import { createTaskFolders } from "../adapters/fs/task-folders.ts";
import { cloneRepository } from "../adapters/git/clone.ts";
import { openRepository } from "../adapters/git/repository.ts";
import { createRepositoryFacts } from "../adapters/git/repository-facts.ts";
import { createSampleRepository } from "../adapters/git/sample-repository.ts";
import type { Quota } from "../adapters/github/quota.ts";
import { createLocalForge } from "../adapters/local-forge/forge.ts";
import { readIssues } from "../adapters/local-forge/issues.ts";
import { localOriginPath, recordsFolder } from "../adapters/local-forge/origin.ts";
import { createRedactor } from "../adapters/notify/redact.ts";
import { createSignals } from "../adapters/signals/signals.ts";
import { createClock } from "../adapters/system/clock.ts";
import { createConversations } from "../adapters/system/conversations.ts";
import { createHost } from "../adapters/system/host.ts";
import { createProcesses } from "../adapters/system/processes.ts";
import { createTmuxSessions } from "../adapters/tmux/sessions.ts";
import type { DoctorPorts, TokenCheck } from "../app/doctor.ts";
import type { PlanPorts, PlanRequest, PlanTarget } from "../app/plan.ts";
import type { PredictPorts } from "../app/predict.ts";
import { defaultParallel, readOrThrow } from "../app/run.ts";
import type { Workspace } from "../app/world.ts";
import type { PrivateWords } from "../classify/scrub.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { PlanHeader } from "../planner/plan.ts";
import type { PlanSource } from "../planner/plan-record.ts";
import type { Forge } from "../ports/forge.ts";
import type { History } from "../ports/history.ts";
import type { ManifestStore } from "../ports/manifest-store.ts";
import type { Repository } from "../ports/repository.ts";
import type { Sample } from "../ports/sample-repository.ts";
import {
  defaultWorkdir,
  locks,
  manifestExists,
  openManifest,
  repoRoot,
  workdirOf,
} from "./compose-manifest.ts";
import type { PlanOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { packagePath } from "./package-files.ts";
import { cacheFolder, keyOf, stateHome } from "./places.ts";
import { eventLine } from "./render.ts";

const env = process.env;
const clock = createClock();
const host = createHost({ env });
const LOCK_WAIT_MS = 30_000;
/** Where editors find the schema of a manifest that this program writes. */
const SCHEMA_URL = pathToFileURL(packagePath("schemas/manifest.schema.json")).href;

/** A manifest with its repository, workdir, sessions and forge. Throws CoppiceError when one of them is missing. */
export async function openWorkspace(
  options: { readonly manifest: string },
  output: Output,
  tell: { readonly onEvent: (line: string) => void },
): Promise<Workspace> {
  const store = openManifest(options.manifest);
  const { manifest } = await readOrThrow({ ports: { store } });
  const home = dirname(store.path);
  const root = repoRoot(store.path, manifest.repoDir);
  const workdir = await madeFolder(workdirOf(store.path, manifest));
  const repository = await openRepository({
    root,
    project: manifest.project,
    locks,
    ...(manifest.base ? { base: manifest.base } : {}),
  });
  const redactor = createRedactor(env);
  const socketPath = manifest.socket
    ? resolve(home, manifest.socket)
    : socketIn(workdir, "tmux.sock");
  const signalSocketPath = socketIn(workdir, "wake.sock");
  const sessions = createTmuxSessions({
    workdir,
    socketPath,
    signalSocketPath,
    nodePath: process.execPath,
    env,
    processes: createProcesses(),
    lock: (name, work) =>
      locks.withLock(
        join(workdir, "locks", `${name}.lock`),
        `type into ${name}`,
        LOCK_WAIT_MS,
        work,
      ),
  });
  const note = (text: string) => tell.onEvent(text);
  return {
    ports: {
      store,
      sessions,
      repository,
      forge: await forgeOf(manifest, repository, note),
      folders: createTaskFolders({ workdir }),
      conversations: createConversations({ env, homeDir: host.homeDir }),
      history: openHistory(repository),
      clock,
      host,
    },
    locks,
    signals: createSignals({
      workdir,
      socketPath: signalSocketPath,
      manifestPath: store.path,
      onBlind: (reason) => note(`changes of files are not seen at once: ${reason}`),
    }),
    notifier: {
      notify(event) {
        if (output.json) return;
        const line = eventLine(event, output.paint);
        if (line !== undefined) tell.onEvent(redactor(line));
      },
    },
    journal: (fence, beat) =>
      createJournal({
        path: join(workdir, "events.jsonl"),
        run: randomUUID(),
        fence,
        beat,
        redact: redactor,
        clock,
        locks,
      }),
    workdir,
    lockPath: join(workdir, "run.lock"),
  };
}

/** It goes with the repository, whatever becomes of worktrees and workdirs. */
const openHistory = ({ stateDir }: Pick<Repository, "stateDir">): History =>
  createHistory({ path: join(stateDir, "history.jsonl") });

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
  return {
    forge,
    repository,
    history: repository && openHistory(repository),
    facts:
      root === undefined ? undefined : createRepositoryFacts({ root, cacheDir: cacheFolder() }),
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
): Promise<History> {
  const store = openManifest(options.manifest);
  const repoDir = (await manifestExists(options.manifest))
    ? (await readOrThrow({ ports: { store } })).manifest.repoDir
    : undefined;
  const root = options.repoDir ?? (repoDir && resolve(dirname(store.path), repoDir));
  return openHistory(await openRepository({ root: resolve(root ?? "."), project: "plan", locks }));
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
export function openPrediction(options: {
  readonly issues: string;
  readonly repoDir?: string;
  readonly index?: string;
}): PredictPorts {
  const { issues, index } = options;
  return {
    readIssues: async () => (await readIssues(resolve(issues))).issues,
    facts:
      index === undefined
        ? createRepositoryFacts({ root: resolve(options.repoDir ?? "."), cacheDir: cacheFolder() })
        : createListedFacts(resolve(index)),
  };
}

/** The sample of the demo with all that `makePlan` and `writePlan` need. */
export async function openDemo(options: { readonly workdir?: string }): Promise<
  PlanPorts & {
    readonly store: ManifestStore;
    readonly sample: Sample & { readonly dir: string };
    readonly pullRequestsDir: string;
    readonly schemaUrl: string;
  }
> {
  const sample = await createSampleRepository({ fixtures: packagePath("fixtures/demo") }).create(
    options.workdir,
  );
  return {
    forge: createLocalForge({ issues: sample.issuesDir, originDir: sample.originDir, clock }),
    repository: await openRepository({ root: sample.repoDir, project: "demo", locks }),
    history: undefined,
    store: openManifest(join(sample.dir, "manifest.json")),
    sample,
    pullRequestsDir: recordsFolder(sample.originDir),
    schemaUrl: SCHEMA_URL,
  };
}

/** What `coppice doctor` looks at. */
export function openDoctor(options: { readonly apiUrl?: string }): DoctorPorts {
  return {
    host,
    workdir: stateHome(),
    async checkToken(): Promise<TokenCheck> {
      const { findGitHubToken, gitHubAccount, gitHubApiUrl } = await loadGitHub();
      const apiUrl = gitHubApiUrl(options.apiUrl, (name) => env[name]);
      const found = await findGitHubToken((name) => env[name], apiUrl);
      if (found === null) return { kind: "none" };
      try {
        const { token } = found;
        const held = (await (await quotaOf(apiUrl, token)).held())?.why ?? null;
        return { kind: "valid", held, ...(await gitHubAccount({ apiUrl, token, clock })) };
      } catch (error) {
        if (error instanceof CoppiceError) return { kind: "refused", reason: error.message };
        throw error;
      }
    },
  };
}

/** A folder of recorded screens. */
export const openRecordedScreens = createRecordedScreens;

/** What tells about this machine and its user. */
export const privateWords = (): PrivateWords => ({
  names: [hostname(), hostname().replace(/\..*$/, ""), userInfo().username, basename(host.homeDir)],
  redact: createRedactor(env),
});

/** Runs a program with this terminal; returns its exit code. */
export const runOnTerminal = execOnTerminal;

async function forgeOf(
  manifest: Manifest,
  repository: Repository,
  note: (text: string) => void,
): Promise<Forge> {
  const originUrl = await repository.remoteUrl();
  const originDir = localOriginPath(originUrl, repository.root);
  const kind =
    manifest.forge ??
    (originDir === null && githubName(originUrl) !== undefined ? "github" : "local");
  if (kind === "github") {
    const repo = manifest.repo ?? githubName(originUrl);
    if (repo !== undefined) return await gitHubForge(repo, manifest.apiUrl, note);
    throw new CoppiceError({
      code: "no-repo-name",
      kind: "input",
      message: 'the forge is github, but the manifest names no "repo"',
      hint: 'Add "repo": "owner/name" to the manifest.',
    });
  }
  if (originDir !== null) return createLocalForge({ issues: undefined, originDir, clock });
  throw new CoppiceError({
    code: "no-local-origin",
    kind: "input",
    message: `the local forge keeps pull requests beside a bare origin on this machine, but origin is ${originUrl ?? "not set"}`,
    hint: 'Add one with "git init --bare PATH" and "git remote add origin PATH", or set "forge": "github".',
  });
}

async function gitHubForge(
  repo: string,
  askedUrl: string | undefined,
  note: (text: string) => void,
): Promise<Forge> {
  const { createGitHubForge, findGitHubToken, gitHubApiUrl } = await loadGitHub();
  const apiUrl = gitHubApiUrl(askedUrl, (name) => env[name]);
  const token = (await findGitHubToken((name) => env[name], apiUrl))?.token;
  const quota = await quotaOf(apiUrl, token);
  return createGitHubForge({ repo, apiUrl, token, quota, clock, note });
}

/** One for each host and token, shared by all processes of the user; the token itself is nowhere in it. */
async function quotaOf(apiUrl: string, token: string | undefined): Promise<Quota> {
  const { createQuota, createQuotaFile } = await loadGitHub();
  const path = join(stateHome(), "coppice", "github", `${keyOf(`${apiUrl} ${token ?? ""}`)}.json`);
  return createQuota({ clock, store: createQuotaFile({ path, locks }) });
}

/** Octokit is loaded where it is spoken to, and nowhere else. */
const loadGitHub = async () => ({
  ...(await import("../adapters/github/access.ts")),
  ...(await import("../adapters/github/forge.ts")),
  ...(await import("../adapters/github/quota.ts")),
  ...(await import("../adapters/github/quota-file.ts")),
});

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

async function cloneUrlOf(repo: string, askedUrl: string | undefined): Promise<string> {
  const { gitHubApiUrl, gitHubCloneUrl } = await loadGitHub();
  return gitHubCloneUrl(
    gitHubApiUrl(askedUrl, (name) => env[name]),
    repo,
  );
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

/** The folder itself, for agents compare real paths. Throws CoppiceError `workdir-unusable`. */
async function madeFolder(dir: string): Promise<string> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return await realpath(dir);
  } catch (error) {
    throw workdirUnusable(dir, error);
  }
}

const workdirUnusable = (dir: string, cause: unknown): CoppiceError =>
  new CoppiceError({
    code: "workdir-unusable",
    kind: "machine",
    message: `the workdir ${dir} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'Set "workdir" in the manifest to a folder that you may write to.',
    cause,
  });

const SOCKET_BYTES_MAX = 99;

/** A socket's path has less than 100 bytes: a deep workdir gets it in a short folder of the user's own. */
function socketIn(workdir: string, name: string): string {
  const path = join(workdir, name);
  if (Buffer.byteLength(path) <= SOCKET_BYTES_MAX) return path;
  const runtime = env["XDG_RUNTIME_DIR"];
  const base =
    runtime && isAbsolute(runtime) ? runtime : join(tmpdir(), `coppice-${userInfo().uid}`);
  return join(base, `${keyOf(workdir)}-${name}`);
}

/** `owner/name` of a URL on GitHub, else undefined. */
function githubName(url: string | null): string | undefined {
  const found = /github[^/:]*[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url ?? "");
  return found?.[1];
}

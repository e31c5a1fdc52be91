import { randomUUID } from "node:crypto";
import { mkdir, realpath } from "node:fs/promises";
import { hostname, tmpdir, userInfo } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { execOnTerminal } from "../adapters/exec.ts";
import { createJournal } from "../adapters/fs/journal.ts";
import { createOwnership } from "../adapters/fs/ownership.ts";
import { createRecordedScreens } from "../adapters/fs/recorded-screens.ts";
import { createTaskFolders } from "../adapters/fs/task-folders.ts";
import { openRepository } from "../adapters/git/repository.ts";
import { createSampleRepository } from "../adapters/git/sample-repository.ts";
import { createLocalForge } from "../adapters/local-forge/forge.ts";
import { recordsFolder } from "../adapters/local-forge/origin.ts";
import { createRedactor } from "../adapters/notify/redact.ts";
import { createSignals } from "../adapters/signals/signals.ts";
import { createClock } from "../adapters/system/clock.ts";
import { createConversations } from "../adapters/system/conversations.ts";
import { createHost } from "../adapters/system/host.ts";
import { createProcesses } from "../adapters/system/processes.ts";
import { createTmuxSessions } from "../adapters/tmux/sessions.ts";
import type { DoctorPorts } from "../app/doctor.ts";
import type { PlanPorts } from "../app/plan.ts";
import { readOrThrow } from "../app/run.ts";
import type { Workspace } from "../app/world.ts";
import type { PrivateWords } from "../classify/scrub.ts";
import { CoppiceError } from "../manifest/errors.ts";
import type { ManifestStore } from "../ports/manifest-store.ts";
import type { Sample } from "../ports/sample-repository.ts";
import { checkToken, forgeOf } from "./compose-forge.ts";
import { locks, openHistory, openManifest, repoRoot, workdirOf } from "./compose-manifest.ts";
import type { Output } from "./output.ts";
import { packagePath, SCHEMA_URL } from "./package-files.ts";
import { keyOf, stateHome } from "./places.ts";
import { eventLine } from "./render.ts";

const env = process.env;
const clock = createClock();
const host = createHost({ env });
const LOCK_WAIT_MS = 30_000;

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
  const ownership = await createOwnership(store.path);
  const sessions = createTmuxSessions({
    workdir,
    ownership,
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
      folders: createTaskFolders({ workdir, ownership }),
      conversations: createConversations({ env, homeDir: host.homeDir }),
      history: openHistory(repository, note),
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
    checkToken: () => checkToken(options.apiUrl),
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

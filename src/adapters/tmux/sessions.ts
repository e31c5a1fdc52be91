import { mkdir } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Probe } from "../../classify/evidence.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { MachineTrouble } from "../../manifest/machine-trouble.ts";
import type { Ownership } from "../../ports/ownership.ts";
import type { Processes } from "../../ports/processes.ts";
import type { InjectOutcome, SessionSpec, Sessions, StartOutcome } from "../../ports/sessions.ts";
import { exec as execDoor } from "../exec.ts";
import { effect } from "../fault-point.ts";
import { type Command, createClient, saysNoServer, unexpectedAnswer } from "./client.ts";
import { folderOf, logOf, writeLaunchFiles } from "./launch-files.ts";
import { manifestMark, type Pane, paneFormat, parsePanes } from "./panes.ts";
import { identityOf, processesOf } from "./process-tree.ts";
import { createServerNote } from "./server-note.ts";
import { endTurn, inject, press, SENT } from "./typing.ts";
import { createView, nonce, sessionFactOf } from "./view.ts";

export interface TmuxSessionsOptions {
  /** The run's folder; absolute. The server is marked with it, and no server with another mark is touched. */
  readonly workdir: string;
  /** The server's socket; absolute, at most 99 bytes. */
  readonly socketPath: string;
  /** Where the wrapper tells that a task ended (`Signals`); absolute. */
  readonly signalSocketPath: string;
  /** Absolute path of the Node program. */
  readonly nodePath: string;
  /** The user's environment; the server gets a few variables of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly processes: Processes;
  /** Without it every session of this server is this manifest's. */
  readonly ownership?: Ownership;
  /** Runs `work` while no other process types into the session of this name. */
  readonly lock: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly exec?: typeof execDoor;
}

const SOCKET_BYTES_MAX = 99;
/** Each session takes its terminal and the pipe to its log; the server itself and its clients need some, too. */
const FILES_PER_SESSION = 2;
const FILES_SPARE = 32;
const SESSION_NAME = /^(?:task|verify)-[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;
const SERVER_ENVIRONMENT = ["PATH", "HOME", "LANG", "TERM", "USER", "SHELL", "TMPDIR"];
const TERMINAL = "screen-256color";
const TERMINATE_MS = 2000;
const KILL_MS = 500;
const LOOK_EVERY_MS = 50;

/** The sessions of one run on a tmux server of their own. Throws CoppiceError when the paths cannot serve. */
export function createTmuxSessions(options: TmuxSessionsOptions): Sessions {
  checkPaths(options);
  const { workdir, socketPath, processes, ownership, lock } = options;
  const client = createClient({
    socketPath,
    env: serverEnvironment(options),
    exec: options.exec ?? execDoor,
  });
  const server = createServerNote({ workdir, processes });
  const view = createView({ client, workdir, socketPath, processes, server, ownership });
  const hands = { client, view };

  const listed = async (): Promise<readonly Pane[]> => {
    const listing = await view.list();
    if (listing.kind === "known") return listing.value;
    throw new MachineTrouble({
      code: "tmux-silent",
      kind: "machine",
      message: listing.reason,
      hint: `Look whether tmux answers: tmux -S ${socketPath} list-sessions`,
    });
  };
  const find = async (name: string): Promise<Pane | undefined> =>
    (await listed()).find((pane) => pane.name === checkedName(name));

  const typing = (
    name: string,
    work: (pane: Pane) => Promise<InjectOutcome>,
  ): Promise<InjectOutcome> =>
    lock(checkedName(name), async () => {
      const pane = await find(name);
      return pane ? work(pane) : { kind: "refused", reason: "there is no such session" };
    });

  /** Ends the pane's processes, politely first; the wrapper's two shells last, so that they can write the record. */
  const endProcesses = async (pane: Pane): Promise<void> => {
    const known = new Set<string>();
    const left = async (sparesWrapper: boolean) => {
      const found = processesOf(await processes.list(), pane, known);
      for (const process of found) known.add(identityOf(process));
      return found.filter(
        ({ pid, parentPid }) =>
          !(sparesWrapper && (pid === pane.panePid || parentPid === pane.panePid)),
      );
    };
    for (const { signal, sparesWrapper, graceMs } of [
      { signal: "SIGTERM", sparesWrapper: false, graceMs: TERMINATE_MS },
      { signal: "SIGKILL", sparesWrapper: true, graceMs: KILL_MS },
      { signal: "SIGKILL", sparesWrapper: false, graceMs: KILL_MS },
    ] as const) {
      if ((await left(false)).length === 0) return;
      for (const process of await left(sparesWrapper)) await processes.signal(process, signal);
      const deadline = Date.now() + graceMs;
      while ((await left(false)).length > 0 && Date.now() < deadline) await wait(LOOK_EVERY_MS);
    }
  };

  return {
    observe: (unread) => view.observe(unread),

    async start(spec) {
      const folder = folderOf(workdir, spec.taskDir);
      const panes = await listed();
      const running = panes.find((pane) => pane.name === checkedName(spec.name));
      if (running) return met(running, spec, folder);
      await refuseCrowd(panes);
      await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
      await effect("session-files", () => writeLaunchFiles(spec, options));
      const separator = nonce();
      const result = await effect("session-start", () =>
        client([
          ...SERVER_SETTINGS(workdir),
          ...newSession(spec, folder, options),
          ["display-message", "-p", "-t", `=${spec.name}:`, paneFormat(separator)],
        ]),
      );
      if (/duplicate session/.test(result.stderr)) {
        const winner = await find(spec.name);
        return winner
          ? met(winner, spec, folder)
          : { kind: "taken", by: "a session that Coppice did not start for this manifest" };
      }
      const [pane] = parsePanes(result.stdout, separator);
      if (result.code === 0 && pane) {
        await server.remember(pane.serverPid);
        return { kind: "started", session: sessionFactOf(pane, null) };
      }
      await removeHalfMade(result.stdout);
      throw unexpectedAnswer(`start the session ${spec.name}`, result);
    },

    async capture(name, historyLines) {
      const listing: Probe<readonly Pane[]> = await view.list();
      if (listing.kind === "unknown") return listing;
      const pane = listing.value.find((candidate) => candidate.name === checkedName(name));
      return pane ? view.look(pane, historyLines) : { kind: "known", value: null };
    },

    async isAttended(name) {
      const pane = await find(name);
      return pane !== undefined && pane.attached > 0 && !pane.dead;
    },

    inject: (name, text, still, turn) =>
      typing(name, async (pane) => {
        const free = turn ? await endTurn(pane, turn, hands) : SENT;
        return free.kind === "sent" ? await inject(pane, text, still, hands) : free;
      }),
    press: (name, keys, still) => typing(name, (pane) => press(pane, keys, still, hands)),

    async stop(name) {
      const pane = await find(name);
      if (!pane) return true;
      await effect("session-end", () => endProcesses(pane));
      const killed = await effect("pane-kill", () => client([["kill-pane", "-t", pane.paneId]]));
      return killed.code === 0 || (await find(name)) === undefined;
    },

    attachCommand: (name) => [
      "env",
      "-u",
      "TMUX",
      "tmux",
      "-S",
      socketPath,
      "attach-session",
      "-t",
      `=${checkedName(name)}`,
    ],

    /** Asks the server to end as soon as it has no session, so that one started in between lives on. */
    async shutDown() {
      if ((await listed()).length > 0) return;
      const asked = await effect("server-end", () =>
        client([["set-option", "-s", "exit-empty", "on"]]),
      );
      if (asked.code !== 0 && !saysNoServer(asked)) throw unexpectedAnswer("end its server", asked);
    },
  };

  /** A tmux server at its limit of open files never answers anybody again. */
  async function refuseCrowd(panes: readonly Pane[]): Promise<void> {
    const [first] = panes;
    if (first === undefined) return;
    const filesMax = await processes.openFilesMax(first.serverPid);
    if ((panes.length + 1) * FILES_PER_SESSION + FILES_SPARE <= filesMax) return;
    throw new MachineTrouble({
      code: "too-many-sessions",
      kind: "machine",
      message: `${panes.length} sessions are all that the tmux server at ${socketPath} can hold: it may have ${filesMax} files open`,
      hint: "Lower maxParallel, or raise the limit (ulimit -n) before a new server starts.",
    });
  }

  /** The first line of a new session names its pane: without our marks nobody would find it again. */
  async function removeHalfMade(stdout: string): Promise<void> {
    const paneId = /^made (%\d+)$/m.exec(stdout)?.[1];
    if (paneId) await client([["kill-pane", "-t", paneId]]);
  }
}

/** A session of that name is there already. */
const met = (pane: Pane, spec: SessionSpec, folder: string): StartOutcome =>
  pane.taskId === spec.taskId && pane.attempt === spec.attempt && pane.folder === folder
    ? { kind: "adopted", session: sessionFactOf(pane, null) }
    : { kind: "taken", by: `attempt ${pane.attempt} of task ${pane.taskId} (${pane.folder})` };

/** Set again at every start, which costs nothing; the mark comes last, so that a marked server is a whole one. */
const SERVER_SETTINGS = (workdir: string): Command[] => [
  ["start-server"],
  ["set-option", "-s", "exit-empty", "off"],
  ["set-option", "-s", "set-clipboard", "off"],
  ["set-option", "-s", "default-terminal", TERMINAL],
  ["set-option", "-g", "update-environment", ""],
  ["set-option", "-g", "history-limit", "5000"],
  ["set-option", "-g", "mouse", "on"],
  ["set-option", "-wg", "remain-on-exit", "on"],
  // The notice would scroll the first line of the last screen away. Older tmux than 3.3 does not know the option.
  ["set-option", "-wgq", "remain-on-exit-format", ""],
  ["set-option", "-wg", "allow-rename", "off"],
  ["set-option", "-wg", "automatic-rename", "off"],
  ["set-option", "-s", "@coppice", workdir],
];

/**
 * One command list, which tmux runs without a pause: the pane bears its marks and writes its log from its first byte.
 * tmux expands `#(…)` in names and directories and hands the log command to a shell, so only plain names stand in them.
 */
const newSession = (
  spec: SessionSpec,
  folder: string,
  { workdir, ownership }: TmuxSessionsOptions,
): Command[] => {
  const target = `=${checkedName(spec.name)}:`;
  const mark = (name: string, value: string): Command => [
    "set-option",
    "-p",
    "-t",
    target,
    name,
    value,
  ];
  const wrapper = ["/bin/sh", join(workdir, "bin/session.sh"), spec.taskDir, String(spec.attempt)];
  const log = `exec /bin/sh "$COPPICE_WORKDIR/bin/log.sh" ${folder}/${logOf(spec)} ${Math.floor(spec.logBytesMax)}`;
  return [
    [
      ...["new-session", "-d", "-s", spec.name, "-n", "coppice"],
      ...["-x", String(spec.cols), "-y", String(spec.rows), "-P", "-F", "made #{pane_id}"],
      ...["--", "/usr/bin/env", "-i", `TERM=${TERMINAL}`, ...wrapper],
    ],
    mark("@coppice_name", spec.name),
    mark("@coppice_task", spec.taskId),
    mark("@coppice_attempt", String(spec.attempt)),
    mark("@coppice_folder", folder),
    ...(ownership ? [mark("@coppice_manifest", manifestMark(ownership.manifest))] : []),
    ["pipe-pane", "-t", target, log],
  ];
};

function checkedName(name: string): string {
  if (SESSION_NAME.test(name)) return name;
  throw new CoppiceError({
    code: "session-name",
    kind: "bug",
    message: `${JSON.stringify(name)} cannot be the name of a session`,
    hint: "Please report this with the manifest that you used.",
  });
}

function serverEnvironment({ env, workdir }: TmuxSessionsOptions): Record<string, string> {
  const entries = SERVER_ENVIRONMENT.flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(entries), COPPICE_WORKDIR: workdir };
}

function checkPaths({ workdir, socketPath }: TmuxSessionsOptions): void {
  const bytes = Buffer.byteLength(socketPath);
  const mistake =
    !isAbsolute(workdir) || !isAbsolute(socketPath)
      ? "is not absolute"
      : /\p{Cc}/u.test(workdir + socketPath)
        ? "holds a control character"
        : bytes > SOCKET_BYTES_MAX
          ? `makes a socket path of ${bytes} bytes; ${SOCKET_BYTES_MAX} is the most that every system takes`
          : undefined;
  if (mistake === undefined) return;
  throw new CoppiceError({
    code: "workdir-path",
    kind: "input",
    message: `the workdir ${JSON.stringify(workdir)} (tmux socket ${JSON.stringify(socketPath)}) ${mistake}`,
    hint: "Choose another one with --workdir, or name a short `socket` in the manifest.",
  });
}

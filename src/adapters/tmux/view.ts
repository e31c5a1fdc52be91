import { randomBytes } from "node:crypto";
import type { Screen } from "../../agents/screen.ts";
import { known, type Probe, type SessionFact, unknown } from "../../classify/evidence.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { whyUnknown } from "../../manifest/machine-trouble.ts";
import type { Ownership } from "../../ports/ownership.ts";
import type { Processes, ProcessFact } from "../../ports/processes.ts";
import type { Observation } from "../../ports/sessions.ts";
import {
  type Client,
  type Command,
  saysNoServer,
  saysNoSession,
  unexpectedAnswer,
} from "./client.ts";
import { changeKey, type Pane, paneFormat, parsePanes, screenOf } from "./panes.ts";
import { processesOf } from "./process-tree.ts";
import type { ServerNote } from "./server-note.ts";

/** Processor time counts by the minute: a pass over all processes of the machine for it need not be made in every look. */
const MEASURE_MS = 10_000;
/** Some 9 kB of command: tmux takes 16 kB at once. */
const CAPTURES_PER_CALL = 150;
const NONE: ReadonlySet<string> = new Set();
const NOT_READ = unknown("not read in this look");

/** Reads one server: what is there and what it shows. */
export interface View {
  /** The panes that this run started. Throws CoppiceError when the server is another's. */
  list(): Promise<Probe<readonly Pane[]>>;
  observe(unread?: ReadonlySet<string>): Promise<Probe<readonly Observation[]>>;
  /** The pane with facts and text of now, with lines above the screen; null when it is gone. */
  look(pane: Pane, historyLines: number): Promise<Probe<Screen | null>>;
}

/** A view of the server behind `client`, as long as that server bears the mark of `workdir`. */
export function createView(options: {
  readonly client: Client;
  readonly workdir: string;
  readonly socketPath: string;
  readonly processes: Processes;
  readonly server: ServerNote;
  readonly ownership: Ownership | undefined;
}): View {
  const { client, workdir, processes, ownership } = options;
  let measured: {
    readonly atMs: number;
    readonly server: ProcessFact | undefined;
    readonly cpuSeconds: ReadonlyMap<number, number>;
  } = { atMs: 0, server: undefined, cpuSeconds: new Map() };
  const captured = new Map<string, { key: string; atMs: number; lines: readonly string[] }>();
  /** The panes that had changed at the last look: most of them change again and again. */
  let lively: readonly Pick<Pane, "paneId" | "name">[] = [];

  const list = async (): Promise<Probe<readonly Pane[]>> => {
    const listing = await listAndCapture([]);
    return listing.kind === "known" ? known(listing.value.panes) : listing;
  };

  /** What is there, and in the same call the text of some panes, up to the first one that has gone. */
  const listAndCapture = (paneIds: readonly string[]) =>
    answered(async (): Promise<Probe<Listing>> => {
      const [separator, end] = [nonce(), nonce()];
      const ask = () =>
        client([
          ["display-message", "-p", "#{@coppice}"],
          ["list-panes", "-a", "-F", paneFormat(separator)],
          ["display-message", "-p", end],
          ...captures(paneIds, end),
        ]);
      let result = await ask();
      if (saysNoServer(result)) {
        const server = await options.server.reopen(async () => {
          result = await ask();
          return !saysNoServer(result);
        });
        if (server.kind === "unreachable") {
          return unknown(unreachableServer(options.socketPath, server.pid));
        }
      }
      if (saysNoServer(result)) return known({ panes: [], texts: new Map() });
      const mark = result.stdout.slice(0, result.stdout.indexOf("\n"));
      const [listed, ...texts] = textsIn(result.stdout, end);
      if (listed === undefined && !saysNoSession(result)) {
        return unknown(unexpectedAnswer("list its panes", result).message);
      }
      if (mark !== workdir) throw foreignServer(options.socketPath, mark);
      return known({
        panes: await withoutOthers(parsePanes(listed ?? "", separator)),
        texts: new Map(texts.map((text, index) => [paneIds[index] ?? "", known(linesOf(text))])),
      });
    });

  /** Another manifest with the same workdir looks after its sessions itself. */
  const withoutOthers = async (panes: readonly Pane[]): Promise<readonly Pane[]> => {
    const isOthers = async ({ manifest, taskId }: Pane): Promise<boolean> =>
      ownership !== undefined && manifest !== "" && (await ownership.isOthers(manifest, taskId));
    const others = await Promise.all(panes.map(isOthers));
    return panes.filter((_, index) => others[index] === false);
  };

  const observe = async (
    unread: ReadonlySet<string> = NONE,
  ): Promise<Probe<readonly Observation[]>> => {
    const startedMs = Date.now();
    const wanted = lively.filter(({ name }) => !unread.has(name));
    const listing = await listAndCapture(wanted.map(({ paneId }) => paneId));
    if (listing.kind === "unknown") return listing;
    const { panes, texts } = listing.value;
    const cpuSeconds = await measure(panes, unread.size === 0);
    const changed = panes.filter((pane) => {
      if (unread.has(pane.name)) return false;
      const last = captured.get(pane.paneId);
      return last?.key !== changeKey(pane) || pane.activityAt >= Math.floor(last.atMs / 1000);
    });
    const left = lively.filter(({ name }) => unread.has(name));
    lively = [...left, ...changed].slice(0, CAPTURES_PER_CALL);
    const rest = changed.filter(({ paneId }) => !texts.has(paneId));
    const fresh = new Map([...texts, ...(await captureAll(client, rest))]);
    const present = new Set(panes.map(({ paneId }) => paneId));
    for (const paneId of captured.keys()) if (!present.has(paneId)) captured.delete(paneId);
    const observations = panes.map((pane): Observation => {
      const session = sessionFactOf(pane, cpuSeconds(pane));
      if (unread.has(pane.name)) return { session, screen: NOT_READ };
      const capture = fresh.get(pane.paneId);
      if (capture?.kind === "unknown") {
        captured.delete(pane.paneId);
        return { session, screen: capture };
      }
      if (capture) {
        const entry = { key: changeKey(pane), atMs: startedMs, lines: capture.value };
        captured.set(pane.paneId, entry);
      }
      const lines = captured.get(pane.paneId)?.lines ?? [];
      return { session, screen: known(screenOf(pane, lines, Date.now())) };
    });
    return known(observations);
  };

  /**
   * Processor time of each pane, as measured last; and one SIGCHLD to the server, which sometimes misses the end of a pane
   * (tmux < 3.6). Only a whole look takes the time to measure anew.
   */
  const measure = async (
    panes: readonly Pane[],
    isWhole: boolean,
  ): Promise<(pane: Pane) => number | null> => {
    const [first] = panes;
    if (first === undefined) return () => null;
    const isNew = measured.server?.pid !== first.serverPid;
    const isOld = Date.now() - measured.atMs >= MEASURE_MS || Date.now() < measured.atMs;
    if (isNew || (isOld && isWhole)) {
      const table = await answered(async () => known(await processes.list()));
      if (table.kind === "unknown") return () => null;
      const time = (pane: Pane) =>
        processesOf(table.value, pane).reduce((sum, process) => sum + process.cpuSeconds, 0);
      measured = {
        atMs: Date.now(),
        server: table.value.find(({ pid }) => pid === first.serverPid),
        cpuSeconds: new Map(panes.map((pane) => [pane.panePid, time(pane)])),
      };
    }
    if (measured.server) await processes.signal(measured.server, "SIGCHLD");
    const { cpuSeconds } = measured;
    return ({ panePid }) => cpuSeconds.get(panePid) ?? null;
  };

  const look = (pane: Pane, historyLines: number) =>
    answered(async (): Promise<Probe<Screen | null>> => {
      const separator = nonce();
      const result = await client([
        ["display-message", "-p", "-t", pane.paneId, paneFormat(separator)],
        ["display-message", "-p", separator],
        ["capture-pane", "-p", "-S", String(0 - historyLines), "-t", pane.paneId],
      ]);
      if (saysNoServer(result) || saysNoPane(result.stderr)) return known(null);
      if (result.code !== 0) return unknown(unexpectedAnswer("show a pane", result).message);
      const [, facts, title, command, text] = result.stdout.split(separator);
      const [now] = parsePanes(["", facts, title, command].join(separator), separator);
      if (now?.name !== pane.name || now.panePid !== pane.panePid) return known(null);
      return known(screenOf(now, linesOf((text ?? "").slice(1)), Date.now()));
    });

  return { list, observe, look };
}

/** The port's facts of a pane. */
export const sessionFactOf = (pane: Pane, cpuSeconds: number | null): SessionFact => ({
  name: pane.name,
  taskId: pane.taskId,
  attempt: pane.attempt,
  paneId: pane.paneId,
  panePid: pane.panePid,
  createdAtMs: pane.createdAt * 1000,
  attached: pane.attached,
  cpuSeconds,
});

interface Listing {
  readonly panes: readonly Pane[];
  /** By pane. */
  readonly texts: ReadonlyMap<string, Probe<readonly string[]>>;
}

/** A random word that no program in a pane can guess. */
export const nonce = (): string => randomBytes(8).toString("hex");

/** The text of many panes in one call (as few as fit); a pane that has gone in between is unknown. */
async function captureAll(
  client: Client,
  panes: readonly Pane[],
): Promise<ReadonlyMap<string, Probe<readonly string[]>>> {
  const found = new Map<string, Probe<readonly string[]>>();
  for (let rest = panes; rest.length > 0; ) {
    const chunk = rest.slice(0, CAPTURES_PER_CALL);
    const separator = nonce();
    const commands = captures(
      chunk.map(({ paneId }) => paneId),
      separator,
    );
    const answer = await answered(async () => known(await client(commands)));
    if (answer.kind === "unknown") {
      for (const pane of rest) found.set(pane.paneId, answer);
      return found;
    }
    const texts = textsIn(answer.value.stdout, separator);
    for (const [index, text] of texts.entries()) {
      const pane = chunk[index];
      if (pane) found.set(pane.paneId, known(linesOf(text)));
    }
    const failed = chunk[texts.length];
    if (failed)
      found.set(failed.paneId, unknown(unexpectedAnswer("show it", answer.value).message));
    rest = rest.slice(texts.length + (failed ? 1 : 0));
  }
  return found;
}

/** tmux shows the panes one after the other, each with the separator behind it, until one has gone. */
const captures = (paneIds: readonly string[], separator: string): readonly Command[] =>
  paneIds.flatMap((paneId) => [
    ["capture-pane", "-p", "-t", paneId],
    ["display-message", "-p", separator],
  ]);

const textsIn = (output: string, separator: string): readonly string[] =>
  output.split(`${separator}\n`).slice(0, -1);

/** tmux ends every line of a capture with a line break. */
const linesOf = (text: string): readonly string[] => text.replace(/\n$/, "").split("\n");

const saysNoPane = (stderr: string): boolean => /can't find (?:pane|window|session)/.test(stderr);

/** A probe that could not ask is unknown; a mistake in the settings, or a tmux that is not installed, is told. */
async function answered<T>(ask: () => Promise<Probe<T>>): Promise<Probe<T>> {
  try {
    return await ask();
  } catch (error) {
    const mayAnswerLater =
      error instanceof CoppiceError && error.kind === "machine" && error.code !== "program-missing";
    if (mayAnswerLater) return unknown(whyUnknown(error));
    throw error;
  }
}

const unreachableServer = (socketPath: string, pid: number): string =>
  `the tmux server (process ${pid}) lives, but its socket ${socketPath} is gone and does not come back. kill -USR1 ${pid} makes it anew, kill -KILL ${pid} ends the server with its sessions`;

function foreignServer(socketPath: string, mark: string): CoppiceError {
  const owner = mark === "" ? "was not started by Coppice" : `belongs to ${mark}`;
  return new CoppiceError({
    code: "foreign-tmux-server",
    kind: "input",
    message: `the tmux server at ${socketPath} ${owner}; it is left alone`,
    hint: "Name another socket in the manifest's field `socket`, or remove that field.",
  });
}

import { readFile } from "node:fs/promises";
import { z } from "zod";
import { FinishedTask, latestOfEach } from "../../manifest/finished-task.ts";
import type { History } from "../../ports/history.ts";
import type { Locks } from "../../ports/lock.ts";
import { appendLines } from "./append-lines.ts";

export interface HistoryOptions {
  /** The newest entries; those before are in `<path>.1`. */
  readonly path: string;
  readonly locks: Locks;
  /** Told of entries that cannot be read, with place and remedy: they are left out. */
  readonly onForeign: (reason: string) => void;
  /** See `LineFile`. Default 4 MiB: some thousands of deliveries. */
  readonly bytesMax?: number;
}

const READ_MAX = 10_000;

/** The history of one repository as a file of one JSON object a line, appended and flushed. */
export function createHistory(options: HistoryOptions): History {
  const { path, locks, bytesMax = 4 * 1024 * 1024 } = options;
  return {
    finished: async () => latestOfEach(await readEntries(options)),
    async record(finished) {
      try {
        const file = { name: "history", path, bytesMax, locks } as const;
        await appendLines(file, [JSON.stringify(finished)]);
        return { kind: "recorded" };
      } catch (error) {
        if (!(error instanceof Error && "code" in error)) throw error;
        return { kind: "failed", reason: `${path} cannot be written: ${error.message}` };
      }
    },
  };
}

/** The newest entries, oldest first; what a crash tore is left out. */
async function readEntries({ path, onForeign }: HistoryOptions): Promise<readonly FinishedTask[]> {
  const lines = [...(await linesOf(`${path}.1`)), ...(await linesOf(path))];
  const foreign: string[] = [];
  const entries = lines.slice(-READ_MAX).flatMap(({ value, place }) => {
    const entry = FinishedTask.safeParse(value);
    if (entry.success) return [entry.data];
    foreign.push(`${place}: ${z.prettifyError(entry.error)}`);
    return [];
  });
  const [first] = foreign;
  if (first !== undefined) onForeign(leftOut(first, foreign.length - 1));
  return entries;
}

const leftOut = (first: string, more: number): string =>
  `the history of finished tasks has an entry that is none of this version's and is left out${more > 0 ? ` (and ${more} more)` : ""}; remove that line: ${first}`;

async function linesOf(
  path: string,
): Promise<readonly { readonly value: unknown; readonly place: string }[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
  return text.split("\n").flatMap((line, index) => {
    const value = parseLine(line);
    return value === undefined ? [] : [{ value, place: `${path}, line ${index + 1}` }];
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

import { mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { CoppiceError } from "../../manifest/errors.ts";
import { FinishedTask, latestOfEach } from "../../manifest/finished-task.ts";
import type { History } from "../../ports/history.ts";

const READ_MAX = 10_000;
const NEWLINE = "\n".charCodeAt(0);

/** The history of one repository as a file of one JSON object a line, appended and flushed. */
export function createHistory({ path }: { readonly path: string }): History {
  return {
    finished: async () => latestOfEach(await readEntries(path)),
    async record(finished) {
      try {
        await append(path, JSON.stringify(finished));
        return { kind: "recorded" };
      } catch (error) {
        if (!(error instanceof Error && "code" in error)) throw error;
        return { kind: "failed", reason: `${path} cannot be written: ${error.message}` };
      }
    },
  };
}

async function append(path: string, line: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, "a+", 0o600);
  try {
    const { size } = await file.stat();
    const end = size === 0 ? null : (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer;
    // A line that a crash tore off stays alone on its line.
    const separator = end === null || end[0] === NEWLINE ? "" : "\n";
    await file.appendFile(`${separator}${line}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** The newest entries, oldest first; what a crash tore is left out. */
async function readEntries(path: string): Promise<readonly FinishedTask[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
  return text
    .split("\n")
    .map((line, index) => ({ line, place: index + 1 }))
    .slice(-READ_MAX)
    .flatMap(({ line, place }) => {
      const value = parseLine(line);
      if (value === undefined) return [];
      const entry = FinishedTask.safeParse(value);
      if (entry.success) return [entry.data];
      throw invalid(`${path}, line ${place}: ${z.prettifyError(entry.error)}`);
    });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const invalid = (message: string): CoppiceError =>
  new CoppiceError({
    code: "history-invalid",
    kind: "machine",
    message: `the history of finished tasks cannot be read: ${message}`,
    hint: "Remove that line, or the file: plans then estimate without it.",
  });

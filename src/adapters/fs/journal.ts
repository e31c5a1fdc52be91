import { mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import type { CoppiceEvent, Journal, JournalLine } from "../../ports/journal.ts";
import type { Locks } from "../../ports/lock.ts";
import { effect } from "../fault-point.ts";
import { together } from "./together.ts";

export interface JournalOptions {
  /** The newest file; the one before it is `<path>.1`. */
  readonly path: string;
  readonly run: string;
  /** The fence number of the run's lock. */
  readonly fence: number;
  /** The number of the current beat. */
  readonly beat: () => number;
  /** Takes secrets out of one string. */
  readonly redact: (text: string) => string;
  readonly clock: Pick<Clock, "now">;
  readonly locks: Locks;
  /** A file that has grown beyond this becomes `<path>.1`. Default 8 MiB. */
  readonly bytesMax?: number;
}

const ROTATE_TIMEOUT_MS = 10_000;
/** More than nearly every line has. */
const TAIL_LINE_BYTES = 4096;
const NEWLINE = "\n".charCodeAt(0);

/**
 * The record of a run: one JSON object a line, flushed to the disk before `append` returns. Lines that come while others are
 * being flushed are appended in one write.
 */
export function createJournal(options: JournalOptions): Journal {
  const append = together((lines: readonly string[]) => write(options, lines));
  return {
    append: (event) => append(JSON.stringify(redacted(lineOf(event, options), options.redact))),
    tail: (lines) => journalTail(options.path, lines),
  };
}

/** The last lines of a journal, oldest first; of very long ones fewer. What a crash tore is left out. */
export async function journalTail(path: string, lines: number): Promise<readonly JournalLine[]> {
  if (lines <= 0) return [];
  const bytesMax = lines * TAIL_LINE_BYTES;
  const newest = await readLines(path, bytesMax);
  // Before a file that was not read from its beginning, the older one would leave a gap.
  const bytesLeft = Math.max(0, bytesMax - (await bytesOf(path)));
  const older = newest.length < lines ? await readLines(`${path}.1`, bytesLeft) : [];
  return [...older, ...newest].slice(-lines);
}

function lineOf(event: CoppiceEvent, options: JournalOptions): JournalLine {
  return {
    at: new Date(options.clock.now()).toISOString(),
    run: options.run,
    fence: options.fence,
    beat: options.beat(),
    event,
  };
}

/** Redacts string by string: after JSON's escaping a secret might not be recognised. */
function redacted(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redacted(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, redacted(item, redact)]),
  );
}

async function write(options: JournalOptions, lines: readonly string[]): Promise<void> {
  const { path } = options;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rotate(options);
  const file = await open(path, "a+", 0o600);
  try {
    const { size } = await file.stat();
    const end = size === 0 ? null : (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer;
    // A line that a crash tore off stays alone on its line.
    const separator = end === null || end[0] === NEWLINE ? "" : "\n";
    await effect("journal-append", () => file.appendFile(`${separator}${lines.join("\n")}\n`));
    await effect("journal-sync", () => file.datasync());
  } finally {
    await file.close();
  }
}

async function rotate({ path, locks, bytesMax = 8 * 1024 * 1024 }: JournalOptions): Promise<void> {
  if ((await bytesOf(path)) <= bytesMax) return;
  await locks.withLock(`${path}.lock`, "rotate the journal", ROTATE_TIMEOUT_MS, async () => {
    if ((await bytesOf(path)) <= bytesMax) return;
    await effect("journal-rotate", () => rename(path, `${path}.1`));
  });
}

async function bytesOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw cause;
  }
}

/** The whole lines at the end of a file. */
async function readLines(path: string, bytesMax: number): Promise<readonly JournalLine[]> {
  if ((await bytesOf(path)) === 0) return [];
  await using file = await open(path);
  const { size } = await file.stat();
  const length = Math.min(size, bytesMax);
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
  return buffer
    .toString("utf8")
    .split("\n")
    .flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): JournalLine | null {
  try {
    const value: unknown = JSON.parse(line);
    const whole = typeof value === "object" && value !== null && "at" in value && "event" in value;
    return whole ? (value as JournalLine) : null;
  } catch {
    return null;
  }
}

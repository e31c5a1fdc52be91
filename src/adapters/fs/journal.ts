import { open } from "node:fs/promises";
import type { Clock } from "../../ports/clock.ts";
import type { CoppiceEvent, Journal, JournalLine } from "../../ports/journal.ts";
import type { Locks } from "../../ports/lock.ts";
import { appendLines, bytesOf, type LineFile } from "./append-lines.ts";
import { together } from "./together.ts";

export interface JournalOptions {
  /** The newest lines; those before are in `<path>.1`. */
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
  /** See `LineFile`. Default 8 MiB. */
  readonly bytesMax?: number;
}

/** More than nearly every line has. */
const TAIL_LINE_BYTES = 4096;

/**
 * The record of a run: one JSON object a line, flushed to the disk before `append` returns. Lines that come while others are
 * being flushed are appended in one write.
 */
export function createJournal(options: JournalOptions): Journal {
  const { path, locks, bytesMax = 8 * 1024 * 1024 } = options;
  const file: LineFile = { name: "journal", path, bytesMax, locks };
  const append = together((lines: readonly string[]) => appendLines(file, lines));
  return {
    append: (event) => append(JSON.stringify(redacted(lineOf(event, options), options.redact))),
    tail: (lines) => journalTail(path, lines),
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

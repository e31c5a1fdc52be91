import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { closedObject } from "../../manifest/closed-object.ts";
import { shapeMistakes } from "../../manifest/shape.ts";
import { readSource } from "../../manifest/source.ts";
import { BranchName } from "../../manifest/task.ts";
import { effect } from "../fault-point.ts";
import { mistakes } from "./problems.ts";

const Sha = z
  .string()
  .regex(/^[0-9a-f]{40,64}$/, { message: "a commit has 40 or 64 hexadecimal digits" });

/** What a program of the user's own says of one check of a commit; of its `log` only the end is read. */
const CheckRecord = closedObject({
  name: z.string().min(1),
  sha: Sha,
  state: z.enum(["running", "passed", "failed"]),
  log: z.string().optional(),
});

/**
 * A pull request as a file `<number>.json`. A person may set `state`: `closed`, or `merged` after a squash. As long as
 * it is `open`, git decides: a head that is contained in the base counts as merged.
 */
export const PullRecord = closedObject({
  version: z.literal(1),
  number: z.int().positive(),
  state: z.enum(["open", "merged", "closed"]),
  head: BranchName,
  base: BranchName,
  /** The tips of both branches when it was opened. */
  headSha: Sha,
  baseSha: Sha,
  title: z.string(),
  body: z.string(),
  draft: z.boolean(),
  labels: z.array(z.string()),
  reviewers: z.array(z.string()),
  createdAt: z.iso.datetime(),
  /** Those of other commits than the head count nothing; of several with one name the last. */
  checks: z.array(CheckRecord).optional(),
});
export type PullRecord = z.infer<typeof PullRecord>;

export const recordPath = (folder: string, number: number): string =>
  join(folder, `${number}.json`);

/** All records by ascending number. Throws CoppiceError `pull-request-record-invalid` (kind input) with the place. */
export async function readRecords(folder: string): Promise<readonly PullRecord[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  const files = names.filter((name) => /^[1-9]\d*\.json$/.test(name));
  const records = await Promise.all(files.map((name) => readRecord(join(folder, name))));
  return records.toSorted((a, b) => a.number - b.number);
}

/**
 * Writes a new record whole and at once, or not at all: `false` when its number is taken. Whoever numbers it one above
 * the highest record that he read can be sure, on success, that none was added since he read.
 */
export async function addRecord(folder: string, record: PullRecord): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const scratch = join(folder, `.${record.number}.${randomUUID()}.tmp`);
  try {
    await effect("pull-request-draft", () => writeDurably(scratch, record));
    await effect("pull-request-create", () => link(scratch, recordPath(folder, record.number)));
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(scratch, { force: true });
  }
}

async function writeDurably(path: string, record: PullRecord): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(`${JSON.stringify(record, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readRecord(file: string): Promise<PullRecord> {
  const outcome = readSource(await readFile(file, "utf8"), file);
  if (outcome.kind === "broken") throw mistakes("pull-request-record-invalid", outcome.problems);
  const { value, place } = outcome.source;
  const parsed = PullRecord.safeParse(value);
  if (parsed.success) return parsed.data;
  const found = shapeMistakes(parsed.error.issues, value);
  throw mistakes("pull-request-record-invalid", found.map(place));
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

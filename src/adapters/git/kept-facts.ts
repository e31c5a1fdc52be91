import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import type { PastCommit } from "../../planner/index/facts.ts";
import type { SourceReading } from "../../planner/index/source-text.ts";
import { effect } from "../fault-point.ts";

/** What was read of a repository at one commit, as it is kept for the next time. */
export interface KeptFacts {
  readonly commit: string;
  readonly paths: readonly string[];
  readonly commits: readonly PastCommit[];
  /** The blobs of the sources that were read, by path. */
  readonly blobs: ReadonlyMap<string, string>;
  /** By blob. */
  readonly readings: ReadonlyMap<string, SourceReading>;
}

/** Raised whenever the form of the file or the rules of `readSource` change: older files are then read anew. */
const FORMAT = "coppice-index-2";

const Header = z.object({
  commit: z.string(),
  paths: z.array(z.string()),
  commits: z.array(z.tuple([z.string(), z.array(z.string())])),
  /** Path, blob. */
  blobs: z.array(z.tuple([z.string(), z.string()])),
  /** Blob, names with blanks between them (one text is checked faster than many), how many marks, whether generated. */
  readings: z.array(z.tuple([z.string(), z.string(), z.int().min(0), z.boolean()])),
});

/** The file is one line (form, length of the header, checksum), the header as JSON, and all marks of 4 bytes each. */
export async function keepFacts(path: string, facts: KeptFacts): Promise<void> {
  const readings = [...facts.readings];
  const header: z.infer<typeof Header> = {
    commit: facts.commit,
    paths: [...facts.paths],
    commits: facts.commits.map(({ subject, paths }) => [subject, [...paths]]),
    blobs: [...facts.blobs],
    readings: readings.map(([blob, { symbols, marks, generated }]) => [
      blob,
      symbols.join(" "),
      marks.length,
      generated,
    ]),
  };
  const json = Buffer.from(JSON.stringify(header));
  const parts = readings.map(([, { marks }]) =>
    Buffer.from(marks.buffer, marks.byteOffset, marks.byteLength),
  );
  const body = Buffer.concat([json, ...parts]);
  const first = Buffer.from(`${FORMAT} ${json.length} ${checksum(body)}\n`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = Buffer.concat([first, body]);
  await effect("index-write", () => writeFileAtomic(path, file, { mode: 0o600 }));
}

/** What is kept at `path`; nothing when there is no such file, or one that is torn, older or not ours. */
export async function readKeptFacts(path: string): Promise<KeptFacts | undefined> {
  const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  const end = file.indexOf("\n");
  const [format, length, sum] = file.subarray(0, Math.max(0, end)).toString("latin1").split(" ");
  const body = file.subarray(end + 1);
  if (format !== FORMAT || sum !== checksum(body)) return undefined;
  const jsonBytes = Number(length);
  const { success, data: header } = Header.safeParse(
    JSON.parse(body.subarray(0, jsonBytes).toString()),
  );
  if (!success) return undefined;
  // A copy, for numbers of four bytes begin at places that four divides.
  const marks = new Uint32Array(new Uint8Array(body.subarray(jsonBytes)).buffer);
  let place = 0;
  const readings = header.readings.map(([blob, names, count, generated]) => {
    place += count;
    const symbols = names === "" ? [] : names.split(" ");
    const own = marks.subarray(place - count, place);
    return [blob, { symbols, marks: own, generated }] as const;
  });
  return {
    commit: header.commit,
    paths: header.paths,
    commits: header.commits.map(([subject, paths]) => ({ subject, paths })),
    blobs: new Map(header.blobs),
    readings: new Map(readings),
  };
}

const checksum = (body: Buffer): string => createHash("sha256").update(body).digest("hex");

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { CoppiceError } from "../../manifest/errors.ts";
import { type JsonObject, sameJson } from "../../manifest/json.ts";
import { applyPatches, type KeptEdit, type ManifestPatch } from "../../manifest/merge.ts";
import type { ParseOutcome } from "../../manifest/parse.ts";
import { rebaseEdit } from "../../manifest/rebase.ts";
import type { Locks } from "../../ports/lock.ts";
import type {
  CommitOutcome,
  ManifestSnapshot,
  ManifestStore,
  ReadOutcome,
} from "../../ports/manifest-store.ts";
import { replaceFile } from "./atomic-write.ts";
import { together } from "./together.ts";

export interface ManifestStoreOptions {
  readonly path: string;
  readonly read: (text: string, file: string) => ParseOutcome;
  readonly format: (raw: JsonObject) => string;
  readonly locks: Locks;
  /** The same for every process that writes this manifest. */
  readonly lockPath: string;
}

const LOCK_TIMEOUT_MS = 30_000;
const WRITES_MAX = 100;
const SETTLE_READS_MAX = 10;
const SETTLE_MS = 30;
const READINGS_MAX = 4;

/** The manifest as a file that a person may save at any moment, by rename or in place, without losing the edit. */
export function createManifestStore(given: ManifestStoreOptions): ManifestStore {
  const options = { ...given, read: readingOnce(given.read) };
  const { path, locks, lockPath } = options;
  const locked = <T>(purpose: string, work: () => Promise<T>) =>
    locks.withLock(lockPath, purpose, LOCK_TIMEOUT_MS, work);
  const commitTogether = together((commits: readonly Commit[]) =>
    locked("write the manifest", () => writeAll(options, commits)),
  );
  return {
    path,
    read: () => readSettled(options),
    async commit(base, patches) {
      const commit = { base, patches };
      const { outcome, kept } = await commitTogether(commit);
      return outcome.kind === "committed" ? { ...outcome, kept: kept.get(commit) ?? [] } : outcome;
    },
    async edit(base, text) {
      const edited = options.read(text, path);
      if (edited.kind === "invalid") return { kind: "invalid", problems: edited.problems };
      const before = rawOf(options, base.text, "the last reading");
      return await locked("edit the manifest", () =>
        write(options, (disk) => ({ raw: rebaseEdit(before, edited.raw, disk), kept: [] })),
      );
    },
    create: (text, expected) =>
      locked("create the manifest", async () => {
        const outcome = await replaceFile(path, text, expected);
        if (outcome.kind === "overtaken") await replaceFile(path, outcome.text, text);
        if (outcome.kind !== "replaced") throw changedUnderUs(path, expected === null);
      }),
  };
}

/** Reads each of the last texts only once: a commit compares what it was made from, what is there and what is to be. */
function readingOnce(read: ManifestStoreOptions["read"]): ManifestStoreOptions["read"] {
  let known: { readonly text: string; readonly file: string; readonly outcome: ParseOutcome }[] =
    [];
  return (text, file) => {
    const found = known.find((one) => one.text === text && one.file === file);
    const reading = found ?? { text, file, outcome: read(text, file) };
    known = [reading, ...known.filter((one) => one !== reading)].slice(0, READINGS_MAX);
    return reading.outcome;
  };
}

interface Commit {
  readonly base: ManifestSnapshot;
  readonly patches: readonly ManifestPatch[];
}

/** Writes commits as if they came one after the other, and says which edits each of them has kept. */
async function writeAll(options: ManifestStoreOptions, commits: readonly Commit[]) {
  const kept = new Map<Commit, readonly KeptEdit[]>();
  const outcome = await write(options, (disk) => {
    let raw = disk;
    for (const commit of commits) {
      const before = rawOf(options, commit.base.text, "the last reading");
      const applied = applyPatches(before, raw, commit.patches);
      raw = applied.raw;
      kept.set(commit, applied.kept);
    }
    return { raw, kept: [] };
  });
  return { outcome, kept };
}

/** What is on disk → what is to be there, with the edits that were kept. */
type Change = (disk: JsonObject) => ReturnType<typeof applyPatches>;

async function write(options: ManifestStoreOptions, change: Change): Promise<CommitOutcome> {
  const { path } = options;
  for (let write = 0; write < WRITES_MAX; write++) {
    const disk = await readSettled(options);
    if (disk.kind === "missing") throw missing(path);
    if (disk.kind === "invalid") return { kind: "invalid", problems: disk.problems };
    const theirs = rawOf(options, disk.snapshot.text, "the file");
    const { raw, kept } = change(theirs);
    if (sameJson(raw, theirs)) return { kind: "unchanged", snapshot: disk.snapshot };
    const text = options.format(raw);
    const written = options.read(text, path);
    if (written.kind === "invalid") return { kind: "invalid", problems: written.problems };
    const outcome = await replaceFile(path, text, disk.snapshot.text);
    if (outcome.kind === "replaced") {
      const snapshot = snapshotOf(path, text, written);
      return { kind: "committed", before: disk.snapshot, snapshot, kept };
    }
    // The save that came in between goes where its editor meant it to go; then the merge starts from it.
    if (outcome.kind === "overtaken") await replaceFile(path, outcome.text, text);
  }
  throw new CoppiceError({
    code: "manifest-busy",
    kind: "machine",
    message: `${path} changed ${WRITES_MAX} times while it was to be written`,
    hint: "Stop whatever rewrites the file all the time.",
  });
}

/** A text that does not parse counts once it stands still: an editor may be half way through a save. */
async function readSettled({ path, read }: ManifestStoreOptions): Promise<ReadOutcome> {
  let text = await readText(path);
  for (let reading = 1; text !== null; reading++) {
    const outcome = read(text, path);
    if (outcome.kind === "parsed") {
      return { kind: "read", snapshot: snapshotOf(path, text, outcome) };
    }
    await sleep(SETTLE_MS);
    const again = await readText(path);
    if (again === text || reading === SETTLE_READS_MAX) {
      return { kind: "invalid", path, problems: outcome.problems };
    }
    text = again;
  }
  return { kind: "missing", path };
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unreadable(path, cause);
  }
}

function rawOf(options: ManifestStoreOptions, text: string, what: string): JsonObject {
  const outcome = options.read(text, options.path);
  if (outcome.kind === "parsed") return outcome.raw;
  throw new CoppiceError({
    code: "manifest-base-invalid",
    kind: "bug",
    message: `${what} of ${options.path} was valid and is not any more`,
    hint: "Please report this with the manifest that you used.",
  });
}

function snapshotOf(
  path: string,
  text: string,
  { manifest, warnings }: Extract<ParseOutcome, { kind: "parsed" }>,
): ManifestSnapshot {
  return { path, text, manifest, warnings };
}

function unreadable(path: string, cause: unknown): CoppiceError {
  return new CoppiceError({
    code: "manifest-unreadable",
    kind: "input",
    message: `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Give the path of a manifest file that you may read.",
    cause,
  });
}

function missing(path: string): CoppiceError {
  return new CoppiceError({
    code: "manifest-missing",
    kind: "input",
    message: `${path} is gone`,
    hint: "Put the file back, or make a new one with coppice plan.",
  });
}

function changedUnderUs(path: string, isNew: boolean): CoppiceError {
  return new CoppiceError({
    code: isNew ? "manifest-exists" : "manifest-changed",
    kind: "input",
    message: isNew ? `${path} exists already` : `${path} was changed in the meantime`,
    hint: "Look at the file, then run the command again; or write to another one.",
  });
}

import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { CoppiceError } from "../../manifest/errors.ts";
import type { PastCommit, RepositoryFacts } from "../../planner/index/facts.ts";
import { kindOf } from "../../planner/index/paths.ts";
import { readSource, type SourceReading } from "../../planner/index/source-text.ts";
import type { RepositoryFactsSource } from "../../ports/repository-facts.ts";
import { git, gitText } from "./command.ts";
import { type KeptFacts, keepFacts, readKeptFacts } from "./kept-facts.ts";

const GIT_TIMEOUT_MS = 300_000;
const LIST_BYTES_MAX = 256 * 1024 * 1024;
/** Longer sources are data or generated. */
const SOURCE_BYTES_MAX = 256 * 1024;
const SOURCES_MAX = 100_000;
/** So much text is held in memory at a time. */
const BATCH_BYTES = 16 * 1024 * 1024;
const COMMITS_MAX = 1000;
/** `churn` counts among so many of the latest commits. */
const CHURN_COMMITS = 500;
/** A commit that changes more paths tells nothing of any of them. */
const COMMIT_PATHS_MAX = 40;

/**
 * Reads a repository with git alone: its tree, the latest commits, and the text of its sources. What a text tells is
 * kept in `cacheDir` by the text's own id, so only what changed since the last call is read again.
 */
export function createRepositoryFacts(options: {
  /** A folder of the checkout, or a bare repository. */
  readonly root: string;
  readonly cacheDir: string;
}): RepositoryFactsSource {
  const { root, cacheDir } = options;
  return {
    async read(ref) {
      const commit = await commitAt(root, ref);
      const path = join(cacheDir, `index-${await repositoryKey(root)}.bin`);
      const kept = await readKeptFacts(path);
      if (kept?.commit === commit) return factsOf(kept);
      const [tree, commits] = await Promise.all([treeOf(root, commit), commitsOf(root, commit)]);
      const sources = tree.filter(isReadable).slice(0, SOURCES_MAX);
      const fresh: KeptFacts = {
        commit,
        paths: tree.map((entry) => entry.path),
        commits,
        blobs: new Map(sources.map((entry) => [entry.path, entry.blob])),
        readings: await readingsOf(root, sources, kept?.readings ?? new Map()),
      };
      await keepFacts(path, fresh);
      return factsOf(fresh);
    },
  };
}

function factsOf({ paths, commits, blobs, readings }: KeptFacts): RepositoryFacts {
  const symbols = new Map<string, readonly string[]>();
  const marks = new Map<string, Uint32Array>();
  const generated = new Set<string>();
  for (const [path, blob] of blobs) {
    const reading = readings.get(blob);
    if (reading === undefined) continue;
    symbols.set(path, reading.symbols);
    marks.set(path, reading.marks);
    if (reading.generated) generated.add(path);
  }
  const churn = new Map<string, number>();
  for (const path of commits.slice(0, CHURN_COMMITS).flatMap((commit) => commit.paths)) {
    churn.set(path, (churn.get(path) ?? 0) + 1);
  }
  const small = commits.filter((commit) => commit.paths.length <= COMMIT_PATHS_MAX);
  return { paths, symbols, churn, marks, generated, commits: small };
}

async function commitAt(root: string, ref: string): Promise<string> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`];
  const found = await git(root, args);
  if (found.code === 0) return found.stdout.trim();
  const inside = await git(root, ["rev-parse", "--git-dir"]);
  throw inside.code === 0
    ? new CoppiceError({
        code: "no-such-commit",
        kind: "input",
        message: `${ref} is neither a branch nor a commit of ${root}`,
        hint: "Fetch it first, or name another one.",
      })
    : new CoppiceError({
        code: "not-a-repository",
        kind: "input",
        message: `${root} is no git repository: ${inside.stderr.trim()}`,
        hint: "Name a checkout with --repo-dir.",
      });
}

/** One for all worktrees of a repository. */
async function repositoryKey(root: string): Promise<string> {
  const folder = await gitText(root, ["rev-parse", "--path-format=absolute", "--git-common-dir"]);
  return createHash("sha256")
    .update(await realpath(folder))
    .digest("hex")
    .slice(0, 16);
}

interface TreeEntry {
  readonly path: string;
  readonly blob: string;
  readonly bytes: number;
}

async function treeOf(root: string, commit: string): Promise<TreeEntry[]> {
  const limits = { timeoutMs: GIT_TIMEOUT_MS, maxBytes: LIST_BYTES_MAX };
  const listed = await gitText(root, ["ls-tree", "-r", "-l", "-z", "--full-tree", commit], limits);
  return listed.split("\0").flatMap((line) => {
    const found = /^(\d+) blob ([0-9a-f]+) +(\d+|BAD)\t(.+)$/s.exec(line);
    if (found === null) return [];
    const [, mode, blob = "", bytes, path = ""] = found;
    // The text of a symbolic link is another file's name; a partial clone lacks some texts.
    const unread = mode === "120000" || bytes === "BAD";
    return [{ path, blob: unread ? "" : blob, bytes: Number(bytes) }];
  });
}

const isReadable = ({ path, blob, bytes }: TreeEntry): boolean =>
  blob !== "" && bytes > 0 && bytes <= SOURCE_BYTES_MAX && kindOf(path) === "source";

const SUBJECT_LENGTH_MAX = 200;

/** The latest commits; a first commit and the edge of a shallow clone, which "change" everything, are left out. */
async function commitsOf(root: string, commit: string): Promise<PastCommit[]> {
  const format = ["--name-only", "--no-renames", "--format=%x01%s", "-z"];
  const text = await gitText(
    root,
    ["-c", "log.showRoot=false", "log", `-${COMMITS_MAX}`, "--no-merges", ...format, commit],
    { timeoutMs: GIT_TIMEOUT_MS, maxBytes: LIST_BYTES_MAX },
  );
  const commits: { subject: string; paths: string[] }[] = [];
  for (const piece of text.split("\0")) {
    const bare = piece.replace(/^\n/, "");
    if (bare.startsWith("\u0001")) {
      commits.push({ subject: bare.slice(1, SUBJECT_LENGTH_MAX + 1), paths: [] });
    } else if (bare !== "") commits.at(-1)?.paths.push(bare);
  }
  return commits.filter(({ paths }) => paths.length > 0);
}

/** What the texts of these sources tell, by blob: known ones as they are, the others read some megabytes at a time. */
async function readingsOf(
  root: string,
  sources: readonly TreeEntry[],
  known: ReadonlyMap<string, SourceReading>,
): Promise<Map<string, SourceReading>> {
  const readings = new Map<string, SourceReading>();
  const missing = new Map<string, number>();
  for (const { blob, bytes } of sources) {
    const reading = known.get(blob);
    if (reading === undefined) missing.set(blob, bytes);
    else readings.set(blob, reading);
  }
  const batches = inBatches(missing);
  let ahead = textsOf(root, batches[0] ?? []);
  for (const [place, batch] of batches.entries()) {
    const output = await ahead;
    // Git reads the next ones while these are taken apart.
    ahead = textsOf(root, batches[place + 1] ?? []);
    for (const { blob, text } of blobsIn(output, batch)) readings.set(blob, readSource(text));
  }
  return readings;
}

function inBatches(blobs: ReadonlyMap<string, number>): string[][] {
  const batches: string[][] = [];
  let bytesLeft = 0;
  for (const [blob, bytes] of blobs) {
    if (bytes > bytesLeft) {
      batches.push([]);
      bytesLeft = BATCH_BYTES;
    }
    batches.at(-1)?.push(blob);
    bytesLeft -= bytes;
  }
  return batches;
}

async function textsOf(root: string, blobs: readonly string[]): Promise<string> {
  if (blobs.length === 0) return "";
  return gitText(root, ["cat-file", "--batch"], {
    input: `${blobs.join("\n")}\n`,
    encoding: "latin1",
    timeoutMs: GIT_TIMEOUT_MS,
    maxBytes: 2 * BATCH_BYTES,
  });
}

/** Takes git's answer apart: for each blob `<id> blob <bytes>`, its text, and a line break. Binary texts tell nothing. */
function* blobsIn(
  output: string,
  blobs: readonly string[],
): Generator<{ readonly blob: string; readonly text: string }> {
  let place = 0;
  for (const blob of blobs) {
    const end = output.indexOf("\n", place);
    const [, kind, bytes] = output.slice(place, end).split(" ");
    const size = kind === "blob" ? Number(bytes) : -1;
    const text = size < 0 ? "" : output.slice(end + 1, end + 1 + size);
    yield { blob, text: text.includes("\0") ? "" : text };
    place = end + 1 + (size < 0 ? 0 : size + 1);
  }
}

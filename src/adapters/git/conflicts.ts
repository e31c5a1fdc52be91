import type { ConflictFile, LineRange } from "../../classify/evidence.ts";
import { isUpkeep } from "../../manifest/files.ts";
import type { CommitPair } from "../../ports/repository.ts";
import type { Checkout } from "./checkout.ts";
import { git, gitFailed, gitText } from "./command.ts";

/** Pairs that are merged anew in one look; the rest counts as merging until the next one. */
const PAIRS_MAX = 200;
const REMEMBERED_MAX = 10_000;
const FILES_MAX = 50;
/** Files whose lines are read. */
const LINED_MAX = 5;
const RANGES_MAX = 20;
/** What git answers to an option that it does not know. */
const USAGE = 129;

/** Merges pairs in the object store alone; what was merged once is remembered by its commits' names. */
export async function conflictsOf(
  checkout: Checkout,
  pairs: readonly CommitPair[],
): Promise<readonly (readonly ConflictFile[])[]> {
  const { conflicts } = checkout;
  if (conflicts.size >= REMEMBERED_MAX) conflicts.clear();
  const unknown = new Map(
    pairs.filter((pair) => !conflicts.has(keyOf(pair))).map((pair) => [keyOf(pair), pair]),
  );
  const asked = [...unknown.values()].slice(0, PAIRS_MAX);
  const answers = asked.length === 0 ? [] : await mergeAll(checkout, asked);
  for (const [index, pair] of asked.entries()) {
    const paths = (answers[index] ?? []).filter((path) => !isUpkeep(path)).slice(0, FILES_MAX);
    conflicts.set(keyOf(pair), await withLines(checkout, pair, paths));
  }
  return pairs.map((pair) => conflicts.get(keyOf(pair)) ?? []);
}

const keyOf = ({ left, right }: CommitPair): string => `${left} ${right}`;

const MERGE = ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z"];

/** All in one process; git 2.38 needs one for each pair. */
async function mergeAll(
  checkout: Checkout,
  pairs: readonly CommitPair[],
): Promise<readonly (readonly string[])[]> {
  const args = [...MERGE, "--stdin"];
  const input = pairs.map((pair) => `${keyOf(pair)}\n`).join("");
  const result = await git(checkout.root, args, { input });
  if (result.code === USAGE) return mergeOneByOne(checkout, pairs);
  if (result.code !== 0) throw gitFailed(checkout.root, args, result);
  return readMerges(result.stdout);
}

/** For each merge `0` or `1`, the tree, the files in conflict, and an empty field. */
function readMerges(output: string): readonly (readonly string[])[] {
  const merges: (readonly string[])[] = [];
  const fields = output.split("\0");
  for (let at = 0; at + 2 < fields.length; ) {
    const end = fields.indexOf("", at + 2);
    const files = fields.slice(at + 2, end < 0 ? fields.length : end);
    merges.push(fields[at]?.trim() === "0" ? [...new Set(files)] : []);
    at = end < 0 ? fields.length : end + 1;
  }
  return merges;
}

async function mergeOneByOne(
  checkout: Checkout,
  pairs: readonly CommitPair[],
): Promise<readonly (readonly string[])[]> {
  const merges: (readonly string[])[] = [];
  for (const { left, right } of pairs) {
    const args = [...MERGE, left, right];
    const result = await git(checkout.root, args);
    if (result.code > 1) throw gitFailed(checkout.root, args, result);
    const [, ...files] = result.stdout.split("\0").filter((field) => field !== "");
    merges.push(result.code === 0 ? [] : [...new Set(files)]);
  }
  return merges;
}

async function withLines(
  checkout: Checkout,
  { left, right }: CommitPair,
  paths: readonly string[],
): Promise<readonly ConflictFile[]> {
  const files: ConflictFile[] = [];
  for (const [index, path] of paths.entries()) {
    const lines = (from: string, to: string) =>
      index < LINED_MAX ? changedLines(checkout, from, to, path) : [];
    files.push({ path, left: await lines(right, left), right: await lines(left, right) });
  }
  return files;
}

/** The lines that `to` has changed since it and `from` parted, as they are in `to`; of removed ones the line before. */
async function changedLines(
  checkout: Checkout,
  from: string,
  to: string,
  path: string,
): Promise<readonly LineRange[]> {
  const how = ["-U0", "--no-color", "--no-renames", "--no-ext-diff", "--no-textconv"];
  const args = ["--literal-pathspecs", "diff", ...how, `${from}...${to}`, "--", path];
  const hunks = (await gitText(checkout.root, args)).matchAll(/^@@ \S+ \+(\d+)(?:,(\d+))? @@/gm);
  return [...hunks].slice(0, RANGES_MAX).map(([, start = "0", count = "1"]) => {
    const first = Math.max(1, Number(start));
    return { from: first, to: Math.max(first, first + Number(count) - 1) };
  });
}

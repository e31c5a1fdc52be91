import {
  type ConflictFile,
  known,
  type LineRange,
  type Probe,
  unknown,
} from "../../classify/evidence.ts";
import { isUpkeep } from "../../manifest/files.ts";
import type { CommitPair } from "../../ports/repository.ts";
import type { Checkout } from "./checkout.ts";
import { git, gitFailed, gitText } from "./command.ts";
import { answered } from "./probe.ts";

/** Pairs that are merged anew in one look; of the rest nothing is known until a later one. */
const PAIRS_MAX = 200;
const REMEMBERED_MAX = 10_000;
const FILES_MAX = 50;
/** Files whose lines are read. */
const LINED_MAX = 5;
const RANGES_MAX = 20;

/** Merges pairs in the object store alone; what was merged once is remembered by its commits' names. */
export async function conflictsOf(
  checkout: Checkout,
  pairs: readonly CommitPair[],
): Promise<readonly Probe<readonly ConflictFile[]>[]> {
  const { conflicts } = checkout;
  if (conflicts.size >= REMEMBERED_MAX) conflicts.clear();
  const untried = new Map(
    pairs.filter((pair) => !conflicts.has(keyOf(pair))).map((pair) => [keyOf(pair), pair]),
  );
  const asked = [...untried.values()].slice(0, PAIRS_MAX);
  const answers = asked.length === 0 ? [] : await mergeAll(checkout, asked);
  const unanswered = new Map<string, Probe<never>>();
  for (const [index, pair] of asked.entries()) {
    const files = await conflictFiles(checkout, pair, answers[index] ?? NOT_TRIED);
    if (files.kind === "known") conflicts.set(keyOf(pair), files.value);
    else unanswered.set(keyOf(pair), files);
  }
  return pairs.map((pair) => {
    const files = conflicts.get(keyOf(pair));
    return files === undefined ? (unanswered.get(keyOf(pair)) ?? NOT_TRIED) : known(files);
  });
}

const NOT_TRIED = unknown("it is not its turn yet");

async function conflictFiles(
  checkout: Checkout,
  pair: CommitPair,
  merge: Probe<readonly string[]>,
): Promise<Probe<readonly ConflictFile[]>> {
  if (merge.kind === "unknown") return merge;
  const paths = merge.value.filter((path) => !isUpkeep(path)).slice(0, FILES_MAX);
  return answered(() => withLines(checkout, pair, paths));
}

const keyOf = ({ left, right }: CommitPair): string => `${left} ${right}`;

const MERGE = ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z"];

/** All in one process. Git 2.38 needs one for each pair, and so does any git where a commit is not there any more. */
async function mergeAll(
  checkout: Checkout,
  pairs: readonly CommitPair[],
): Promise<readonly Probe<readonly string[]>[]> {
  const args = [...MERGE, "--stdin"];
  const input = pairs.map((pair) => `${keyOf(pair)}\n`).join("");
  const result = await git(checkout.root, args, { input });
  return result.code === 0 ? readMerges(result.stdout).map(known) : mergeOneByOne(checkout, pairs);
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
): Promise<readonly Probe<readonly string[]>[]> {
  const merges: Probe<readonly string[]>[] = [];
  for (const { left, right } of pairs) {
    const args = [...MERGE, left, right];
    const result = await git(checkout.root, args);
    const [tree, ...files] = result.stdout.split("\0").filter((field) => field !== "");
    // Without a tree exit code 1 is no conflict: it says that there is no such commit, too.
    if (tree === undefined) merges.push(unknown(gitFailed(checkout.root, args, result).message));
    else merges.push(known(result.code === 0 ? [] : [...new Set(files)]));
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

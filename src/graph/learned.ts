/** What a task's branch and worktree show of its work so far. */
export interface WorkShown {
  /** Paths that it has changed, committed or not. */
  readonly touched: readonly string[];
  /** Commits of its own. */
  readonly commits: number;
  /** Its work is done: it touches nothing else. */
  readonly ended: boolean;
}

/** How much of what a task touches is seen, on average, once it has committed something. */
const SEEN_AFTER_COMMIT = 0.8;

/**
 * How likely a task touches a file, given how likely it was before the task began and what is seen of its work: 1 for
 * what it has touched. What it has not touched becomes less likely with its first commit, and is out with its end.
 */
export function chanceNow(before: number, path: string, shown: WorkShown): number {
  if (shown.touched.some((other) => meets(other, path))) return 1;
  if (shown.ended) return 0;
  if (shown.commits === 0 || before === 1) return before;
  // Bayes: had it been going to touch the file, it would have done so by now with the chance `SEEN_AFTER_COMMIT`.
  const notYet = before * (1 - SEEN_AFTER_COMMIT);
  return notYet / (notYet + 1 - before);
}

/**
 * Whether a predicted file still keeps others waiting. Nothing is released before a commit or the end; a `releaseBelow`
 * of 0 releases nothing ever. What was named, not predicted, is never asked about here: it stays.
 */
export function isStillExpected(
  predicted: { readonly path: string; readonly confidence: number },
  shown: WorkShown,
  releaseBelow: number,
): boolean {
  if (shown.commits === 0 && !shown.ended) return true;
  return chanceNow(predicted.confidence, predicted.path, shown) >= releaseBelow;
}

/** The same path, or one is a folder above the other. */
export function meets(left: string, right: string): boolean {
  const [a, b] = [left, right].map((path) => `${path.replace(/\/+$/, "")}/`) as [string, string];
  return a.startsWith(b) || b.startsWith(a);
}

import type { FinishedTask } from "../../manifest/finished-task.ts";

/** What is known of a repository at one commit, as plain lists. */
export interface RepositoryFacts {
  /** All paths of the tree, `/` between folders. */
  readonly paths: readonly string[];
  /** The names that a path defines, each once, by path. */
  readonly symbols: ReadonlyMap<string, readonly string[]>;
  /** How many of the latest commits changed a path. */
  readonly churn: ReadonlyMap<string, number>;
  /** Marks of what the sources say, by path; see `markedText`. Empty when no contents are known. */
  readonly marks: ReadonlyMap<string, Uint32Array>;
  /** The latest commits, the newest first; empty when no history is known. */
  readonly commits: readonly PastCommit[];
  /** Paths whose text says that a program wrote them. */
  readonly generated: ReadonlySet<string>;
}

/** A commit of the past: what it says of itself, and the paths that it changed. */
export interface PastCommit {
  readonly subject: string;
  readonly paths: readonly string[];
}

/**
 * The facts with the project's own delivered tasks (each once, oldest first) as the latest commits: what an issue of a like
 * title touched tells more than what a commit says of itself.
 */
export function withDelivered(
  facts: RepositoryFacts,
  finished: readonly FinishedTask[],
): RepositoryFacts {
  const delivered = finished
    .filter(({ files }) => files.length > 0 && files.length <= DELIVERED_FILES_MAX)
    .map(({ title, files }): PastCommit => ({ subject: title, paths: files }));
  return { ...facts, commits: [...delivered.toReversed(), ...facts.commits] };
}

/** A task that changed more files tells nothing of any of them. */
const DELIVERED_FILES_MAX = 40;

/** Facts as text: one path a line, `symbol<TAB>path`, `count<TAB>path`. Lines of another form are skipped. */
export function factsFromLists(lists: {
  readonly tree: string;
  readonly symbols: string;
  readonly churn: string;
}): RepositoryFacts {
  const churn = pairs(lists.churn).filter(([count]) => /^\d+$/.test(count));
  const symbols = new Map<string, Set<string>>();
  for (const [name, path] of pairs(lists.symbols)) {
    symbols.set(path, (symbols.get(path) ?? new Set()).add(name));
  }
  return {
    paths: lines(lists.tree),
    symbols: new Map([...symbols].map(([path, names]) => [path, [...names]])),
    churn: new Map(churn.map(([count, path]) => [path, Number(count)])),
    marks: new Map(),
    commits: [],
    generated: new Set(),
  };
}

const lines = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== "");

function pairs(text: string): [string, string][] {
  return lines(text).flatMap((line): [string, string][] => {
    const tab = line.indexOf("\t");
    return tab > 0 ? [[line.slice(0, tab), line.slice(tab + 1)]] : [];
  });
}

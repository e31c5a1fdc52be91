/** What is known of a repository at one commit, as plain lists. */
export interface RepositoryFacts {
  /** All paths of the tree, `/` between folders. */
  readonly paths: readonly string[];
  /** Definitions: a name and the path that defines it. */
  readonly symbols: readonly (readonly [name: string, path: string])[];
  /** How many of the latest commits changed a path. */
  readonly churn: ReadonlyMap<string, number>;
}

/** The same facts as text: one path a line, `symbol<TAB>path`, `count<TAB>path`. Lines of another form are skipped. */
export function factsFromLists(lists: {
  readonly tree: string;
  readonly symbols: string;
  readonly churn: string;
}): RepositoryFacts {
  const churn = pairs(lists.churn).filter(([count]) => /^\d+$/.test(count));
  return {
    paths: lines(lists.tree),
    symbols: pairs(lists.symbols),
    churn: new Map(churn.map(([count, path]) => [path, Number(count)])),
  };
}

const lines = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== "");

function pairs(text: string): [string, string][] {
  return lines(text).flatMap((line): [string, string][] => {
    const tab = line.indexOf("\t");
    return tab > 0 ? [[line.slice(0, tab), line.slice(tab + 1)]] : [];
  });
}

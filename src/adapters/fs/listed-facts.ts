import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CoppiceError } from "../../manifest/errors.ts";
import { factsFromLists } from "../../planner/index/facts.ts";
import type { RepositoryFactsSource } from "../../ports/repository-facts.ts";

/** Reads a repository from the lists of a folder: `tree.txt`, and `symbols.tsv` and `churn.tsv` where they are there. */
export function createListedFacts(folder: string): RepositoryFactsSource {
  return {
    async read() {
      const [tree, symbols, churn] = await Promise.all(
        ["tree.txt", "symbols.tsv", "churn.tsv"].map((name) => textOf(join(folder, name))),
      );
      if (tree === undefined) throw noTree(folder);
      return factsFromLists({ tree, symbols: symbols ?? "", churn: churn ?? "" });
    },
  };
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(path, cause);
  }
}

const unreadable = (path: string, cause: unknown): CoppiceError =>
  new CoppiceError({
    code: "index-unreadable",
    kind: "input",
    message: `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Give --index a folder whose files you may read.",
    cause,
  });

const noTree = (folder: string): CoppiceError =>
  new CoppiceError({
    code: "index-missing",
    kind: "input",
    message: `${folder} holds no tree.txt`,
    hint: "Give --index a folder with tree.txt (one path a line) and, if you like, symbols.tsv and churn.tsv; or a checkout with --repo-dir.",
  });

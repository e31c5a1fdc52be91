import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { createRepositoryFacts } from "../src/adapters/git/repository-facts.ts";
import { factsFromLists } from "../src/planner/index/facts.ts";
import { indexRepository, type RepositoryIndex } from "../src/planner/index/repository-index.ts";
import type { Issue } from "../src/planner/issue.ts";
import { issueFromRest, parentOf, RestIssue } from "../src/planner/rest-issue.ts";

/** A repository of the ground truth: its issues, its tree, and what the fixes of the issues really touched. */
export interface Repository {
  readonly name: string;
  readonly issues: readonly Issue[];
  readonly index: RepositoryIndex;
  /** By issue number. */
  readonly touched: ReadonlyMap<number, ReadonlySet<string>>;
  /** The commit that the lists were made at, and whether it is older than all fixes. */
  readonly tree: { readonly commit: string; readonly beforeFixes: boolean };
}

const Meta = z.object({
  repo: z.string(),
  treeCommit: z.string().default(""),
  treeRule: z.string().default(""),
});
const Gold = z.record(z.string(), z.object({ filesTouched: z.array(z.string()) }));

/** Reads every folder of `folder` that holds an `issues.json`, or the folder itself when it does. */
export function readPlanningData(folder: string): Repository[] {
  const own = existsSync(join(folder, "issues.json"));
  const folders = own ? [folder] : readdirSync(folder).map((name) => join(folder, name));
  const read = folders.filter((each) => existsSync(join(each, "issues.json"))).map(readRepository);
  if (read.length === 0) throw new Error(`no issues.json in ${folder} or in a folder of it`);
  return read;
}

/** The same repositories as a checkout below `checkouts` (OWNER/NAME) shows them: with contents and history. */
export async function withCheckouts(
  repositories: readonly Repository[],
  checkouts: string,
): Promise<Repository[]> {
  const cacheDir = join(tmpdir(), "coppice-planning-data");
  const read: Repository[] = [];
  for (const repository of repositories) {
    const source = createRepositoryFacts({ root: join(checkouts, repository.name), cacheDir });
    const index = indexRepository(await source.read(repository.tree.commit));
    read.push({ ...repository, index });
  }
  return read;
}

function readRepository(folder: string): Repository {
  const text = (name: string) => readFileSync(join(folder, name), "utf8");
  const meta = Meta.parse(JSON.parse(text("meta.json")));
  const issues = z.array(RestIssue).parse(JSON.parse(text("issues.json")));
  const gold = Gold.parse(JSON.parse(text("gold.json")));
  return {
    name: meta.repo,
    tree: { commit: meta.treeCommit, beforeFixes: meta.treeRule === "first base" },
    issues: issues.map((rest) =>
      issueFromRest(rest, { blockedBy: [], parent: parentOf(rest), origin: folder }),
    ),
    index: indexRepository(
      factsFromLists({
        tree: text("tree.txt"),
        symbols: text("symbols.tsv"),
        churn: text("churn.tsv"),
      }),
    ),
    touched: new Map(
      Object.entries(gold).map(([number, { filesTouched }]) => [
        Number(number),
        new Set(filesTouched),
      ]),
    ),
  };
}

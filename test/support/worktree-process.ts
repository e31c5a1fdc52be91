import { createLocks } from "../../src/adapters/fs/locks.ts";
import { openRepository } from "../../src/adapters/git/repository.ts";
import type { WorktreeSpec } from "../../src/ports/repository.ts";

interface WorktreeOrder {
  readonly root: string;
  readonly specs: readonly WorktreeSpec[];
}

/** Makes worktrees, all at once, and prints the outcomes. */
const { root, specs } = JSON.parse(process.argv[2] ?? "{}") as WorktreeOrder;
const repository = await openRepository({ root, project: "demo", locks: createLocks() });
process.stdout.write("begin\n");
const outcomes = await Promise.all(specs.map((spec) => repository.ensureWorktree(spec)));
process.stdout.write(`${JSON.stringify(outcomes)}\n`);

import type { RepositoryFacts } from "../planner/index/facts.ts";

/** Where the planner's knowledge of a repository comes from. */
export interface RepositoryFactsSource {
  /**
   * What is known at a branch or commit. Throws CoppiceError `no-such-commit` or `git-failed`; what an earlier call kept
   * is used again, and is never needed.
   */
  read(ref: string): Promise<RepositoryFacts>;
}

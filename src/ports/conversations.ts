/** The agents' own records of their conversations. */
export interface Conversations {
  /** The id of the newest conversation that `agent` held in `worktree` since then, or null. */
  find(agent: string, worktree: string, sinceMs: number): Promise<string | null>;
}

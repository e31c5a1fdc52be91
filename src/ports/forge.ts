import type { ChecksFact, Probe, PullRequestFact } from "../classify/evidence.ts";
import type { Issue, IssueQuery } from "../planner/issue.ts";
import type { OpenPullRequest } from "../planner/open-pull-request.ts";

export interface PullRequestSpec {
  readonly taskId: string;
  readonly branch: string;
  readonly base: string;
  readonly headSha: string;
  /** The one that this work was delivered to before it was mended: whatever became of it, no second one is opened. */
  readonly deliveredTo: number | null;
  readonly title: string;
  /** Ends with the marker line of `pullRequestMarker` (manifest/marker.ts). */
  readonly body: string;
  readonly draft: boolean;
  readonly labels: readonly string[];
  readonly reviewers: readonly string[];
}

export type OpenOutcome =
  | {
      readonly kind: "opened" | "adopted";
      readonly pullRequest: PullRequestFact;
      readonly notes: readonly string[];
    }
  /** The forge says no, e.g. nothing to merge, no permission. */
  | { readonly kind: "rejected"; readonly reason: string }
  /** No answer, or a limit: look again later; `retryAtMs` when the forge said when. */
  | { readonly kind: "failed"; readonly reason: string; readonly retryAtMs?: number };

/** Where issues come from and pull requests go. */
export interface Forge {
  readonly kind: "github" | "local";
  /** The issues that the query asks for, by ascending number; a number that does not exist is an error. */
  listIssues(query: IssueQuery): Promise<readonly Issue[]>;
  /** States of issues (or pull requests) that others refer to; unknown numbers are absent. */
  issueStates(numbers: readonly number[]): Promise<ReadonlyMap<number, "open" | "closed">>;
  /** All open pull requests, whoever opened them. */
  openPullRequests(): Promise<readonly OpenPullRequest[]>;
  /** The open pull request of each branch, else its newest in any state; one look for all. */
  pullRequests(branches: readonly string[]): Promise<Probe<ReadonlyMap<string, PullRequestFact>>>;
  /**
   * What checks these open pull requests, by their number; `sha` is the head of each. One look for all; a failed check is
   * asked for its last lines once.
   */
  checks(
    pulls: readonly { readonly number: number; readonly sha: string }[],
  ): Promise<ReadonlyMap<number, Probe<ChecksFact>>>;
  /** Looks for the open one of the branch, else creates it once, and looks again when the answer is unclear. */
  openPullRequest(spec: PullRequestSpec): Promise<OpenOutcome>;
}

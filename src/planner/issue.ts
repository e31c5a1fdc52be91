/** An issue as the planner sees it, from any forge. */
export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
  readonly state: "open" | "closed";
  readonly milestone: string | null;
  /** When the milestone is due, ISO 8601. */
  readonly milestoneDue: string | null;
  /** The kind of issue as the forge words it (Bug, Question, …), or null. */
  readonly type: string | null;
  /** What a field of the issue says, beside its labels: e.g. `High`, `2h`. */
  readonly priority: string | null;
  readonly estimate: string | null;
  /** Relation of the author to the repository as the forge words it (OWNER, MEMBER, …), or null. */
  readonly authorAssociation: string | null;
  readonly url: string | null;
  /** Numbers of the issues that block this one, by the forge's own relation. */
  readonly blockedBy: readonly number[];
  /** The issue's parent by the forge's own sub-issue relation. */
  readonly parent: number | null;
  /** Where this issue was read: a file with line, or the URL; for error messages. */
  readonly origin: string;
}

/** Which issues to read. */
export interface IssueQuery {
  readonly labels: readonly string[];
  readonly milestone: string | undefined;
  /** Only these numbers, when not empty. */
  readonly numbers: readonly number[];
  readonly limit: number | undefined;
}

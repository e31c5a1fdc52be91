/** One mistake or doubt in a document, with the place and the remedy. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** Stable kebab-case name, e.g. `unknown-dependency`. */
  readonly code: string;
  readonly file: string;
  /** One-based. */
  readonly line: number;
  /** One-based. */
  readonly column: number;
  /** Dotted path, e.g. `phases[0].tasks[2].dependsOn[0]`. */
  readonly field: string;
  readonly message: string;
  /** What to do; never empty. */
  readonly remedy: string;
}

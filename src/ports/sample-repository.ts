/** Where the demo works. Absolute paths. */
export interface Sample {
  readonly repoDir: string;
  readonly originDir: string;
  readonly issuesDir: string;
  readonly agentPath: string;
}

/** Lays out the sample repository with its bare `origin`; what an earlier demo left there is kept. */
export interface SampleRepository {
  /** `dir` is created; without one a fresh temporary folder is made. */
  create(dir: string | undefined): Promise<Sample & { readonly dir: string }>;
}

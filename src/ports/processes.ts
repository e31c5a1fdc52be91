/** One process of the machine. The number alone may be given again; number and start time together may not. */
export interface ProcessFact {
  readonly pid: number;
  readonly parentPid: number;
  /** Number of the process that leads its session; 0 when the system does not say. */
  readonly sessionId: number;
  /** When it started, in the system's own words: compared, never read. */
  readonly startedAt: string;
  /** Processor seconds, with those of its ended children. */
  readonly cpuSeconds: number;
}

/** The machine's process table. */
export interface Processes {
  list(): Promise<readonly ProcessFact[]>;
  /** How many files a process may have open; for one that the system tells nothing of, as many as our own children. */
  openFilesMax(pid: number): Promise<number>;
  /** Sends a signal to exactly this process; false when it is gone, also when its number belongs to another one now. */
  signal(
    process: ProcessFact,
    name: "SIGTERM" | "SIGKILL" | "SIGCHLD" | "SIGUSR1",
  ): Promise<boolean>;
}

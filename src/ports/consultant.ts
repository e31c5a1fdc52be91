import type { Probe } from "../classify/evidence.ts";

/** Runs an agent that answers one question and changes nothing. */
export interface Consultant {
  /** What it wrote to its standard output; unknown when it failed or took too long. */
  ask(question: {
    /** `{schemaFile}` stands for a file with `schema`. */
    readonly argv: readonly string[];
    readonly schema: object;
    /** The whole environment. */
    readonly env: Readonly<Record<string, string>>;
    /** Absolute. */
    readonly folder: string;
    readonly words: string;
    readonly timeoutMs: number;
  }): Promise<Probe<string>>;
}

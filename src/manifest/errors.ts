/** Whose turn it is when something fails; decides the exit code of the command. */
export type ErrorKind = "input" | "usage" | "machine" | "task" | "bug";

/** The process exit code of each kind of failure (0 is success, 128+n a signal). */
export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  input: 1,
  usage: 2,
  machine: 3,
  task: 4,
  bug: 70,
};

/**
 * "Could not ask" or our own bug. An expected outcome (a conflict, a 404, exit 1) is a value, never this.
 * `hint` says what the person does next; it is never empty.
 */
export class CoppiceError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly hint: string;

  constructor(fields: {
    /** Stable kebab-case name of the failure, e.g. `tmux-missing`. */
    code: string;
    kind: ErrorKind;
    message: string;
    hint: string;
    cause?: unknown;
  }) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "CoppiceError";
    this.code = fields.code;
    this.kind = fields.kind;
    this.hint = fields.hint;
  }
}

/** Ends an exhaustive `switch`: reaching it is our own bug. */
export function unreachable(value: never): never {
  throw new CoppiceError({
    code: "unreachable",
    kind: "bug",
    message: `unexpected value ${JSON.stringify(value)}`,
    hint: "Please report this with the command that you ran.",
  });
}

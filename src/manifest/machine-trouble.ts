import { CoppiceError } from "./errors.ts";

/**
 * What the machine refuses to everybody or to this user: a full or read-only disk, missing rights, too many open files.
 * It is nobody's failure and passes with its cause, so that work waits for it as long as it lasts.
 */
export class MachineTrouble extends CoppiceError {
  constructor(fields: ConstructorParameters<typeof CoppiceError>[0]) {
    super(fields);
    this.name = "MachineTrouble";
  }
}

/** The trouble behind a failed system call, or behind a program that quotes one; undefined for any other error. */
export function machineTrouble(error: unknown): MachineTrouble | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof MachineTrouble) return error;
  if (error instanceof CoppiceError && error.kind === "bug") return undefined;
  const systemCode = "code" in error ? error.code : undefined;
  const trouble = TROUBLES.find(
    ({ codes, words }) =>
      codes.some((code) => code === systemCode) ||
      (error instanceof CoppiceError && words.test(error.message)),
  );
  if (trouble === undefined) return undefined;
  return new MachineTrouble({
    code: trouble.code,
    kind: "machine",
    message: error.message,
    hint: trouble.hint,
    cause: error,
  });
}

/** Why a probe has no answer: the error's own words, and the remedy where the machine refuses. */
export function whyUnknown(error: Error): string {
  const trouble = machineTrouble(error);
  return trouble === undefined ? error.message : `${trouble.message}. ${trouble.hint}`;
}

const TROUBLES: readonly {
  readonly code: string;
  readonly codes: readonly string[];
  /** How the same is said by programs in the C locale, and in errors of Node that are quoted. */
  readonly words: RegExp;
  readonly hint: string;
}[] = [
  {
    code: "disk-full",
    codes: ["ENOSPC", "EDQUOT"],
    words: /No space left on device|Disk quota exceeded|\bENOSPC\b|\bEDQUOT\b/,
    hint: "Free space on the disk of that folder; df -h and df -i show which disk is full.",
  },
  {
    code: "disk-read-only",
    codes: ["EROFS"],
    words: /Read-only file system|\bEROFS\b/,
    hint: "Make the disk of that folder writable again, or choose another workdir.",
  },
  {
    code: "no-permission",
    codes: ["EACCES"],
    // Behind a bracket ssh names the ways to log in that failed.
    words: /Permission denied(?! \()|\bEACCES\b/,
    hint: "Give this user the right to read and write that file or folder.",
  },
  {
    code: "too-many-files",
    codes: ["EMFILE", "ENFILE"],
    words: /Too many open files|\bEMFILE\b|\bENFILE\b/,
    hint: "Raise the limit (ulimit -n), or lower maxParallel in the manifest.",
  },
  {
    code: "no-resources",
    codes: ["EAGAIN", "ENOMEM"],
    words: /Resource temporarily unavailable|Cannot allocate memory|\bENOMEM\b/,
    hint: "Free memory or processes, or lower maxParallel in the manifest.",
  },
];

import type { Astray, TaskEvidence } from "../classify/evidence.ts";
import type { Verdict } from "../classify/verdict.ts";
import type { CommandLine } from "../manifest/task.ts";

/** Whether the facts show that a task is finished, and if not, the first thing that is missing. */
export type Proof =
  | { readonly kind: "proved"; readonly sha: string }
  /** A fact could not be had: ask again, do nothing. */
  | { readonly kind: "unknown"; readonly reason: string }
  | { readonly kind: "not-ended" }
  | { readonly kind: "no-worktree" }
  | { readonly kind: "astray"; readonly astray: Astray }
  | { readonly kind: "uncommitted"; readonly files: readonly string[] }
  | { readonly kind: "no-commits" }
  | { readonly kind: "verify-due"; readonly sha: string }
  | { readonly kind: "verify-running"; readonly sha: string; readonly startedAtMs: number }
  | {
      readonly kind: "verify-failed";
      readonly sha: string;
      readonly code: number | null;
      readonly tail: readonly string[];
    };

/**
 * The one proof of "done": agent ended or idle after its turn, worktree whole, on its branch and clean, a commit ahead of the
 * fork point, `verify` passed on exactly that commit. No word on a screen takes part.
 */
export function proofOf(
  verdict: Verdict,
  evidence: TaskEvidence,
  verify: CommandLine | undefined,
): Proof {
  if (verdict.kind !== "exited-ok" && verdict.kind !== "idle-done") return { kind: "not-ended" };
  if (evidence.git.kind === "unknown") return { kind: "unknown", reason: evidence.git.reason };
  const git = evidence.git.value;
  if (!git?.worktreeReady) return { kind: "no-worktree" };
  if (git.astray) return { kind: "astray", astray: git.astray };
  if (git.dirtyFiles.length > 0) return { kind: "uncommitted", files: git.dirtyFiles };
  if (git.commitsAhead < 1) return { kind: "no-commits" };
  if (verify === undefined) return { kind: "proved", sha: git.headSha };
  if (evidence.verify.kind === "unknown")
    return { kind: "unknown", reason: evidence.verify.reason };
  const result = evidence.verify.value;
  if (result?.sha !== git.headSha) return { kind: "verify-due", sha: git.headSha };
  if (result.running) {
    return { kind: "verify-running", sha: git.headSha, startedAtMs: result.startedAtMs };
  }
  return result.code === 0
    ? { kind: "proved", sha: git.headSha }
    : { kind: "verify-failed", sha: git.headSha, code: result.code, tail: result.tail };
}

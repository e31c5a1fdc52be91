import { z } from "zod";
import { answerFor } from "../agents/dialogs.ts";
import { unreachable } from "../manifest/errors.ts";
import type { KnownAnswer } from "../manifest/policy.ts";
import type { Verdict } from "./verdict.ts";

/** What a verdict asks for when nothing else is known. `finish`: look for the proof of done. */
export const Response = z.enum([
  "none",
  "answer",
  "nudge",
  "resume",
  "restart",
  "wait-until",
  "ask-person",
  "finish",
]);
export type Response = z.infer<typeof Response>;

/** The one table from verdicts to responses; counts, back-off and proofs are the heartbeat's. */
export function responseFor(verdict: Verdict, answers: readonly KnownAnswer[] = []): Response {
  if (verdict.dialog) {
    return answerFor(verdict.dialog, answers).kind === "ask-person" ? "ask-person" : "answer";
  }
  if (verdict.needsPerson) return "ask-person";
  switch (verdict.kind) {
    case "working":
    case "idle-fresh":
    case "unknown":
      return "none";
    case "waiting-input":
      // A question in the agent's last words: its composer takes an answer.
      return verdict.turn === "ended" ? "nudge" : "ask-person";
    case "waiting-approval":
    case "onboarding":
    case "auth-error":
    case "editor":
    case "pager":
    case "shell-prompt":
      return "ask-person";
    case "idle-done":
      return verdict.turn === "ended" && !verdict.draft ? "finish" : "nudge";
    case "exited-ok":
      return verdict.turn === "ended" && verdict.question === undefined ? "finish" : "resume";
    case "exited-error":
      return verdict.turn === "broken-off" ? "resume" : "restart";
    case "error-transient":
      return verdict.turn === "running" ? "wait-until" : "nudge";
    case "rate-limited":
      return "wait-until";
    case "context-full":
    case "dead":
      return "restart";
    case "stalled":
      return "resume";
    default:
      return unreachable(verdict.kind);
  }
}

import { z } from "zod";

/** What a session is doing, as the classifier puts it. */
export const VerdictKind = z.enum([
  "working",
  "waiting-input",
  "waiting-approval",
  "onboarding",
  "idle-fresh",
  "idle-done",
  "shell-prompt",
  "exited-ok",
  "exited-error",
  "error-transient",
  "rate-limited",
  "auth-error",
  "context-full",
  "stalled",
  "dead",
  "editor",
  "pager",
  "unknown",
]);
export type VerdictKind = z.infer<typeof VerdictKind>;

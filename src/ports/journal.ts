import type { Action } from "../decide/action.ts";
import type { TaskWait } from "../decide/wait.ts";
import type { TaskStatus } from "../manifest/status.ts";
import type { VerdictKind } from "../manifest/verdict-kind.ts";

/** Everything that happens, as typed values; the words are the renderer's. */
export type CoppiceEvent =
  | {
      readonly kind: "run-started";
      readonly project: string;
      readonly tasks: number;
      readonly maxParallel: number;
    }
  | {
      readonly kind: "run-ended";
      readonly outcome: RunOutcome;
      readonly waits: readonly TaskWait[];
    }
  | {
      readonly kind: "status-changed";
      readonly taskId: string;
      readonly from: TaskStatus;
      readonly to: TaskStatus;
      readonly why: string;
    }
  | {
      readonly kind: "verdict-changed";
      readonly taskId: string;
      readonly verdict: VerdictKind;
      readonly why: string;
    }
  | { readonly kind: "action-begun"; readonly action: Action }
  | { readonly kind: "action-done"; readonly action: Action; readonly result: string }
  | {
      readonly kind: "action-failed";
      readonly action: Action;
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    }
  | {
      readonly kind: "pull-request";
      readonly taskId: string;
      readonly number: number;
      readonly url: string;
      readonly adopted: boolean;
    }
  | {
      readonly kind: "answered";
      readonly taskId: string;
      readonly dialogId: string;
      readonly answer: string;
      /** Lines of the screen with the question, and of what came after; none where it could not be seen. */
      readonly before: readonly string[];
      readonly after: readonly string[];
    }
  /** What a running task's work shows makes another wait for it, or frees it. */
  | {
      readonly kind: "order-learned";
      readonly taskId: string;
      readonly on: string;
      readonly change: "held" | "released";
      readonly why: string;
    }
  /** Committed work of two tasks that does not merge; told once for each pair by each process. */
  | {
      readonly kind: "collision";
      readonly taskId: string;
      readonly other: string;
      readonly files: readonly string[];
    }
  | { readonly kind: "preserved"; readonly taskId: string; readonly refs: readonly string[] }
  | { readonly kind: "edit-kept"; readonly taskId: string | null; readonly field: string }
  /** A machine-owned field that was changed by hand and put back. */
  | {
      readonly kind: "edit-refused";
      readonly taskId: string;
      readonly field: string;
      readonly reason: string;
    }
  /** A session whose task the manifest does not have (any more). */
  | { readonly kind: "stray-session"; readonly taskId: string }
  | {
      readonly kind: "manifest-invalid";
      readonly problems: readonly {
        readonly place: string;
        readonly message: string;
        readonly remedy: string;
      }[];
    }
  | { readonly kind: "manifest-mended" }
  | {
      readonly kind: "agent-paused";
      readonly agent: string;
      readonly until: string | null;
      readonly why: string;
    }
  | { readonly kind: "probe-unknown"; readonly what: string; readonly reason: string }
  /** The machine lets no beat be done. */
  | {
      readonly kind: "trouble";
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    }
  | { readonly kind: "trouble-over" }
  | { readonly kind: "standstill"; readonly waits: readonly TaskWait[] };

export type RunOutcome = "delivered" | "waiting-for-person" | "failed" | "interrupted";

export interface JournalLine {
  /** ISO 8601. */
  readonly at: string;
  readonly run: string;
  readonly fence: number;
  readonly beat: number;
  readonly event: CoppiceEvent;
}

/** The append-only record beside the run. */
export interface Journal {
  append(event: CoppiceEvent): Promise<void>;
  /** The newest lines, oldest first; a torn last line is left out. */
  tail(lines: number): Promise<readonly JournalLine[]>;
}

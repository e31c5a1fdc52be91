import type { TaskId } from "../manifest/task.ts";

/** Where a task's branch starts. */
export type StartPoint =
  | { readonly kind: "base"; readonly base: string }
  | {
      readonly kind: "parents";
      readonly parents: readonly TaskId[];
      readonly branches: readonly string[];
      readonly base: string;
    };

/** Another task's finished work with which a delivery does not merge. */
export interface CollidingWork {
  readonly taskId: TaskId;
  readonly branch: string;
  readonly pullRequest: number | null;
  readonly files: readonly string[];
}

/** One thing to do in the world. Each is safe to repeat. */
export type Action =
  | {
      readonly kind: "start";
      readonly taskId: TaskId;
      /** The number of this launch: 1 for the first. */
      readonly attempt: number;
      readonly agent: string;
      readonly branch: string;
      readonly startPoint: StartPoint;
    }
  | {
      /** A new launch in the same worktree, told what went wrong. */
      readonly kind: "restart";
      readonly taskId: TaskId;
      readonly attempt: number;
      readonly agent: string;
      readonly why: string;
      readonly context: readonly string[];
    }
  | {
      /** A new launch that goes on with the agent's own conversation. */
      readonly kind: "resume";
      /** `nudge`: nothing broke, but the agent runs headless and is told something. */
      readonly as: "resume" | "nudge";
      readonly taskId: TaskId;
      readonly attempt: number;
      readonly agent: string;
      readonly conversation: string | undefined;
      readonly why: string;
      readonly text: string;
      /** The commit of whose failed checks it tells. */
      readonly checks?: string;
    }
  | {
      readonly kind: "answer";
      readonly taskId: TaskId;
      readonly dialogId: string;
      /** What the answer was decided on (`askedBy`): another dialog of that id does not get it. */
      readonly asked: string;
      /** The label of the option to choose, or the words to type. */
      readonly answer: string;
      readonly typed: boolean;
    }
  | { readonly kind: "nudge"; readonly taskId: TaskId; readonly why: string; readonly text: string }
  | {
      readonly kind: "stop-session";
      readonly taskId: TaskId;
      readonly why: string;
      /** A person's word asks for it: it ends also while somebody is attached. */
      readonly asked: boolean;
    }
  | { readonly kind: "verify"; readonly taskId: TaskId; readonly sha: string }
  | {
      readonly kind: "deliver";
      readonly taskId: TaskId;
      /** The proved commit: another HEAD is not delivered. */
      readonly sha: string;
      readonly branch: string;
      /** The branch that the pull request goes to. */
      readonly base: string;
      /** Where the branch began; undefined: nothing says. */
      readonly forkPoint: string | undefined;
      /** Finished work with which it does not merge; the pull request names it. */
      readonly collides?: readonly CollidingWork[];
      /** Whether it still merges with the base is to be seen. */
      readonly triesBase?: true;
    }
  /** Session, worktree and branch go; anything unpushed is preserved first. */
  | {
      readonly kind: "retire";
      readonly taskId: TaskId;
      readonly branch: string;
      readonly why: string;
    };

import type { Edit } from "./person.ts";

/** What goes wrong, or merely happens, at one moment of a simulated run. */
export type Happening =
  /** The call is not carried out: a probe does not know, an action fails. */
  | { readonly kind: "unanswered"; readonly trouble?: Trouble | undefined }
  /** The call is carried out, and its answer is lost. */
  | { readonly kind: "answer-lost"; readonly trouble?: Trouble | undefined }
  /** The orchestrator dies before, or after, the call. */
  | { readonly kind: "crash"; readonly after: boolean }
  /** The orchestrator dies when the call is half done; before it where there is no half. */
  | { readonly kind: "crash-within" }
  | { readonly kind: "terminals-die"; readonly recorded: boolean }
  | { readonly kind: "clock-jump"; readonly ms: number }
  /** The call takes long. */
  | { readonly kind: "delay"; readonly seconds: number }
  | { readonly kind: "edit"; readonly edit: Edit }
  /** A person merges or closes the open pull request of a task, counted by its place in the manifest. */
  | { readonly kind: "merge"; readonly task: number; readonly squash: boolean }
  | { readonly kind: "close"; readonly task: number }
  /** Somebody removes the lock file and starts a second orchestrator. */
  | { readonly kind: "taken-over" }
  /** A person attaches to a session, for a while. */
  | { readonly kind: "person-attaches"; readonly task: number; readonly seconds: number }
  /** A person types into a session. */
  | { readonly kind: "person-types"; readonly task: number };

/** What the machine says: a run waits for its end with all that it knows. Of anything else it dies, where nobody catches it. */
export type Trouble = "EMFILE";

/** The moment of a happening; all numbers count from 0. */
export type Moment =
  /** A port call of a beat; the beat's end when it has fewer calls. */
  | { readonly kind: "call"; readonly beat: number; readonly call: number }
  /** A call of one method of the ports, counted over the whole run. */
  | { readonly kind: "method"; readonly method: string; readonly nth: number };

export interface PlannedHappening {
  readonly at: Moment;
  readonly what: Happening;
}

/** Something about an issue that the plan decided or left out, and that a person should know. */
export interface PlanNote {
  readonly kind:
    | "closed-issue"
    | "draft"
    | "duplicate-issue"
    | "dropped-edge"
    | "file-refused"
    | "files-cut"
    | "foreign-dependency"
    | "invisible-text"
    | "large-issue"
    | "open-outside"
    | "self-dependency"
    | "unknown-issue";
  readonly issue: number;
  /** Goes on after `#<issue>`: e.g. `is closed, but was asked for`. */
  readonly text: string;
}

import type { Manifest } from "../manifest/manifest.ts";
import type { KeptEdit, ManifestPatch } from "../manifest/merge.ts";
import type { Problem } from "../manifest/problem.ts";

/** One reading of the file. `text` is the exact content it came from. */
export interface ManifestSnapshot {
  readonly path: string;
  readonly text: string;
  readonly manifest: Manifest;
  readonly warnings: readonly Problem[];
}

export type ReadOutcome =
  | { readonly kind: "read"; readonly snapshot: ManifestSnapshot }
  | { readonly kind: "missing"; readonly path: string }
  | { readonly kind: "invalid"; readonly path: string; readonly problems: readonly Problem[] };

export type CommitOutcome =
  | {
      readonly kind: "committed";
      /** What was on disk until then. */
      readonly before: ManifestSnapshot;
      /** The same object for all commits that were written together. */
      readonly snapshot: ManifestSnapshot;
      readonly kept: readonly KeptEdit[];
    }
  | { readonly kind: "unchanged"; readonly snapshot: ManifestSnapshot }
  /** The file does not parse now: nothing was written, nothing was lost. */
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/** The document on disk. */
export interface ManifestStore {
  readonly path: string;
  read(): Promise<ReadOutcome>;
  /** Lock → read → put the patches field by field onto what is there (a person's edit since `base` wins) → validate → write. */
  commit(base: ManifestSnapshot, patches: readonly ManifestPatch[]): Promise<CommitOutcome>;
  /**
   * Puts a person's edit of the whole text, made from `base`, onto what is there; what was written since stays where the
   * person did not touch it. `invalid` when the edit has mistakes: nothing was written.
   */
  edit(base: ManifestSnapshot, text: string): Promise<CommitOutcome>;
  /** Writes a new file; refuses to replace one whose text is not `expected` (null: no file yet). */
  create(text: string, expected: string | null): Promise<void>;
}

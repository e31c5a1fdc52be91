/** Tells this manifest's tasks from those of other manifests that share its workdir. */
export interface Ownership {
  /** The manifest that this is about: absolute, without symbolic links. */
  readonly manifest: string;
  /**
   * The named manifest is another one, is still there, and has the task. What cannot be told counts as so; a manifest that
   * was moved or removed owns nothing any more.
   */
  isOthers(manifest: string, taskId: string): Promise<boolean>;
}

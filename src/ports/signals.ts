/** Why the loop wakes up. */
export type Wake =
  | { readonly kind: "socket"; readonly taskId: string | null }
  | { readonly kind: "folder"; readonly taskId: string | null }
  | { readonly kind: "manifest" };

export interface WakeSource {
  /** Where session wrappers and other commands report; absolute, at most 100 bytes. */
  readonly socketPath: string;
  close(): Promise<void>;
}

/** Wake-ups from the wrappers' socket, the task folders and the manifest's folder. Losing one is harmless: a timer is behind. */
export interface Signals {
  listen(onWake: (wake: Wake) => void): Promise<WakeSource>;
  /** Tells a running orchestrator of this workdir to look; false when none listens. */
  poke(taskId: string | null): Promise<boolean>;
}

import type { ExecutorPorts } from "../executor/context.ts";
import type { CoppiceEvent, Journal } from "../ports/journal.ts";
import type { Locks } from "../ports/lock.ts";
import type { ManifestStore } from "../ports/manifest-store.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Signals } from "../ports/signals.ts";

/** One manifest with everything that belongs to it: its repository, its workdir, its forge. */
export interface Workspace {
  readonly ports: ExecutorPorts & { readonly store: ManifestStore };
  readonly locks: Locks;
  readonly signals: Signals;
  readonly notifier: Notifier;
  /** Opens the journal for the holder of the run's lock. */
  journal(fence: number): Journal;
  /** Absolute. */
  readonly workdir: string;
  /** The lock that the one acting process holds. */
  readonly lockPath: string;
}

/** Tells an event to the journal first and then to people. */
export function emitter(workspace: Workspace, fence: number): (event: CoppiceEvent) => Promise<void> {
  const journal = workspace.journal(fence);
  return async (event) => {
    await journal.append(event);
    await workspace.notifier.notify(event);
  };
}

import type { ExecutorPorts } from "../executor/context.ts";
import { machineTrouble } from "../manifest/machine-trouble.ts";
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
  /** Opens the journal for the holder of the run's lock; `beat` gives the number of the current beat. */
  journal(fence: number, beat: () => number): Journal;
  /** Absolute. */
  readonly workdir: string;
  /** The lock that the one acting process holds. */
  readonly lockPath: string;
}

/** Where a run tells what happens: to the journal first, then to people. */
export interface Story {
  readonly emit: (event: CoppiceEvent) => Promise<void>;
  /** The same for what may keep the journal from being written: people are told first. */
  readonly warn: (event: CoppiceEvent) => Promise<void>;
  /** A new beat begins. */
  readonly turnPage: () => void;
}

export function openStory(workspace: Workspace, fence: number): Story {
  let beat = 0;
  const journal = workspace.journal(fence, () => beat);
  return {
    async emit(event) {
      await journal.append(event);
      await workspace.notifier.notify(event);
    },
    async warn(event) {
      await workspace.notifier.notify(event);
      try {
        await journal.append(event);
      } catch (error) {
        if (machineTrouble(error) === undefined) throw error;
      }
    },
    turnPage() {
      beat += 1;
    },
  };
}

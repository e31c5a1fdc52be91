/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
  readonly host: string;
  readonly nonce: string;
  /** What the holder does, e.g. `coppice run`. */
  readonly purpose: string;
  readonly sinceMs: number;
  readonly fence: number;
}

export interface HeldLock {
  readonly holder: LockHolder;
  /** True as long as the lock file still names us. */
  isOurs(): Promise<boolean>;
  release(): Promise<void>;
}

export type LockOutcome =
  | { readonly kind: "held"; readonly lock: HeldLock }
  /** Another live process holds it. */
  | { readonly kind: "busy"; readonly holder: LockHolder };

/** Locks between processes by path; a dead holder's lock is taken over at once, a suspended one's never. */
export interface Locks {
  tryAcquire(path: string, purpose: string): Promise<LockOutcome>;
  /** Who holds it now, alive or suspended; null when nobody does. */
  holder(path: string): Promise<LockHolder | null>;
  /** Waits for the lock, at most `timeoutMs`; throws CoppiceError `lock-busy` that names the holder. */
  withLock<T>(path: string, purpose: string, timeoutMs: number, work: () => Promise<T>): Promise<T>;
}

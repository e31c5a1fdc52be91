/** Time, as an argument of everything above the pure rooms. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Milliseconds since some moment, which neither a change of the clock nor the machine's sleep moves. */
  steady(): number;
  /** Minutes that local time is ahead of UTC now. */
  utcOffsetMinutes(): number;
  /** Resolves after `ms`, or at once when the signal fires. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

import type { CoppiceEvent } from "./journal.ts";

/** Where events are told: the terminal, an NDJSON stream, a person's own command. */
export interface Notifier {
  notify(event: CoppiceEvent): Promise<void> | void;
}

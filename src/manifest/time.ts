import { CoppiceError } from "./errors.ts";

/** Unix milliseconds as ISO 8601 in UTC, e.g. `2026-01-17T08:00:00.000Z`. */
export function toIso(ms: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: converts a given time, reads no clock
  return new Date(ms).toISOString();
}

/** Unix milliseconds of an ISO 8601 time that the schema has accepted; anything else throws (our own bug). */
export function fromIso(text: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: converts a given time, reads no clock
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new CoppiceError({
      code: "not-a-time",
      kind: "bug",
      message: `${JSON.stringify(text)} is no ISO 8601 time`,
      hint: "Please report this with the manifest that you used.",
    });
  }
  return ms;
}

import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { fromIso, toIso } from "../../../src/manifest/time.ts";

test.prop([fc.integer({ min: 0, max: 4e12 })])("a time survives the way there and back", (ms) => {
  expect(fromIso(toIso(ms))).toBe(ms);
});

test("an offset is understood", () => {
  expect(fromIso("2026-01-17T10:00:00+02:00")).toBe(fromIso("2026-01-17T08:00:00Z"));
});

test("what is no time is refused, never NaN", () => {
  expect(() => fromIso("yesterday")).toThrow(/no ISO 8601 time/);
});

import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { resetTimeMs } from "../../../src/classify/reset-time.ts";
import { fromIso } from "../../../src/manifest/time.ts";

const NOW = fromIso("2026-10-03T10:00:00Z");
const at = (text: string, offset = 0) => resetTimeMs(text, NOW, offset);

test.each([
  ["11:31 AM", "2026-10-03T11:31:00Z"],
  ["11:31", "2026-10-03T11:31:00Z"],
  ["09:15", "2026-10-04T09:15:00Z"],
  ["12:05 am", "2026-10-04T00:05:00Z"],
  ["12pm", "2026-10-03T12:00:00Z"],
  ["3pm (Europe/Berlin)", "2026-10-03T13:00:00Z"],
  ["8am (America/New_York)", "2026-10-03T12:00:00Z"],
  ["3pm (UTC)", "2026-10-03T15:00:00Z"],
  ["Oct 7 at 3pm", "2026-10-07T15:00:00Z"],
  ["14:08 on 7 Oct", "2026-10-07T14:08:00Z"],
  ["Feb 12th, 2027 3:04 PM", "2027-02-12T15:04:00Z"],
  ["Jan 2, 9am", "2027-01-02T09:00:00Z"],
  ["2026-10-03T14:00:00+02:00", "2026-10-03T12:00:00Z"],
  ["2h 5m", "2026-10-03T12:05:00Z"],
  ["in 2 hours and 5 minutes", "2026-10-03T12:05:00Z"],
  ["3 days 2 hours", "2026-10-06T12:00:00Z"],
  ["120s. ", "2026-10-03T10:02:00Z"],
  ["1m 55s attempt #1", "2026-10-03T10:01:55Z"],
  ["60", "2026-10-03T10:01:00Z"],
])("%j ends at %s", (text, iso) => {
  expect(at(text)).toBe(fromIso(iso));
});

test("a time of day is this machine's own", () => {
  expect(at("11:31", 120)).toBe(fromIso("2026-10-04T09:31:00Z"));
  expect(at("11:31", -300)).toBe(fromIso("2026-10-03T16:31:00Z"));
});

test("a limit that ends within this minute ends with it, not tomorrow", () => {
  const nowMs = NOW + 20_000;
  for (const text of ["10:00 AM", "10:00", "Oct 3rd, 2026 10:00 AM"])
    expect(resetTimeMs(text, nowMs, 0)).toBe(NOW + 60_000);
});

test("a time of day that was over before the screen was read is over", () => {
  expect(at("09:55")).toBe(fromIso("2026-10-03T09:55:00Z"));
  expect(at("09:49")).toBe(fromIso("2026-10-04T09:49:00Z"));
});

test.each(["", "later", "soon (hopefully)", "99:99", "Oct 99 at 3pm", "gpt-5.5"])(
  "%j is not understood",
  (text) => {
    expect(at(text)).toBeUndefined();
  },
);

test.prop([fc.string(), fc.integer({ min: -840, max: 840 })])(
  "any text is a time or nothing, never a throw",
  (text, offset) => {
    const ms = resetTimeMs(text, NOW, offset);
    if (ms !== undefined) expect(Number.isFinite(ms)).toBe(true);
  },
);

test.prop([
  fc.integer({ min: 0, max: 23 }),
  fc.integer({ min: 0, max: 59 }),
  fc.integer({ min: -840, max: 840 }),
])("a time of day lies within the next 24 hours, or is just over", (hour, minute, offset) => {
  const text = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
  const wait = (resetTimeMs(text, NOW, offset) ?? Number.NaN) - NOW;
  expect(wait).toBeGreaterThan(-600_000);
  expect(wait).toBeLessThanOrEqual(86_400_000 - 600_000);
});

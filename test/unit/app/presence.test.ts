import { expect, test } from "vitest";
import { presence } from "../../../src/app/presence.ts";
import { presenceLine } from "../../../src/cli/render.ts";
import type { CoppiceEvent } from "../../../src/ports/journal.ts";
import type { LockHolder } from "../../../src/ports/lock.ts";

const HOLDER: LockHolder = {
  pid: 12,
  startTime: "1",
  bootId: "b",
  host: "box",
  nonce: "n",
  purpose: "coppice run",
  sinceMs: 5,
  fence: 1,
};
const TROUBLE = {
  kind: "trouble",
  code: "disk-full",
  message: "no space left",
  hint: "Free some.",
} as const;

const seen = async (holder: LockHolder | null, events: readonly CoppiceEvent[]) => {
  const lines = events.map((event) => ({ at: "", run: "r", fence: 1, beat: 1, event }));
  const found = await presence({
    locks: { holder: async () => holder },
    lockPath: "/w/run.lock",
    journal: { tail: async () => lines },
  });
  return presenceLine(found, (_, text) => text);
};

test("nobody at work, somebody, or somebody whom the machine keeps from it", async () => {
  expect(await seen(null, [TROUBLE])).toMatch(/^no coppice is at work/);
  const over = [TROUBLE, { kind: "trouble-over" }] as const;
  expect(await seen(HOLDER, over)).toBe("coppice run (process 12 on box) is at work");
  expect(await seen(HOLDER, [TROUBLE, { kind: "manifest-mended" }])).toBe(
    "coppice run (process 12 on box) is at work, but everything waits: no space left. Free some.",
  );
});

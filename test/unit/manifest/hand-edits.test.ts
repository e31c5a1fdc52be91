import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { afterPatches, machineFields, refusedEdits } from "../../../src/manifest/hand-edits.ts";
import { mayChange, TaskStatus } from "../../../src/manifest/status.ts";
import { manifestOf, patched, taskId } from "../../support/decision.ts";

const WRITTEN = {
  status: "pr_open",
  prNumber: 7,
  worktree: "/w/worktrees/t1",
  startedAt: "2026-10-03T10:00:00.000Z",
} as const;
const written = manifestOf({ t1: WRITTEN });

describe("a change by hand", () => {
  test("of what the run notes is put back, with the reason", () => {
    const found = manifestOf({ t1: { ...WRITTEN, prNumber: 8 } });
    const refused = refusedEdits(machineFields(written), found);
    expect(refused).toMatchObject([{ taskId: "t1", field: "prNumber" }]);
    const undone = patched(
      found,
      refused.map(({ undo }) => undo),
    );
    expect(machineFields(undone).get(taskId("t1"))).toMatchObject(WRITTEN);
  });

  test("of a person's own fields is none of its business", () => {
    const found = manifestOf({ t1: { ...WRITTEN, title: "New", files: ["a.ts"] }, t2: {} });
    expect(refusedEdits(machineFields(written), found)).toEqual([]);
  });

  test("that begins a task afresh may clear what the run noted", () => {
    const found = manifestOf({ t1: { status: "pending", prNumber: null, worktree: null } });
    expect(refusedEdits(machineFields(written), found)).toEqual([]);
    const kept = manifestOf({ t1: { ...WRITTEN, prNumber: null } });
    expect(refusedEdits(machineFields(written), kept)).toHaveLength(1);
  });

  test("is told from what the run itself wrote since", () => {
    const patch = { kind: "task", taskId: taskId("t1"), set: { status: "merged" } } as const;
    const found = patched(written, [patch]);
    expect(refusedEdits(afterPatches(machineFields(written), [patch]), found)).toEqual([]);
  });

  const status = fc.constantFrom(...TaskStatus.options);
  test.prop([status, status])(
    "of the status is refused exactly where a person may not make it, and says what may be set",
    (from, to) => {
      const found = manifestOf({ t1: { status: to } });
      const refused = refusedEdits(machineFields(manifestOf({ t1: { status: from } })), found);
      expect(refused.length > 0).toBe(!mayChange("person", from, to));
      for (const { reason, undo } of refused) {
        expect(reason).toContain(`${from} a person cannot set ${to}`);
        expect(undo.set.status).toBe(from);
      }
    },
  );
});

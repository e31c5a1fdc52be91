import { describe, expect, test } from "vitest";
import type { Action } from "../../../src/decide/action.ts";
import { createHands } from "../../../src/heartbeat/hands.ts";
import { taskId } from "../../support/decision.ts";

const order = (id: string): { readonly action: Action } => ({
  action: { kind: "stop-session", taskId: taskId(id), why: "test", asked: true },
});

/** Hands whose actions end when the test says so. */
function heldHands() {
  const begun: string[] = [];
  const ends = new Map<
    string,
    { resolve: (note?: () => Promise<void>) => void; reject: (error: Error) => void }
  >();
  const hands = createHands(({ action }: { readonly action: Action }) => {
    begun.push(action.taskId);
    return new Promise<() => Promise<void>>((resolve, reject) =>
      ends.set(action.taskId, { resolve: (note = async () => undefined) => resolve(note), reject }),
    );
  });
  const told: string[] = [];
  return {
    hands,
    begun,
    told,
    begin: (...ids: string[]) => hands.begin(ids.map(order), () => told.push("ended")),
    end: (id: string, note?: () => Promise<void>) => ends.get(id)?.resolve(note),
    fail: (id: string) => ends.get(id)?.reject(new Error("our bug")),
  };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `t${index + 1}`);

describe("the actions beside the beats", () => {
  test("are under way from the order to the end, also while they wait for their turn", async () => {
    const { hands, begun, begin, end, told } = heldHands();
    begin(...names(10));
    await expect.poll(() => begun.length).toBe(8);
    expect([...hands.underWay().keys()]).toEqual(names(10));
    end("t3");
    await expect.poll(() => begun.length).toBe(9);
    expect(hands.underWay().has(taskId("t3"))).toBe(false);
    expect(told).toEqual(["ended"]);
  });

  test("give their turn to the next one while their outcome is noted, and are under way until then", async () => {
    const { hands, begun, begin, end } = heldHands();
    begin(...names(9));
    await expect.poll(() => begun.length).toBe(8);
    let breakNote: (error: Error) => void = () => undefined;
    end("t1", () => new Promise((_, reject) => (breakNote = reject)));
    await expect.poll(() => begun.length).toBe(9);
    expect(hands.underWay().has(taskId("t1"))).toBe(true);
    breakNote(new Error("our bug"));
    for (const id of names(9)) end(id);
    await expect(hands.settle()).rejects.toThrow("our bug");
  });

  test("of a stopped run end, and none is begun any more", async () => {
    const { hands, begun, begin, end } = heldHands();
    begin(...names(9));
    await expect.poll(() => begun.length).toBe(8);
    const stopped = hands.stop();
    for (const id of names(8)) end(id);
    await stopped;
    expect(begun).not.toContain("t9");
    expect(hands.underWay().size).toBe(0);
  });

  test("that break are told to whoever asks next, and no other is begun", async () => {
    const { hands, begun, begin, end, fail } = heldHands();
    begin(...names(9));
    await expect.poll(() => begun.length).toBe(8);
    fail("t1");
    for (const id of names(8)) end(id);
    await expect(hands.settle()).rejects.toThrow("our bug");
    expect(begun).not.toContain("t9");
  });
});

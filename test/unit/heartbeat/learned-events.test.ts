import { expect, test } from "vitest";
import { learnedEvents } from "../../../src/heartbeat/learned-events.ts";
import { manifestOf, type Told } from "../../support/decision.ts";

const predicted = [{ path: "x.ts", confidence: 0.5 }];
const t1 = (state: Told["state"], status: Told["status"] = "running"): Told => ({
  status,
  predicted,
  state,
});
const waiting: Readonly<Record<string, Told>> = { t2: { predicted }, t3: { files: ["y.ts"] } };
const between = (before: Told, after: Told) =>
  learnedEvents(manifestOf({ t1: before, ...waiting }), manifestOf({ t1: after, ...waiting }));

test("what a commit frees and what it holds are told once", () => {
  const before = t1({ touched: ["z.ts"], commits: 0 });
  const after = t1({ touched: ["z.ts", "y.ts"], commits: 1 });
  expect(between(before, after)).toEqual([
    {
      kind: "order-learned",
      taskId: "t3",
      on: "t1",
      change: "held",
      why: "t1 has touched y.ts, which t3 touches too",
    },
    {
      kind: "order-learned",
      taskId: "t2",
      on: "t1",
      change: "released",
      why: "both probably touch x.ts (50 % and 50 %)",
    },
  ]);
  expect(between(after, after)).toEqual([]);
});

test("a delivery and a person's edit are not learned", () => {
  const at = t1({ touched: ["y.ts"], commits: 1 });
  expect(between(at, t1({ touched: ["y.ts"], commits: 1 }, "complete"))).toEqual([]);
  expect(
    learnedEvents(
      manifestOf({ t1: at, ...waiting }),
      manifestOf({ t1: at, t2: { files: ["y.ts"] } }),
    ),
  ).toEqual([]);
});

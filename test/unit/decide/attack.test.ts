import { describe, expect, test } from "vitest";
import { type ChecksFact, known } from "../../../src/classify/evidence.ts";
import { decide } from "../../../src/decide/decide.ts";
import {
  actionsOf,
  ago,
  MINUTE,
  NOW,
  newStatus,
  patched,
  SECOND,
  type Told,
  taskId,
  viewOf,
  waitOf,
} from "../../support/decision.ts";
import {
  exitFact,
  gitFact,
  HEAD,
  launchFact,
  pullRequest,
  sessionFact,
  verdict,
} from "../../support/facts.ts";

const policy = { checks: "tell" } as const;
const failed: ChecksFact = { sha: HEAD, state: "failed", failed: [{ name: "build", tail: ["x"] }] };
const opened = (checks: ChecksFact | null, more: Told = {}): Told => ({
  status: "pr_open",
  attempts: 1,
  prNumber: 7,
  completedAt: ago(10 * MINUTE),
  ...more,
  state: { agent: "codex", conversation: "c1", pushedSha: HEAD, provedSha: HEAD, ...more.state },
  facts: { pullRequest: known(pullRequest()), checks: known(checks), ...more.facts },
});
const dbg = (d: ReturnType<typeof decide>) =>
  JSON.stringify({ a: actionsOf(d), w: d.waits, p: d.patches, wake: d.wakeAtMs }, null, 1);

test("P2a cancelled with baseConflict blocks", () => {
  const d = decide(
    viewOf(
      {
        t0: {
          status: "cancelled",
          state: { baseConflict: { tip: HEAD, base: "main", files: ["a"] } },
        },
        t1: opened(failed),
      },
      { policy, maxParallel: 1 },
    ),
  );
  console.log("P2a", dbg(d));
});
test("P2b to-tell without start left blocks", () => {
  const d = decide(
    viewOf({ t0: opened(failed, { attempts: 3 }), t1: opened(failed) }, { policy, maxParallel: 1 }),
  );
  console.log("P2b", dbg(d));
});
test("P2c start under way", () => {
  const d = decide(
    viewOf(
      { t0: opened(failed), t1: { status: "pending" } },
      { policy, maxParallel: 1 },
      { underWay: new Map([[taskId("t1"), { kind: "start" } as never]]) },
    ),
  );
  console.log("P2c", dbg(d));
});
test("P1 closed while mending", () => {
  const d = decide(
    viewOf(
      {
        t0: {
          status: "running",
          attempts: 2,
          prNumber: 7,
          startedAt: ago(MINUTE),
          state: {
            agent: "codex",
            pushedSha: "f".repeat(40),
            checksTold: "f".repeat(40),
            verdict: "exited-ok",
            verdictSince: ago(MINUTE),
            forkPoint: "e".repeat(40),
          },
          verdict: verdict("exited-ok", { fact: true, turn: "ended" }),
          facts: {
            pullRequest: known(pullRequest({ state: "closed" })),
            git: known(gitFact()),
            launch: known(launchFact({ attempt: 2 })),
            exit: known(exitFact()),
          },
        },
      },
      { policy },
    ),
  );
  console.log("P1", dbg(d));
});
test("P5 idle session and person", () => {
  const d = decide(
    viewOf(
      {
        t0: opened(failed, {
          state: { checksTold: HEAD, checkTries: 1 },
          verdict: verdict("idle-done", { turn: "ended" }),
          facts: { session: known(sessionFact()), launch: known(launchFact()) } as never,
        }),
      },
      { policy },
    ),
  );
  console.log("P5", dbg(d));
});
test("P5b session cannot be ended", () => {
  const d = decide(
    viewOf(
      {
        t0: opened(failed, {
          state: { startFailures: 50, verdict: "idle-done", verdictSince: ago(MINUTE) },
          verdict: verdict("idle-done", { turn: "ended" }),
          facts: { session: known(sessionFact()), launch: known(launchFact()) } as never,
        }),
      },
      { policy },
    ),
  );
  console.log("P5b", dbg(d));
});
test("P4 child of mending parent", () => {
  const d = decide(
    viewOf(
      {
        t0: {
          status: "running",
          attempts: 2,
          prNumber: 7,
          state: { agent: "codex" },
          verdict: verdict("working"),
          facts: {
            pullRequest: known(pullRequest()),
            launch: known(launchFact({ attempt: 2 })),
            session: known(sessionFact()),
            git: known(gitFact()),
          } as never,
        },
        t1: {
          status: "complete",
          dependsOn: ["t0"],
          state: { parent: "t0", provedSha: HEAD, forkPoint: HEAD },
          facts: { git: known(gitFact()) } as never,
        },
      },
      { policy },
    ),
  );
  console.log("P4", dbg(d));
});

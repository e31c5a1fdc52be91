import { test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { answerFor } from "../../../src/agents/dialogs.ts";
import type { Action } from "../../../src/decide/action.ts";
import { hasOpenPull } from "../../../src/decide/collide.ts";
import { decide } from "../../../src/decide/decide.ts";
import { type BeatView, type PlacedTask, placedTasks } from "../../../src/decide/view.ts";
import { predecessors } from "../../../src/graph/task-graph.ts";
import { agentsOf, settingsOf } from "../../../src/manifest/settings.ts";
import {
  isActive,
  isDelivered,
  isWaiting,
  mayChange,
  passesGate,
} from "../../../src/manifest/status.ts";
import type { Task } from "../../../src/manifest/task.ts";
import { fromIso } from "../../../src/manifest/time.ts";
import { arbitraryView } from "../../support/arbitrary-view.ts";
import { newStatus, patched, patchesOf } from "../../support/decision.ts";

/** A promise about the decision on any view. */
const holds = (promise: string, check: (view: BeatView) => void): void =>
  test.prop([arbitraryView], { numRuns: 300 })(promise, check, 60_000);

const tasksOf = (view: BeatView): readonly PlacedTask[] => [...placedTasks(view.manifest).values()];
/** All that it may touch: a guess (of 0.5) no longer once it has committed other work, or a person took it as complete. */
function pathsOf({ files, predicted = [], status, state }: Task): readonly string[] {
  const touched = isActive(status) ? state?.touched : undefined;
  const isReleased = status === "complete" || (touched !== undefined && (state?.commits ?? 0) > 0);
  const guesses = isReleased ? [] : predicted.map(({ path }) => path);
  return [...files, ...guesses, ...(touched ?? [])];
}

const placedOf = (view: BeatView, { taskId }: Action): PlacedTask => {
  const placed = placedTasks(view.manifest).get(taskId);
  if (placed === undefined) throw new Error(`an action for ${taskId}, which is no task`);
  return placed;
};

describe("whatever is seen", () => {
  holds("the same view gives the same decision", (view) => {
    const before = JSON.stringify(view.manifest);
    expect(decide(view)).toEqual(decide(view));
    expect(JSON.stringify(view.manifest)).toBe(before);
  });

  holds("nothing is decided about a task whose action is under way", (view) => {
    const decision = decide(view);
    for (const id of view.underWay.keys()) {
      expect(decision.actions.filter((action) => action.taskId === id)).toEqual([]);
      expect(newStatus(decision, id)).toBeUndefined();
      expect(decision.waits.find((one) => one.taskId === id)?.needsPerson).toBe(false);
    }
  });

  holds("a task gets one action in a beat at most", (view) => {
    const ids = decide(view).actions.map((action) => action.taskId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  holds("every change of status is the heartbeat's to make", (view) => {
    const { patches } = decide(view);
    for (const { task } of tasksOf(view)) {
      let from = task.status;
      for (const { set } of patchesOf(patches, task.id)) {
        const to = set.status ?? from;
        expect(mayChange("heartbeat", from, to), `${from} to ${to}`).toBe(true);
        from = to;
      }
    }
  });

  holds("what is written is a valid manifest", (view) => {
    expect(() => patched(view.manifest, decide(view).patches)).not.toThrow();
  });

  holds("every unfinished task says what it waits for", (view) => {
    const decision = decide(view);
    for (const { task } of tasksOf(view)) {
      const status = newStatus(decision, task.id) ?? task.status;
      if (["pr_open", "merged", "cancelled", "archived"].includes(status)) continue;
      // A person took it as complete and there is nothing to push: it is finished.
      if (task.status === "complete" && task.state?.provedSha === undefined) continue;
      const wait = decision.waits.find((one) => one.taskId === task.id);
      expect(wait?.reason ?? "", `${task.id} is ${status}`).not.toBe("");
    }
  });

  holds("who waits for somebody that needs a person needs one too", (view) => {
    const { waits } = decide(view);
    const needing = new Set(waits.filter((one) => one.needsPerson).map((one) => one.taskId));
    for (const { taskId, on, onAny } of waits) {
      const isStuck = onAny ? on.every((id) => needing.has(id)) : on.some((id) => needing.has(id));
      if (isStuck && on.length > 0) expect(needing).toContain(taskId);
    }
  });

  holds("it never asks to be woken in the past", (view) => {
    const { wakeAtMs } = decide(view);
    expect(wakeAtMs ?? view.nowMs).toBeGreaterThanOrEqual(view.nowMs);
  });
});

describe("starts", () => {
  holds("never make more sessions than allowed", (view) => {
    const decision = decide(view);
    const starts = decision.actions.filter((action) => action.kind === "start").length;
    const holding = tasksOf(view).filter(({ task }) => {
      const session = view.evidence.get(task.id)?.session;
      const alive = session?.kind === "known" && session.value !== null;
      return (
        isActive(newStatus(decision, task.id) ?? task.status) ||
        view.underWay.get(task.id)?.kind === "start" ||
        (isWaiting(task.status) && alive)
      );
    });
    if (starts > 0) expect(starts + holding.length).toBeLessThanOrEqual(view.maxParallel);
  });

  holds("wait for dependencies and for tasks with the same files", (view) => {
    const decision = decide(view);
    const placed = placedTasks(patched(view.manifest, decision.patches));
    const { actions } = decision;
    for (const action of actions.filter(({ kind }) => kind === "start")) {
      for (const edge of predecessors(view.graph, action.taskId)) {
        const other = placed.get(edge.from)?.task.status ?? "merged";
        const overtaken = edge.probable === true && (isWaiting(other) || other === "error");
        const free =
          edge.kind === "dependency" ? isDelivered(other) : passesGate(other) || overtaken;
        expect(free, `${action.taskId} after ${edge.from} (${other})`).toBe(true);
      }
      const { task } = placedOf(view, action);
      const rivals = tasksOf(view).filter(
        ({ task: other }) =>
          other.id !== task.id &&
          pathsOf(placed.get(other.id)?.task ?? other).some((path) =>
            pathsOf(task).includes(path),
          ) &&
          (isActive(newStatus(decision, other.id) ?? other.status) ||
            view.underWay.get(other.id)?.kind === "start" ||
            actions.some((one) => one.kind === "start" && one.taskId === other.id)),
      );
      expect(rivals.map((other) => other.task.id)).toEqual([]);
    }
  });

  holds("wait for the phases before", (view) => {
    const decision = decide(view);
    const { phases } = patched(view.manifest, decision.patches);
    for (const action of decision.actions) {
      if (action.kind !== "start") continue;
      const { phaseIndex } = placedOf(view, action);
      for (const phase of phases.slice(0, phaseIndex)) {
        for (const { id, status } of phase.tasks) {
          const passed =
            ["draft", "planned", "merged", "cancelled", "archived"].includes(status) ||
            (phase.gate === "delivered" && passesGate(status));
          expect(passed, `${action.taskId} began before ${id} (${status})`).toBe(true);
        }
      }
    }
  });

  holds("never wake a paused agent", (view) => {
    const decision = decide(view);
    const after = patched(view.manifest, decision.patches).pausedAgents ?? {};
    for (const action of decision.actions) {
      if (action.kind !== "start" && action.kind !== "restart" && action.kind !== "resume")
        continue;
      const pause = after[action.agent];
      const held =
        pause !== undefined && (pause.until === null || fromIso(pause.until) > view.nowMs);
      expect(held, `${action.kind} of ${action.agent}`).toBe(false);
    }
  });

  holds("each take the next number, within the tries of the policy", (view) => {
    for (const action of decide(view).actions) {
      if (action.kind !== "start" && action.kind !== "restart" && action.kind !== "resume")
        continue;
      const { task } = placedOf(view, action);
      expect(action.attempt).toBe((task.attempts ?? 0) + 1);
      const agents = agentsOf(view.manifest, task);
      expect(agents).toContain(action.agent);
      if (action.kind === "start") continue;
      const used = (task.attempts ?? 0) - (task.state?.attemptsBefore ?? 0);
      expect(used).toBeLessThan(agents.length * view.manifest.policy.attemptsMax);
    }
  });
});

describe("an unanswered question", () => {
  const blind = (
    view: BeatView,
    action: Action,
    ...probes: ("session" | "git" | "launch" | "pullRequest")[]
  ) => probes.filter((name) => view.evidence.get(action.taskId)?.[name].kind === "unknown");

  holds("starts nothing", (view) => {
    for (const action of decide(view).actions) {
      if (action.kind !== "start") continue;
      expect(blind(view, action, "session", "launch", "pullRequest")).toEqual([]);
    }
  });

  holds("stops and removes nothing", (view) => {
    for (const action of decide(view).actions) {
      if (action.kind !== "stop-session" && action.kind !== "retire") continue;
      expect(blind(view, action, "session")).toEqual([]);
    }
  });

  holds("delivers and verifies nothing", (view) => {
    for (const action of decide(view).actions) {
      if (action.kind === "deliver" || action.kind === "verify")
        expect(blind(view, action, "git")).toEqual([]);
    }
  });

  holds("about the session itself leaves it alone", (view) => {
    for (const { task } of tasksOf(view)) {
      if (view.verdicts.get(task.id)?.kind !== "unknown") continue;
      if (!isActive(task.status)) continue;
      expect(decide(view).actions.filter((action) => action.taskId === task.id)).toEqual([]);
    }
  });
});

describe("a session at work", () => {
  holds("is never touched, stopped, restarted or delivered", (view) => {
    for (const action of decide(view).actions) {
      const { task } = placedOf(view, action);
      const seen = view.verdicts.get(task.id);
      if (seen?.kind !== "working") continue;
      if (isActive(task.status)) expect(action.kind).toBe("none");
      if (task.status === "pr_open") expect(action.kind).toBe("none");
    }
  });

  holds("is believed to have ended only after a second equal reading", (view) => {
    for (const action of decide(view).actions) {
      const { task } = placedOf(view, action);
      const seen = view.verdicts.get(task.id);
      const judged = isActive(task.status) || task.status === "pr_open";
      if (!judged || seen === undefined || seen.fact) continue;
      expect(task.state?.verdict, `${action.kind} at once`).toBe(seen.kind);
    }
  });
});

describe("deliveries", () => {
  holds("have a proof, or a person's word", (view) => {
    for (const action of decide(view).actions) {
      if (action.kind !== "deliver") continue;
      const { task } = placedOf(view, action);
      const git = view.evidence.get(task.id)?.git;
      const verify = view.evidence.get(task.id)?.verify;
      if (git?.kind !== "known") throw new Error("git did not answer");
      if (task.status === "complete") {
        expect(action.sha).toBe(task.state?.provedSha ?? git.value?.headSha);
        continue;
      }
      expect(["exited-ok", "idle-done", "waiting-input"]).toContain(
        view.verdicts.get(task.id)?.kind,
      );
      expect(git.value).toMatchObject({ worktreeReady: true, dirtyFiles: [], headSha: action.sha });
      expect(git.value?.commitsAhead).toBeGreaterThan(0);
      if (settingsOf(view.manifest, task).verify !== undefined) {
        expect(verify).toMatchObject({ value: { sha: action.sha, code: 0, running: false } });
      }
    }
  });

  holds("never exceed the hour's number of pull requests", (view) => {
    const hour = tasksOf(view).filter(({ task }) => task.prNumber !== null && task.completedAt);
    // What is mended goes to the pull request that it has.
    const delivered = decide(view).actions.filter(
      (action) => action.kind === "deliver" && placedOf(view, action).task.prNumber === null,
    );
    if (delivered.length === 0) return;
    expect(hour.length + delivered.length).toBeLessThanOrEqual(
      view.manifest.policy.pullRequestsPerHourMax,
    );
  });
});

describe("work that does not merge, or may not", () => {
  const rivals = (view: BeatView, id: string): readonly string[] =>
    [...view.collisions, ...view.untried].flatMap(({ left, right }) =>
      left === id ? [right] : right === id ? [left] : [],
    );

  holds("is not delivered at the same time", (view) => {
    const going = decide(view).actions.filter(({ kind }) => kind === "deliver");
    const before = [...view.underWay].flatMap(([id, { kind }]) => (kind === "deliver" ? [id] : []));
    const ids = [...going.map(({ taskId }) => taskId), ...before];
    for (const { taskId } of going)
      expect(ids.filter((id) => rivals(view, taskId).includes(id))).toEqual([]);
  });

  holds("is waited for only where it is being delivered, or its pull request is open", (view) => {
    const { actions, waits } = decide(view);
    const placed = placedTasks(view.manifest);
    const delivering = new Set<string>([
      ...[...view.underWay].flatMap(([id, { kind }]) => (kind === "deliver" ? [id] : [])),
      ...actions.flatMap(({ kind, taskId }) => (kind === "deliver" ? [taskId] : [])),
    ]);
    const ofRivals = waits.filter(({ reason: why }) => /not merge with(?!.* any more)/.test(why));
    for (const { taskId, reason } of ofRivals) {
      const others = rivals(view, taskId).filter(
        (id) =>
          delivering.has(id) ||
          [...placed.values()].some(
            ({ task }) =>
              task.id === id && (isDelivered(task.status) || hasOpenPull(view.evidence, task)),
          ),
      );
      expect(others, `${taskId} ${reason}`).not.toEqual([]);
    }
  });

  holds("is held by an open pull request where the policy says so", (view) => {
    if (view.manifest.policy.collisions === "tell") return;
    const placed = placedTasks(view.manifest);
    for (const { kind, taskId } of decide(view).actions) {
      const open = rivals(view, taskId).filter((id) =>
        [...placed.values()].some(
          ({ task }) =>
            task.id === id &&
            (task.status === "pr_open" ||
              (isActive(task.status) && hasOpenPull(view.evidence, task))),
        ),
      );
      // What is open itself takes its mended commits.
      const isOpen = placed.get(taskId)?.task.prNumber !== null;
      if (kind === "deliver" && !isOpen) expect(open).toEqual([]);
    }
  });

  holds("is told of once, and never to an agent at work", (view) => {
    const { actions, patches } = decide(view);
    const placed = placedTasks(view.manifest);
    for (const { task } of placed.values()) {
      const before = task.state?.collisionsTold ?? [];
      const after = patchesOf(patches, task.id).find(({ state }) => state?.collisionsTold)?.state
        ?.collisionsTold;
      if (after === undefined) continue;
      const told = actions.find(({ taskId }) => taskId === task.id)?.kind;
      // A launch that is taken over begins anew.
      if (told === undefined) continue;
      expect(new Set(after).size).toBe(after.length);
      expect(after.slice(0, before.length)).toEqual(before);
      expect(after.length).toBeGreaterThan(before.length);
      expect(view.verdicts.get(task.id)?.kind).not.toBe("working");
      expect(view.manifest.policy.collisions).toBe("tell");
    }
  });
});

describe("answers", () => {
  holds("are only those that the policy allows, and no more than it allows", (view) => {
    for (const action of decide(view).actions) {
      if (action.kind !== "answer") continue;
      const { task } = placedOf(view, action);
      const seen = view.verdicts.get(task.id)?.dialog;
      if (seen === undefined) throw new Error("an answer to no dialog");
      const allowed = answerFor(seen, view.manifest.policy.answers);
      expect(allowed).toMatchObject({ kind: "choose", label: action.answer });
      expect(seen.options.map((option) => option.label)).toContain(action.answer);
      expect(task.state?.answers ?? 0).toBeLessThan(view.manifest.policy.answersMax);
    }
  });
});

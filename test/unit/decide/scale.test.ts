import { expect, test } from "vitest";
import { known } from "../../../src/classify/evidence.ts";
import { type Decision, decide } from "../../../src/decide/decide.ts";
import type { BeatView } from "../../../src/decide/view.ts";
import { followWaits, type TaskWait } from "../../../src/decide/wait.ts";
import { ago, MINUTE, type Told, viewOf } from "../../support/decision.ts";
import { gitFact } from "../../support/facts.ts";

const SMALL = 400;
const LARGE = 5 * SMALL;

const named = (count: number, told: (index: number) => Told): Record<string, Told> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, told(index)]));

/** Two phases, where the second waits for every task of the first. */
const gated = (count: number): BeatView => {
  const view = viewOf(named(count, () => ({ status: "pending" })));
  const tasks = view.manifest.phases[0]?.tasks ?? [];
  const phases = [tasks.slice(0, count / 2), tasks.slice(count / 2)].map((some, index) => ({
    name: `Phase ${index}`,
    gate: "delivered" as const,
    tasks: some,
  }));
  return { ...view, manifest: { ...view.manifest, phases } };
};
/** Each waits for the one below it, the last for a person. */
const chained = (count: number): BeatView =>
  viewOf(
    named(count, (index) =>
      index === count - 1
        ? { status: "error", error: "failed" }
        : { status: "blocked", dependsOn: [`t${index + 1}`] },
    ),
  );
const proved = (count: number): BeatView =>
  viewOf(named(count, () => ({ status: "complete", facts: { git: known(gitFact()) } })));
const opened = (count: number): BeatView =>
  viewOf(
    named(count, (index) => ({
      status: index % 2 === 0 ? "complete" : "pr_open",
      prNumber: index % 2 === 0 ? null : index,
      completedAt: ago(5 * MINUTE),
      facts: { git: known(gitFact()) },
    })),
  );
const merged = (count: number): BeatView =>
  viewOf(named(count, (index) => ({ status: "merged", worktree: `/w/t${index}` })));

/** How often a decision reads a field of a task or an entry of a list of waits. */
function steps(view: BeatView): number {
  let reads = 0;
  const counted = <Value extends object>(value: Value): Value =>
    new Proxy(value, {
      get(target, key, receiver) {
        reads += 1;
        const found: unknown = Reflect.get(target, key, receiver);
        return typeof found === "object" && found !== null && !(found instanceof Map)
          ? counted(found)
          : found;
      },
    });
  const manifest = {
    ...view.manifest,
    phases: view.manifest.phases.map((phase) => ({ ...phase, tasks: phase.tasks.map(counted) })),
  };
  decide({ ...view, manifest });
  return reads;
}

test.each([
  ["waits for a phase", gated],
  ["waits in a chain", chained],
  ["is to be delivered", proved],
  ["is delivered or to be", opened],
  ["is merged", merged],
])(
  "deciding on five times the tasks costs about five times as much where everything %s",
  (_, make) => {
    expect(steps(make(LARGE)) / steps(make(SMALL))).toBeLessThan(7);
  },
);

test("who needs a person is found by reading every wait about once, however long the chain", () => {
  const { waits } = decide(chained(LARGE));
  let reads = 0;
  const counted = waits.map((wait) => {
    const get = (target: TaskWait, key: keyof TaskWait) => {
      reads += 1;
      return target[key];
    };
    return new Proxy(
      { ...wait, needsPerson: wait.taskId === `t${LARGE - 1}` },
      { get: get as never },
    );
  });
  expect(followWaits(counted).every((wait) => wait.needsPerson)).toBe(true);
  expect(reads).toBeLessThan(12 * LARGE);
});

test("a reason stays short and a list of tasks is not repeated, however many hold a gate", () => {
  const { waits }: Decision = decide({ ...gated(LARGE), maxParallel: 0 });
  const later = waits.slice(LARGE / 2);
  expect(new Set(later.map((wait) => wait.on)).size).toBe(1);
  expect(Math.max(...later.map((wait) => wait.reason.length))).toBeLessThan(200);
  expect(later[0]?.reason).toMatch(/t0 \(pending\), .* and 995 more of phase "/);
});

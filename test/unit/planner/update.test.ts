import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { isJsonObject, type JsonObject } from "../../../src/manifest/json.ts";
import { Manifest } from "../../../src/manifest/manifest.ts";
import type { Issue } from "../../../src/planner/issue.ts";
import { type Plan, plan } from "../../../src/planner/plan.ts";
import { presentTasks, updatePlan, writtenPlan } from "../../../src/planner/update.ts";
import { issue } from "../../support/issue.ts";

const planned = (issues: readonly Issue[], current?: JsonObject): Plan => {
  const made = plan({
    issues,
    known: new Map(),
    files: ["src/a.ts", "src/b.ts"],
    settings: { header: { project: "shop", repo: "acme/shop" }, breakCycles: false },
    ...(current === undefined ? {} : { present: presentTasks(Manifest.parse(current)) }),
  });
  if (made.kind === "planned") return made;
  throw new Error(made.sentences.join("\n"));
};

/** A plan of `before`, edited by a person or a run, then updated by one of `after`. */
function updated(
  before: readonly Issue[],
  change: (task: Record<string, unknown>) => void,
  after: readonly Issue[],
  gone: readonly (readonly [number, string])[] = [],
) {
  const first = planned(before);
  const current = structuredClone(first.manifest);
  for (const task of tasksOf(current)) change(task as Record<string, unknown>);
  const result = updatePlan(current, planned(after, current), writtenPlan(first), new Map(gone));
  const tasks = new Map(tasksOf(result.raw).map((task) => [task["id"], task]));
  return { ...result, tasks, current };
}

const tasksOf = (raw: JsonObject): JsonObject[] =>
  [raw["phases"]]
    .flat()
    .flatMap((phase) => (isJsonObject(phase) ? [phase["tasks"]].flat().filter(isJsonObject) : []));
const nothing = () => undefined;
const only =
  (id: string, change: (task: Record<string, unknown>) => void) =>
  (task: Record<string, unknown>) => {
    if (task["id"] === id) change(task);
  };

describe("an update of a manifest", () => {
  test("of the same issues changes nothing, whatever a run wrote", () => {
    const issues = [issue(1), issue(2, "needs #1")];
    const running = only("t1", (task) => Object.assign(task, { status: "running", attempts: 1 }));
    const { raw, changes, current } = updated(issues, running, issues);
    expect(raw).toEqual(current);
    expect(changes).toEqual([]);
  });

  test("lets new issues join, in a phase of their own where there is none, with their edges", () => {
    const { changes, tasks, raw } = updated(
      [issue(1), issue(3, "", { labels: ["critical"] })],
      nothing,
      [
        issue(1),
        issue(3, "", { labels: ["critical"] }),
        issue(4, "needs #3", { labels: ["high"] }),
      ],
    );
    expect(changes).toEqual([
      { kind: "joins", task: "t4", title: "Issue 4", phase: "Phase 2: High" },
      { kind: "waits", task: "t4", dependsOn: "t3", why: "“needs #3” (#4, body line 1)" },
    ]);
    expect(tasks.get("t4")).toMatchObject({ dependsOn: ["t3"], status: "pending" });
    expect(Manifest.parse(raw).phases.map(({ name }) => name)).toEqual([
      "Phase 1: Critical",
      "Phase 2: High",
      "Phase 3: Medium and low",
    ]);
  });

  test("lets closed ones leave, with the edges to them, unless their work has begun", () => {
    const begin = (task: Record<string, unknown>) => {
      if (task["id"] === "t2") Object.assign(task, { status: "running", attempts: 1 });
      if (task["id"] === "t4") Object.assign(task, { status: "pr_open", attempts: 1 });
    };
    const issues = [issue(1), issue(2), issue(3, "needs #1"), issue(4)];
    const closed = [1, 2, 4].map((number) => [number, "its issue is closed"] as const);
    const { changes, tasks } = updated(issues, begin, [issue(3, "needs #1")], closed);
    expect(changes).toEqual([
      { kind: "leaves", task: "t1", why: "its issue is closed" },
      { kind: "stays", task: "t2", why: "its issue is closed, but it is running" },
    ]);
    expect([...tasks.keys()]).toEqual(["t2", "t3", "t4"]);
    expect(tasks.get("t3")?.["dependsOn"]).toEqual([]);
  });

  test("brings what an issue says now, but where a person changed it", () => {
    const person = only("t1", (task) => {
      task["title"] = "My title";
      task["files"] = ["src/a.ts", "mine.ts"];
    });
    const { changes, tasks } = updated([issue(1, "In src/a.ts"), issue(2)], person, [
      issue(1, "In src/b.ts", { title: "New 1" }),
      issue(2, "Text", { labels: ["P1"] }),
    ]);
    expect(tasks.get("t1")).toMatchObject({
      title: "My title",
      body: "In src/b.ts",
      files: ["mine.ts", "src/b.ts"],
    });
    expect(tasks.get("t2")).toMatchObject({ body: "Text", priority: "high" });
    expect(changes).toEqual([
      { kind: "changes", task: "t2", fields: ["body", "priority", "labels"] },
      { kind: "moves", task: "t2", phase: "Phase 2: High", why: "its issue says so" },
      { kind: "kept", task: "t1", fields: ["title"] },
      { kind: "changes", task: "t1", fields: ["body", "files"] },
    ]);
  });

  test("changes nothing of what has begun or was taken back", () => {
    const begun = (task: Record<string, unknown>) =>
      Object.assign(
        task,
        task["id"] === "t1" ? { status: "stuck", attempts: 1 } : { status: "cancelled" },
      );
    const now = [issue(1, "new", { labels: ["critical"] }), issue(2, "new")];
    const { changes, raw, current } = updated([issue(1), issue(2)], begun, now);
    expect(changes).toEqual([]);
    expect(raw).toEqual(current);
  });

  test("keeps edges that a person made, and leaves out those that a person removed", () => {
    const issues = [issue(1), issue(2, "needs #1"), issue(3, "needs #1")];
    const person = (task: Record<string, unknown>) => {
      if (task["id"] === "t2") task["dependsOn"] = [];
      if (task["id"] === "t3") task["dependsOn"] = ["t1", "t2"];
    };
    const { changes, tasks } = updated(issues, person, [
      issue(1),
      issue(2, "needs #1"),
      issue(3, "no more"),
    ]);
    expect(tasks.get("t2")?.["dependsOn"]).toEqual([]);
    expect(tasks.get("t3")?.["dependsOn"]).toEqual(["t2"]);
    expect(changes).toContainEqual({ kind: "waits-no-more", task: "t3", dependsOn: "t1" });
  });

  test("does not bring back a task that a person removed, but one whose issue was opened again", () => {
    const first = planned([issue(1), issue(2)]);
    const without = updatePlan(
      first.manifest,
      planned([issue(1)]),
      writtenPlan(first),
      new Map([[2, "closed"]]),
    );
    const again = updatePlan(
      without.raw,
      planned([issue(1), issue(2)], without.raw),
      without.written,
      new Map(),
    );
    expect(again.changes).toMatchObject([{ kind: "joins", task: "t2" }]);
    const removed = updatePlan(
      without.raw,
      planned([issue(1), issue(2)], without.raw),
      writtenPlan(first),
      new Map(),
    );
    expect(removed.changes).toEqual([{ kind: "stays-out", task: "t2", title: "Issue 2" }]);
    expect(removed.raw).toEqual(without.raw);
  });

  test("of a manifest that no plan wrote keeps everything in it, and its tasks' own names", () => {
    const current = {
      project: "shop",
      phases: [
        { name: "Sprint 1", tasks: [{ id: "cart", issue: 1, title: "Mine", body: "Mine" }] },
      ],
    };
    const made = planned([issue(1, "Theirs"), issue(2, "needs #1")], current);
    const { raw, changes } = updatePlan(current, made, {}, new Map());
    expect(raw).toMatchObject({
      phases: [
        { name: "Sprint 1", tasks: [{ id: "cart", title: "Mine", body: "Mine" }] },
        { name: "Phase 3: Medium and low", tasks: [{ id: "t2", dependsOn: ["cart"] }] },
      ],
    });
    expect(changes).toContainEqual({ kind: "kept", task: "cart", fields: ["title", "body"] });
  });

  test("moves a task behind what it waits for now", () => {
    const before = [issue(1, "", { labels: ["critical"] }), issue(2)];
    const late = only("t2", (task) => Object.assign(task, { status: "running", attempts: 1 }));
    const { changes, tasks } = updated(before, late, [
      issue(1, "needs #2", { labels: ["critical"] }),
      issue(2),
    ]);
    expect(tasks.get("t1")?.["dependsOn"]).toEqual(["t2"]);
    expect(changes).toContainEqual({
      kind: "moves",
      task: "t1",
      phase: "Phase 3: Medium and low",
      why: "it waits for t2",
    });
  });

  test("makes a draft a task when its issue says enough, unless a person decided", () => {
    const vague = (title: string) => issue(1, "", { title });
    const now = [vague("Improve the time that the first page takes")];
    expect(updated([vague("Improve it")], nothing, now).tasks.get("t1")?.["status"]).toBe(
      "pending",
    );
    const planned = only("t1", (task) => Object.assign(task, { status: "planned" }));
    expect(updated([vague("Improve it")], planned, now).tasks.get("t1")?.["status"]).toBe(
      "planned",
    );
  });
});

const someIssues = fc.uniqueArray(
  fc.record({
    number: fc.integer({ min: 1, max: 8 }),
    body: fc.constantFrom("", "src/a.ts", "src/b.ts"),
    label: fc.constantFrom("critical", "high", "low"),
    needs: fc.integer({ min: 1, max: 8 }),
  }),
  { selector: ({ number }) => number },
);
const toIssues = (
  some: Parameters<typeof someIssues.map>[0] extends (value: infer T) => unknown ? T : never,
) =>
  some.map(({ number, body, label, needs }) =>
    issue(number, needs < number ? `${body}\n\nneeds #${needs}` : body, { labels: [label] }),
  );

test.prop([someIssues, someIssues, someIssues])(
  "whatever issues come and go, the manifest ends as a new plan would have it, by tasks, texts and edges",
  (first, second, third) => {
    const start = planned(toIssues(first));
    let state = { raw: start.manifest, written: writtenPlan(start) };
    let previous = first;
    for (const issues of [second, third]) {
      const gone = previous
        .filter(({ number }) => !issues.some((one) => one.number === number))
        .map(({ number }) => [number, "closed"] as const);
      state = updatePlan(
        state.raw,
        planned(toIssues(issues), state.raw),
        state.written,
        new Map(gone),
      );
      previous = issues;
    }
    const facts = (raw: JsonObject) =>
      Object.fromEntries(
        tasksOf(raw).map((task) => [
          task["id"],
          [task["body"], task["files"], task["priority"], [task["dependsOn"]].flat().toSorted()],
        ]),
      );
    expect(facts(state.raw)).toEqual(facts(planned(toIssues(third)).manifest));
  },
);

test("chances of a prediction change without a word, other files are told", () => {
  const first = planned([issue(1)]);
  const withPredicted = (made: Plan, path: string, confidence: number): Plan => ({
    ...made,
    manifest: JSON.parse(
      JSON.stringify(made.manifest).replace(
        '"dependsOn":[]',
        `"predicted":[{"path":"${path}","confidence":${confidence},"why":""}],"dependsOn":[]`,
      ),
    ),
  });
  const before = withPredicted(first, "src/a.ts", 0.4);
  const update = (path: string, confidence: number) =>
    updatePlan(
      before.manifest,
      withPredicted(first, path, confidence),
      writtenPlan(before),
      new Map(),
    );
  expect(update("src/a.ts", 0.5).changes).toEqual([]);
  expect(tasksOf(update("src/a.ts", 0.5).raw)).toMatchObject([
    { predicted: [{ confidence: 0.5 }] },
  ]);
  expect(update("src/b.ts", 0.5).changes).toEqual([
    { kind: "changes", task: "t1", fields: ["predicted"] },
  ]);
});

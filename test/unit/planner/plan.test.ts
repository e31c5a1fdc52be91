import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { Manifest } from "../../../src/manifest/manifest.ts";
import { explainPlan } from "../../../src/planner/explain.ts";
import type { Issue } from "../../../src/planner/issue.ts";
import { type PlanInput, plan, referencedIssues } from "../../../src/planner/plan.ts";
import { issueFromRest, RestIssue } from "../../../src/planner/rest-issue.ts";
import { issue } from "../../support/issue.ts";

const TREE = ["docs/faq.md", "src/cart/total.ts", "src/session.ts", "src/user.ts"];

/** The plan of some issues and what stands in it; a cycle fails the test. */
function planned(issues: readonly Issue[], more: Partial<PlanInput> = {}) {
  const outcome = plan(inputOf(issues, more));
  if (outcome.kind === "cycle") throw new Error(outcome.sentences.join("\n"));
  const manifest = Manifest.parse(outcome.manifest);
  const tasks = new Map(
    manifest.phases.flatMap((phase) => phase.tasks).map((task) => [`${task.id}`, task]),
  );
  const { manifest: raw, notes, edges } = outcome;
  return { plan: outcome, raw, notes, edges, manifest, tasks };
}

const inputOf = (issues: readonly Issue[], more: Partial<PlanInput> = {}): PlanInput => ({
  issues,
  known: new Map(),
  files: TREE,
  settings: { header: { project: "shop", repo: "acme/shop" }, breakCycles: false },
  ...more,
});

const phasesOf = ({ manifest }: ReturnType<typeof planned>): Record<string, string[]> =>
  Object.fromEntries(
    manifest.phases.map((phase) => [phase.name, phase.tasks.map((task) => `${task.id}`)]),
  );

describe("a small backlog in REST shape", () => {
  const text = readFileSync(
    resolve(import.meta.dirname, "../../../fixtures/issues/shop.json"),
    "utf8",
  );
  const issues = z
    .array(RestIssue)
    .parse(JSON.parse(text))
    .map((rest) =>
      issueFromRest(rest, { blockedBy: [], parent: null, origin: rest.html_url ?? "" }),
    );
  const known = new Map<number, "open" | "closed">([
    [9, "closed"],
    [30, "open"],
  ]);

  test("names the issues whose state it must know", () => {
    expect(referencedIssues(issues, "acme/shop")).toEqual([9, 30]);
  });

  test("becomes phases in which everything stands after what it waits for", () => {
    expect(phasesOf(planned(issues, { known }))).toEqual({
      "Phase 1: Critical": ["t13"],
      "Phase 2: High": ["t12", "t11"],
      "Phase 3: Medium and low": ["t15", "t14"],
    });
  });

  test("is written with the specification's fields in their order, and reasons", () => {
    const { raw } = planned(issues.slice(0, 2));
    expect(JSON.stringify(raw, null, 1)).toBe(
      JSON.stringify(
        {
          project: "shop",
          repo: "acme/shop",
          phases: [
            {
              name: "Phase 2: High",
              tasks: [
                {
                  id: "t12",
                  issue: 12,
                  title: "Introduce a money type",
                  files: ["src/money.ts", "src/cart/total.ts"],
                  dependsOn: [],
                  status: "pending",
                  body: issues[1]?.body,
                  reasons: [
                    "Phase 2: High, because t11 waits for it.",
                    "src/money.ts: listed under Files, body line 4.",
                    "src/cart/total.ts: listed under Files, body line 5.",
                  ],
                },
                {
                  id: "t11",
                  issue: 11,
                  title: "Round totals once, at the end",
                  files: ["src/cart/total.ts"],
                  dependsOn: ["t12"],
                  status: "pending",
                  body: issues[0]?.body,
                  priority: "high",
                  labels: ["bug", "priority: high"],
                  reasons: [
                    "Phase 2: High, by the label “priority: high”.",
                    "Waits for t12: “Blocked by #12: the money type must exist first.” (#11, body line 3).",
                    "src/cart/total.ts: named in body line 1.",
                  ],
                },
              ],
            },
          ],
        },
        null,
        1,
      ),
    );
  });

  test("is explained: phases, waves, files, and the reason for every edge", () => {
    expect(explainPlan(planned(issues, { known }).plan).join("\n")).toBe(`shop: 5 tasks in 3 phases

Phase 1: Critical (1 task)
  Wave 1
    t13  Sessions never expire
        files: src/session.ts

Phase 2: High (2 tasks)
  Wave 1
    t12  Introduce a money type
        files: src/money.ts, src/cart/total.ts
  Wave 2
    t11  Round totals once, at the end
        files: src/cart/total.ts
        waits for t12: “Blocked by #12: the money type must exist first.” (#11, body line 3)

Phase 3: Medium and low (2 tasks)
  Wave 1
    t15  Document the discount rules
        files: docs/discounts.md
        waits for t11: “After #11, please.” (#15, body line 3)
  Wave 2
    t14  Release 2.0
        waits for t11: “- [ ] #11” (#14, body line 2)
        waits for t15: “- [ ] #15” (#14, body line 3)

Notes
  #14 does not wait for #30, which is open but not in this plan: “Requires #9, which is done, and waits for #30.” (#14, body line 5)`);
  });
});

describe("dependencies", () => {
  test("closed issues satisfy, unknown ones and ones outside the plan are told and hold nothing back", () => {
    const { tasks, notes } = planned([issue(5, "Depends on #1, #2 and #3")], {
      known: new Map([
        [1, "closed"],
        [2, "open"],
      ]),
    });
    expect(tasks.get("t5")?.dependsOn).toEqual([]);
    expect(tasks.get("t5")?.reasons).toContain(
      "Does not wait for #1, which is closed: “Depends on #1, #2 and #3” (#5, body line 1).",
    );
    expect(notes.map(({ kind, issue: number }) => [kind, number])).toEqual([
      ["open-outside", 5],
      ["unknown-issue", 5],
    ]);
  });

  test("an issue that says it waits for itself does not", () => {
    const { tasks, notes } = planned([issue(5, "Blocks #5 and depends on #5")]);
    expect(tasks.get("t5")?.dependsOn).toEqual([]);
    expect(notes).toMatchObject([{ kind: "self-dependency", issue: 5 }]);
  });

  test("an edge said twice is one edge, with the strongest words", () => {
    const { edges } = planned([issue(1), issue(2, "- [ ] #1\n\nafter #1\n\nblocked by #1")]);
    expect(edges).toEqual([
      { task: "t2", dependsOn: "t1", why: "“blocked by #1” (#2, body line 5)" },
    ]);
  });

  test("a dependency on another repository is told", () => {
    const { notes } = planned([issue(1, "Needs other/lib#7")]);
    expect(notes).toMatchObject([{ kind: "foreign-dependency", issue: 1 }]);
  });
});

describe("a cycle", () => {
  const issues = [
    issue(4, "Depends on #5."),
    issue(5, "Lexer.\n\nTo be done after #6."),
    issue(6, "", { blockedBy: [4] }),
    issue(7, "Needs #4"),
  ];

  test("is refused with its path and the sentence behind each step", () => {
    const outcome = plan(inputOf(issues));
    if (outcome.kind !== "cycle") throw new Error("expected a cycle");
    expect(outcome.path).toEqual(["t4", "t5", "t6", "t4"]);
    expect(outcome.sentences).toEqual([
      "#4 waits for #5: “Depends on #5.” (#4, body line 1); read from issues.json:4",
      "#5 waits for #6: “To be done after #6.” (#5, body line 3); read from issues.json:5",
      "#6 waits for #4: “#6 is blocked by #4” (relation on the forge); read from issues.json:6",
    ]);
  });

  test("loses its weakest edge when that is asked for, and the plan says so", () => {
    const { header } = inputOf([]).settings;
    const { tasks, notes } = planned(issues, { settings: { header, breakCycles: true } });
    expect([...tasks.values()].map((task) => [task.id, task.dependsOn])).toEqual([
      ["t5", []],
      ["t4", ["t5"]],
      ["t6", ["t4"]],
      ["t7", ["t4"]],
    ]);
    expect(tasks.get("t5")?.reasons).toContain(
      "Does not wait for #6, to break a cycle: “To be done after #6.” (#5, body line 3).",
    );
    expect(notes).toEqual([
      {
        kind: "dropped-edge",
        issue: 5,
        text: "does not wait for #6, to break the cycle #4 → #5 → #6 → #4: “To be done after #6.” (#5, body line 3)",
      },
    ]);
  });

  test("of equally strong edges loses that of the later issue", () => {
    const { header } = inputOf([]).settings;
    const mutual = [issue(2, "needs #1"), issue(1, "needs #2")];
    const { edges } = planned(mutual, { settings: { header, breakCycles: true } });
    expect(edges).toMatchObject([{ task: "t1", dependsOn: "t2" }]);
  });
});

describe("phases", () => {
  test("follow the labels, and empty ones are left out", () => {
    const issues = [
      issue(1, "", { labels: ["low"] }),
      issue(2),
      issue(3, "", { labels: ["P0"] }),
      issue(4, "", { labels: ["priority: medium"] }),
    ];
    expect(phasesOf(planned(issues))).toEqual({
      "Phase 1: Critical": ["t3"],
      "Phase 3: Medium and low": ["t2", "t4", "t1"],
    });
  });

  test("what an urgent issue waits for is raised to its phase, through others too", () => {
    const issues = [
      issue(1, "", { labels: ["low"] }),
      issue(2, "needs #1"),
      issue(3, "needs #2", { labels: ["critical"] }),
    ];
    const result = planned(issues);
    expect(phasesOf(result)).toEqual({ "Phase 1: Critical": ["t1", "t2", "t3"] });
    expect(result.tasks.get("t1")?.reasons).toEqual([
      "Phase 1: Critical, because t3 waits for it.",
    ]);
  });

  test("come from milestones when that is asked for, by their days, then by name", () => {
    const header = { project: "shop" };
    const settings = { header, breakCycles: false, phaseBy: "milestone" as const };
    const due = (milestone: string, milestoneDue: string | null = null) => ({
      milestone,
      milestoneDue,
    });
    const issues = [
      issue(1),
      issue(2, "", due("v1.10")),
      issue(3, "", due("v1.9")),
      issue(4, "", { ...due("v2", "2026-02-01"), labels: ["low"] }),
      issue(5, "", due("v2", "2026-02-01")),
      issue(6, "blocks #4", due("v1.9")),
    ];
    const result = planned(issues, { settings });
    expect(Object.entries(phasesOf(result))).toEqual([
      ["v2", ["t5", "t6", "t4"]],
      ["v1.9", ["t3"]],
      ["v1.10", ["t2"]],
      ["No milestone", ["t1"]],
    ]);
    expect(result.tasks.get("t6")?.reasons?.[0]).toBe("v2, because t4 waits for it.");
    expect(result.tasks.get("t3")?.reasons?.[0]).toBe("v1.9, by its milestone.");
  });

  test("by priority hold the earlier milestone first", () => {
    const issues = [
      issue(1),
      issue(2, "", { milestone: "v2" }),
      issue(3, "", { milestone: "v1", milestoneDue: "2026-01-31" }),
    ];
    expect(phasesOf(planned(issues))).toEqual({ "Phase 3: Medium and low": ["t3", "t2", "t1"] });
  });

  test("no issues make no phases", () => {
    expect(planned([]).raw).toEqual({ project: "shop", repo: "acme/shop", phases: [] });
  });
});

describe("issues", () => {
  test("lose invisible characters, and the plan says how many", () => {
    const hidden = issue(1, "Fix\u202e it\u200b\u{e0041}.\r\nNow", {
      title: "A\u0007 title\n here",
    });
    const { tasks, notes } = planned([hidden]);
    expect(tasks.get("t1")).toMatchObject({ title: "A title here", body: "Fix it.\nNow" });
    expect(notes).toEqual([
      {
        kind: "invisible-text",
        issue: 1,
        text: "held 4 invisible characters, which were removed",
      },
    ]);
  });

  test("given twice count once", () => {
    const { tasks, notes } = planned([issue(1, "one"), issue(1, "two", { origin: "b.json:1" })]);
    expect(tasks.get("t1")?.body).toBe("one");
    expect(notes).toEqual([
      {
        kind: "duplicate-issue",
        issue: 1,
        text: "was given twice: issues.json:1 counts, b.json:1 does not",
      },
    ]);
  });

  test("that are closed but asked for are planned, and the plan says so", () => {
    const { tasks, notes } = planned([issue(1, "", { state: "closed" }), issue(2, "needs #1")]);
    expect(tasks.get("t2")?.dependsOn).toEqual(["t1"]);
    expect(notes).toMatchObject([{ kind: "closed-issue", issue: 1 }]);
  });
});

describe("files", () => {
  test.each([
    "../other/secret.ts",
    "/etc/passwd.txt",
    "src/../../x.ts",
    ".git/config.x",
    "~/.ssh/id.pub",
    "-rf/x.ts",
  ])("an entry that leaves the repository is left out and told: %s", (path) => {
    const { tasks, notes } = planned([issue(1, `Files: src/new.ts, ${path}`)]);
    expect(tasks.get("t1")?.files).toEqual(["src/new.ts"]);
    expect(notes).toMatchObject([{ kind: "file-refused", issue: 1 }]);
    expect(notes[0]?.text).toContain(path);
  });

  test("folders and patterns stand for the folder", () => {
    const { tasks } = planned([issue(1, "Files: src/cart/, src/new/**")]);
    expect(tasks.get("t1")?.files).toEqual(["src/cart", "src/new"]);
  });

  test("that are forecast stand apart from those that the issue lists, with chance and reason", () => {
    const guess = { path: "src/user.ts", confidence: 0.4, why: "often changed together" };
    const listed = { path: "src/session.ts", confidence: 1, why: "listed under Files" };
    const forecast = { files: new Map([[1, [listed, guess]]]), chanceOfMeeting: () => 0 };
    const { tasks } = planned([issue(1, "")], { forecast });
    expect(tasks.get("t1")?.files).toEqual(["src/session.ts"]);
    expect(tasks.get("t1")?.predicted).toEqual([guess]);
    expect(tasks.get("t1")?.reasons).toContain("src/session.ts: listed under Files.");
  });

  test("that are forecast order tasks, and the plan says how surely; upkeep orders none", () => {
    const guess = (confidence: number) => [
      { path: "src/user.ts", confidence, why: "often changed together" },
    ];
    const forecast = {
      files: new Map([
        [1, guess(0.4)],
        [2, guess(0.65)],
      ]),
      chanceOfMeeting: () => 0.3,
    };
    const issues = [
      issue(1, ""),
      issue(2, ""),
      issue(3, "Files: CHANGELOG.md"),
      issue(4, "Files: CHANGELOG.md"),
    ];
    const told = explainPlan(planned(issues, { forecast }).plan, true).join("\n");
    expect(told.match(/waits for .*/g)).toEqual([
      "waits for t1: both probably touch src/user.ts (40 % and 65 %), 30 % likely to collide",
    ]);
    expect(told).toContain("probably src/user.ts (65 %): often changed together.");
  });

  test("a listing of many keeps the surest fifty, and the plan says so", () => {
    const many = Array.from({ length: 80 }, (_, index) => `- src/new-${index}.ts`).join("\n");
    const { tasks, notes } = planned([issue(1, `## Files\n${many}`)]);
    expect(tasks.get("t1")?.files).toHaveLength(50);
    expect(notes).toMatchObject([{ kind: "files-cut", issue: 1 }]);
  });
});

test("the header's fields stand in the manifest's order, and absent ones stay absent", () => {
  const header = { maxParallel: 2, base: "main", project: "shop", created: "2026-01-17T08:00:00Z" };
  const { raw } = planned([], { settings: { header, breakCycles: false } });
  expect(Object.keys(raw)).toEqual(["project", "created", "base", "maxParallel", "phases"]);
});

test("two tasks on the same file are explained as an overlap", () => {
  const lines = explainPlan(planned([issue(1, "src/user.ts"), issue(2, "src/user.ts")]).plan);
  expect(lines).toContain("        waits for t1: both touch src/user.ts");
});

describe("what becomes a task", () => {
  const settings = { header: { project: "shop", repo: "acme/shop" }, breakCycles: false };

  test("skipped issues are told with their reason, and what waits for a duplicate waits for its original", () => {
    const issues = [
      issue(1, "Rounding."),
      issue(2, "Duplicate of #1"),
      issue(3, "blocked by #2"),
      issue(4, "", { labels: ["question"] }),
      issue(5, "after #4"),
    ];
    const { plan: made, tasks, notes } = planned(issues);
    expect(made.skipped).toEqual([
      { issue: 2, title: "Issue 2", why: "is a duplicate of #1" },
      { issue: 4, title: "Issue 4", why: "is a question or discussion, by the label “question”" },
    ]);
    expect(tasks.get("t3")?.dependsOn).toEqual(["t1"]);
    expect(notes).toMatchObject([
      { kind: "open-outside", issue: 5, text: expect.stringContaining("#4, which is a question") },
    ]);
    expect(explainPlan(made)).toContain("  #2 Issue 2: is a duplicate of #1");
  });

  test("a vague issue is a draft that says what is missing", () => {
    const { tasks, notes } = planned([issue(1, "", { title: "Improve performance" })]);
    expect(tasks.get("t1")).toMatchObject({ status: "draft" });
    expect(tasks.get("t1")?.reasons?.[0]).toMatch(/^A draft, for it is too vague/);
    expect(notes).toMatchObject([{ kind: "draft", issue: 1 }]);
  });

  const List = "- [ ] Total, in src/cart/total.ts\n- [ ] Session\n- [ ] User";

  test("a large issue is one task with an offer, or one for each item of its list", () => {
    expect(planned([issue(1, List)]).notes).toMatchObject([{ kind: "large-issue", issue: 1 }]);
    const issues = [issue(1, List), issue(2, "needs #1"), issue(3, "blocks #1")];
    const { tasks, notes, edges } = planned(issues, { settings: { ...settings, split: true } });
    expect(notes).toEqual([]);
    expect([...tasks.keys()]).toEqual(["t3", "t1-1", "t1-2", "t1-3", "t2"]);
    expect(tasks.get("t1-1")).toMatchObject({
      issue: 1,
      part: 1,
      title: "Total, in src/cart/total.ts",
      files: ["src/cart/total.ts"],
      dependsOn: ["t3"],
    });
    expect(tasks.get("t1-2")).toMatchObject({ part: 2, files: [], dependsOn: ["t3"] });
    expect(tasks.get("t2")?.dependsOn).toEqual(["t1-1", "t1-2", "t1-3"]);
    expect(edges).toHaveLength(6);
  });

  test("parts that are said to follow one another do, and only the first waits for what the issue waits for", () => {
    const issues = [
      issue(1, List.replaceAll("- [", "1. [")),
      issue(2, "needs #1"),
      issue(3, "blocks #1"),
    ];
    const { tasks } = planned(issues, { settings: { ...settings, split: true } });
    expect([...tasks.values()].map(({ id, dependsOn }) => [id, dependsOn])).toEqual([
      ["t3", []],
      ["t1-1", ["t3"]],
      ["t1-2", ["t1-1"]],
      ["t1-3", ["t1-2"]],
      ["t2", ["t1-3"]],
    ]);
  });
});

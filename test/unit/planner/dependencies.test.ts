import { describe, expect, test } from "vitest";
import { statedDependencies } from "../../../src/planner/dependencies.ts";
import { issue } from "../../support/issue.ts";

/** The edges that issue 9 of acme/shop states with this body, as "waiting<other". */
function stated(body: string, title = "A title"): string[] {
  const { statements } = statedDependencies(issue(9, body, { title }), "acme/shop");
  const sorted = statements.toSorted((a, b) => a.task - b.task || a.dependsOn - b.dependsOn);
  return [...new Set(sorted.map(({ task, dependsOn }) => `${task}<${dependsOn}`))];
}

describe("an issue waits for what it says", () => {
  test.each([
    ["Depends on #4.", ["9<4"]],
    ["depends upon #4", ["9<4"]],
    ["This is BLOCKED BY #4!", ["9<4"]],
    ["Blocked on #4 and thus late", ["9<4"]],
    ["Do it after #4, please", ["9<4"]],
    ["To be done after merging #4", ["9<4"]],
    ["It requires #4.", ["9<4"]],
    ["It needs the fix in #4", ["9<4"]],
    ["Cannot start until #4 is merged", ["9<4"]],
    ["Waiting for #4", ["9<4"]],
    ["**Depends on:** #4", ["9<4"]],
    ["Depends-On: #4", ["9<4"]],
    ["_Blocked by_ **#4**", ["9<4"]],
    ["depends on issue #4", ["9<4"]],
    ["depends on PR #4", ["9<4"]],
    ["depends on GH-4", ["9<4"]],
    ["depends on acme/shop#4", ["9<4"]],
    ["depends on ACME/Shop#4", ["9<4"]],
    ["depends on https://github.com/acme/shop/issues/4", ["9<4"]],
    ["depends on https://github.com/acme/shop/issues/4#issuecomment-1.", ["9<4"]],
    ["depends on <https://ghe.example/acme/shop/pull/4>", ["9<4"]],
    ["depends on [the parser](https://github.com/acme/shop/issues/4)", ["9<4"]],
    ["depends on [#4](https://github.com/acme/shop/issues/4)", ["9<4"]],
    ["Depends on #1, #2 and #3", ["9<1", "9<2", "9<3"]],
    ["Depends on #1 (the parser), #2 & #3.", ["9<1", "9<2", "9<3"]],
    ["Depends on both #1 and #2", ["9<1", "9<2"]],
    ["Blocked by #1/#2", ["9<1", "9<2"]],
    ["This depends on\n#4 and\n#5", ["9<4", "9<5"]],
    ["Not ready: blocked by #4", ["9<4"]],
    ["This is not ready and needs #4", ["9<4"]],
  ])("%j", (body, edges) => {
    expect(stated(body)).toEqual(edges);
  });

  test("also in its title", () => {
    expect(stated("", "Part 2 (after #4)")).toEqual(["9<4"]);
  });
});

describe("an issue does not wait for what it merely mentions", () => {
  test.each([
    "See #4.",
    "Related to #4",
    "Not blocked by #4",
    "This is no longer blocked by #4.",
    "It doesn't depend on #4",
    "It doesn’t depend on #4",
    "It does not really depend on #4",
    "There is no dependency on #4",
    "Previously blocked by #4",
    "Nothing needs #4",
    "Does it depend on #4?",
    "`depends on #4`",
    "depends on `#4`",
    "```\ndepends on #4\n```",
    "~~~md\n```\ndepends on #4\n~~~",
    "- step\n  ```\n  depends on #4\n  ```",
    "````\n```\ndepends on #4\n````",
    "Text\n\n    depends on #4",
    "> depends on #4",
    "<!-- depends on #4 -->",
    "<!--\nTemplate:\ndepends on #4\n-->",
    "~~depends on #4~~",
    "depends on the weather, see #4",
    "depends on foo#4bar",
    "depends on color #4a5",
    "depends on &#4;",
    "depends on https://example.org/page#4",
    "Update dependencies (#4)",
    "A code block #4 is shown",
    "depends on #0x4",
    "- [x] depends on #4",
    "- [x] #4",
    "- #4",
    "- [ ] I searched in #4 and others",
    "## Related\n- #4",
    "## Dependencies\n\nNone.\n\n## Related\n- #4",
  ])("%j", (body) => {
    expect(stated(body)).toEqual([]);
  });
});

describe("lists under a telling heading or label", () => {
  test.each([
    ["## Dependencies\n- #1\n- #2: the lexer\n- the parser (#3)", ["9<1", "9<2", "9<3"]],
    ["### 🔗 Depends on\n\n#1, #2", ["9<1", "9<2"]],
    ["Dependencies\n------------\n* #1", ["9<1"]],
    ["Blocked by:\n- #1\n- [ ] #2\n- [x] #3\n\nUnrelated: #4", ["9<1", "9<2"]],
    ["**Blocked by**\n1. #1\n2. #2", ["9<1", "9<2"]],
    ["Requires:\n#1\n#2\n", ["9<1", "9<2"]],
    ["## Dependencies\n- lodash, see #4 for why\n- #1", ["9<1"]],
    ["## Dependencies\n- not blocked by #4\n- blocks #5", ["5<9"]],
    ["## Blocks\n- #1", ["1<9"]],
    ["- Depends on:\n  - #1\n  - #2", ["9<1", "9<2"]],
  ])("%j", (body, edges) => {
    expect(stated(body)).toEqual(edges);
  });
});

describe("task lists: the parent waits for its children", () => {
  test.each([
    ["- [ ] #1\n- [x] #2\n* [ ] acme/shop#3", ["9<1", "9<3"]],
    ["- [ ] #1 Write the lexer\n  - [ ] https://github.com/acme/shop/issues/2", ["9<1", "9<2"]],
    ["- [ ] Write the lexer (#1)", ["9<1"]],
    ["- [ ] #1 (blocked by #2)", ["1<2", "9<1"]],
    ["1. [ ] #1", ["9<1"]],
  ])("%j", (body, edges) => {
    expect(stated(body)).toEqual(edges);
  });
});

describe("the other way round, and about others", () => {
  test.each([
    ["Blocks #4", ["4<9"]],
    ["This is blocking #4 and #5", ["4<9", "5<9"]],
    ["Unblocks #4", ["4<9"]],
    ["Needed by #4", ["4<9"]],
    ["It is required for #4", ["4<9"]],
    ["A prerequisite for #4", ["4<9"]],
    ["It doesn't block anything, and no longer blocks #4", []],
    ["#5 is blocked by #6", ["5<6"]],
    ["#5 depends on #6", ["5<6"]],
    ["Fixes #5, depends on #6", ["9<6"]],
  ])("%j", (body, edges) => {
    expect(stated(body)).toEqual(edges);
  });
});

test("the forge's relations count: blocked by, and children before their parent", () => {
  const { statements } = statedDependencies(issue(9, "", { blockedBy: [4], parent: 2 }), undefined);
  expect(statements).toMatchObject([
    { task: 9, dependsOn: 4, basis: "relation", place: "relation" },
    { task: 2, dependsOn: 9, basis: "relation", sentence: "#9 is a sub-issue of #2" },
  ]);
});

test("an issue of another repository is told, not waited for", () => {
  const body = "First line.\nIt depends on other/lib#4 and #5.";
  const { statements, foreign } = statedDependencies(issue(9, body), undefined);
  expect(statements).toMatchObject([{ task: 9, dependsOn: 5 }]);
  expect(foreign).toMatchObject([{ reference: "other/lib#4", place: "body line 1" }]);
});

test("each statement carries its sentence, its place and its strength", () => {
  const body =
    "Intro.\n\nWe know that. This depends on [the lexer](https://github.com/acme/shop/issues/4). Thanks!";
  expect(statedDependencies(issue(9, body), "acme/shop").statements).toEqual([
    {
      task: 9,
      dependsOn: 4,
      basis: "stated",
      source: 9,
      sentence: "This depends on #4.",
      place: "body line 3",
    },
  ]);
});

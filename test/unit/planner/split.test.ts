import { expect, test } from "vitest";
import { taskListOf } from "../../../src/planner/split.ts";
import { issue } from "../../support/issue.ts";

const titles = (body: string) =>
  taskListOf(issue(12, body))?.parts.map(({ issue: part }) => part.title) ?? null;

const LIST = "- [ ] Read the file\n- [x] Open it\n- [ ] Write **the** `cache`\n- [ ] Close it";

test("each open item of a task list is a part, with what stands below it", () => {
  const list = taskListOf(
    issue(
      12,
      `${LIST.replace("- [ ] Write", "  In src/read.ts.\n  - [ ] with tests\n- [ ] Write")}`,
    ),
  );
  expect(list?.order).toBeNull();
  expect(list?.parts.map(({ number, item }) => [number, item.title, item.body])).toEqual([
    [1, "Read the file", "Read the file"],
    [2, "Write the cache", "Write **the** `cache`"],
    [3, "Close it", "Close it"],
  ]);
  expect(list?.parts[1]?.issue).toMatchObject({
    number: 12,
    body: expect.stringContaining("part 2 of issue #12, “Issue 12”"),
  });
});

test.each([
  ["two items", "- [ ] Read the file\n- [ ] Close it"],
  ["references", "- [ ] #1\n- [ ] acme/shop#2\n- [ ] https://github.com/acme/shop/issues/3"],
  ["a template's list", "## Checklist\n- [ ] Tests\n- [ ] Docs\n- [ ] Changelog"],
  ["criteria", "**Acceptance criteria**\n\n- [ ] A works\n- [ ] B works\n- [ ] C works"],
  ["promises", "- [ ] I have read the docs\n- [ ] I searched\n- [ ] I agree"],
  ["no boxes", "- Read\n- Write\n- Close"],
])("%s make no issue large", (_, body) => {
  expect(titles(body)).toBeNull();
});

test.each([
  [LIST.replaceAll("- [ ]", "1. [ ]"), "the list is numbered"],
  [`To be done in this order:\n\n${LIST}`, "“To be done in this order:”"],
  [LIST, null],
])("parts follow one another only where that is said", (body, order) => {
  expect(taskListOf(issue(12, body))?.order).toBe(order);
});

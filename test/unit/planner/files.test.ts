import { describe, expect, test } from "vitest";
import { fileIndex, mentionedFiles } from "../../../src/planner/files.ts";
import { issue } from "../../support/issue.ts";

const TREE = [
  ".env.example",
  "Makefile",
  "README.md",
  "docs/README.md",
  "package.json",
  "pages/[id].tsx",
  "src/__init__.py",
  "src/cart/index.ts",
  "src/cart/total.ts",
  "src/parser.ts",
  "src/user/index.ts",
  "test/total.test.ts",
];

const found = (body: string, title = "A title") =>
  mentionedFiles(issue(9, body, { title }), fileIndex(TREE)).map(({ path }) => path);

describe("paths of the repository are found where people write them", () => {
  test.each([
    ["It fails in src/parser.ts.", ["src/parser.ts"]],
    ["See `src/parser.ts`, please", ["src/parser.ts"]],
    ["See `src/parser.ts:12`", ["src/parser.ts"]],
    ["./src/parser.ts:12:3 is wrong", ["src/parser.ts"]],
    ["(src/parser.ts#L3-L9)", ["src/parser.ts"]],
    ["**src/parser.ts**: wrong", ["src/parser.ts"]],
    ["src\\cart\\total.ts is wrong", ["src/cart/total.ts"]],
    ["cart/index.ts is wrong", ["src/cart/index.ts"]],
    ["parser.ts is wrong", ["src/parser.ts"]],
    ["the `Makefile` is wrong", ["Makefile"]],
    ["README.md is wrong", ["README.md"]],
    ["`pages/[id].tsx` and src/\\_\\_init\\_\\_.py", ["pages/[id].tsx", "src/__init__.py"]],
    ["[the parser](src/parser.ts)", ["src/parser.ts"]],
    ["https://github.com/acme/shop/blob/main/src/parser.ts#L12", ["src/parser.ts"]],
    ["`test/total.test.ts::adds up`", ["test/total.test.ts"]],
    ["> quoted: src/parser.ts", ["src/parser.ts"]],
    ["```\n--- a/src/parser.ts\n+++ b/src/parser.ts\n```", ["src/parser.ts"]],
    ["```\n    at parse (/home/me/shop/src/parser.ts:10:5)\n```", ["src/parser.ts"]],
    ['```\n  File "/srv/shop/src/__init__.py", line 3, in <module>\n```', ["src/__init__.py"]],
    ["```\n at a(total.ts:3)\n at b(parser.ts:9)\n```", ["src/cart/total.ts"]],
  ])("%j", (body, paths) => {
    expect(found(body)).toEqual(paths);
  });

  test("also in the title", () => {
    expect(found("", "Fix src/parser.ts")).toEqual(["src/parser.ts"]);
  });
});

describe("nothing is made up", () => {
  test.each([
    "index.ts is in two places",
    "lib/other.ts does not exist",
    "the src/cart folder",
    "<!-- src/parser.ts -->",
    "~~src/parser.ts~~",
    "https://github.com/other/shop/blob/main/src/parser.ts",
    "https://example.org/src/parser.ts",
    "```\nimport './total.ts'\nparser.ts\n```",
    "```\n at x (/app/node_modules/src/parser.ts:1:2)\n```",
    "parser, and so on e.g. this",
  ])("%j", (body) => {
    expect(found(body)).toEqual([]);
  });
});

describe("a Files section is believed", () => {
  test.each([
    ["Files: src/parser.ts, src/new.ts", ["src/parser.ts", "src/new.ts"]],
    ["**Files:** `src/parser.ts` and `src/new.ts`.", ["src/parser.ts", "src/new.ts"]],
    ["Files: src/parser.ts src/new.ts", ["src/parser.ts", "src/new.ts"]],
    [
      "## Files\n\n- `src/new.ts` (new): calls `a.b`\n- src/parser.ts - the parser",
      ["src/new.ts", "src/parser.ts"],
    ],
    ["### Files to change\n* [src/new.ts](src/new.ts)\n* Makefile", ["src/new.ts", "Makefile"]],
    [
      "Affected files:\nsrc/new.ts\nsrc/parser.ts\n\nOther text on lib/no.ts",
      ["src/new.ts", "src/parser.ts"],
    ],
    ["## Files\n```\nsrc/new.ts\n```\n## More\nlib/no.ts", ["src/new.ts"]],
    ["Files: total.ts", ["src/cart/total.ts"]],
    ["Files: packages/web/src/parser.ts", ["packages/web/src/parser.ts"]],
    ["Files: src/new/", ["src/new/"]],
    ["Files: none", []],
    ["Files: n/a", []],
    ["## Files\nWe do not know yet, e.g. a parser.", []],
    ["## Log files\n- lib/new.ts", []],
  ])("%j", (body, paths) => {
    expect(found(body)).toEqual(paths);
  });
});

test("the surest come first, each once, with the place", () => {
  const body = "In parser.ts and src/cart/total.ts.\n\nFiles: Makefile\n\n`src/parser.ts`";
  expect(mentionedFiles(issue(9, body), fileIndex(TREE))).toEqual([
    { path: "Makefile", confidence: 1, why: "listed under Files, body line 3" },
    { path: "src/parser.ts", confidence: 0.9, why: "named in body line 5" },
    { path: "src/cart/total.ts", confidence: 0.9, why: "named in body line 1" },
  ]);
});

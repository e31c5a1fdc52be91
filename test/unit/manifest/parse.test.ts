import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { readManifest } from "../../../src/graph/read-manifest.ts";
import { formatManifest } from "../../../src/manifest/format.ts";
import { parseManifest } from "../../../src/manifest/parse.ts";

const FIXTURES = resolve(import.meta.dirname, "../../../fixtures/manifests");

/** The problems of a text as `line:column code field`. */
function problemsOf(text: string): string[] {
  const outcome = readManifest(text, "m.json");
  const problems = outcome.kind === "parsed" ? outcome.warnings : outcome.problems;
  return problems.map((one) => `${one.line}:${one.column} ${one.code} ${one.field}`.trimEnd());
}

const fixture = (path: string): string => readFileSync(join(FIXTURES, path), "utf8");

describe("a manifest that is right", () => {
  test.each(readdirSync(join(FIXTURES, "valid")))("%s loads and survives a rewrite", (name) => {
    const outcome = parseManifest(fixture(`valid/${name}`), name);
    if (outcome.kind === "invalid") throw new Error(JSON.stringify(outcome.problems));
    const again = parseManifest(formatManifest(outcome.raw), name);
    expect(again).toMatchObject({ kind: "parsed", raw: outcome.raw, manifest: outcome.manifest });
  });

  test("needs only a project, phases and the ids of its tasks", () => {
    const text = '{"project":"p","phases":[{"name":"One","tasks":[{"id":"t1"}]}]}';
    const outcome = parseManifest(text, "m.json");
    expect(outcome).toMatchObject({
      kind: "parsed",
      raw: JSON.parse(text),
      manifest: {
        policy: { stallAfterMinutes: 20, attemptsMax: 3 },
        phases: [{ tasks: [{ status: "pending", files: [], issue: null, prNumber: null }] }],
      },
    });
  });

  test("may begin with a byte order mark", () => {
    expect(problemsOf('\uFEFF{"project":"p","phases":[]}')).toEqual([]);
  });

  test("says where each of its values stands", () => {
    const outcome = parseManifest(fixture("valid/two-phases.json"), "m.json");
    if (outcome.kind === "invalid") throw new Error("the fixture is broken");
    expect(outcome.locate(["phases", 0, "tasks", 1, "dependsOn", 0])).toEqual({
      line: 9,
      column: 82,
    });
    expect(outcome.locate(["phases", 0, "tasks", 1, "status"])).toEqual({ line: 9, column: 9 });
  });
});

/** What each invalid fixture is met with. */
const MISTAKES: [string, string[]][] = [
  ["empty-file", ["1:1 empty-file"]],
  ["truncated", ["4:63 truncated-file"]],
  ["syntax", ["2:3 syntax", "5:46 syntax", "7:3 syntax", "7:11 syntax"]],
  [
    "duplicate-key",
    ["3:71 duplicate-key phases[0].tasks[0].files", "4:15 forbidden-key x-more.__proto__"],
  ],
  [
    "shape",
    [
      "1:1 missing-field project",
      "2:3 unknown-field projekt",
      "3:11 wrong-format repo",
      "4:14 wrong-format created",
      "5:18 out-of-range maxParallel",
      "6:36 wrong-type policy.stallAfterMinutes",
      "6:42 unknown-field policy.attemptMax",
      "7:13 wrong-type verify",
      "12:17 wrong-format phases[0].tasks[0].id",
      "12:28 unknown-field phases[0].tasks[0].titel",
      "12:52 unknown-value phases[0].tasks[0].status",
      "12:71 out-of-range phases[0].tasks[0].issue",
      "13:9 missing-field phases[0].tasks[1].id",
      "13:41 unknown-value phases[0].tasks[1].priority",
      "13:62 wrong-type phases[0].tasks[1].dependsOn",
    ],
  ],
  ["unknown-version", ["1:14 unknown-version version"]],
  [
    "duplicates",
    [
      "9:32 duplicate-branch phases[0].tasks[1].issue",
      "10:17 duplicate-id phases[0].tasks[2].id",
      "11:33 branch-is-base phases[0].tasks[3].branch",
      "12:33 branch-in-branch phases[0].tasks[4].branch",
    ],
  ],
  [
    "paths",
    [
      "3:17 path-outside copyFiles[0]",
      ...[21, 36, 51, 59, 66, 76, 83, 98, 115, 119].map(
        (column, index) => `10:${column} path-outside phases[0].tasks[0].files[${index}]`,
      ),
    ],
  ],
  [
    "command-missing",
    ["3:12 command-missing agent", "4:81 command-missing phases[0].tasks[1].agents"],
  ],
  ["headless-asks", ["3:11 headless-asks mode", "5:79 headless-asks phases[0].tasks[1].mode"]],
  [
    "dependencies",
    [
      "7:40 self-dependency phases[0].tasks[0].dependsOn[0]",
      "8:36 cycle phases[0].tasks[1].dependsOn[0]",
      "8:41 unknown-dependency phases[0].tasks[1].dependsOn[1]",
      "11:40 later-phase phases[0].tasks[4].dependsOn[0]",
    ],
  ],
];

describe("every mistake has its place", () => {
  test.each(MISTAKES)("%s", (name, expected) => {
    expect(problemsOf(fixture(`invalid/${name}.json`))).toEqual(expected);
  });

  test("each fixture of a mistake is read by a test", () => {
    const read = MISTAKES.map(([name]) => `${name}.json`);
    expect(new Set(readdirSync(join(FIXTURES, "invalid")))).toEqual(new Set(read));
  });
});

describe("every mistake has its remedy", () => {
  const said = (text: string): string => {
    const outcome = readManifest(text, "m.json");
    if (outcome.kind === "parsed") throw new Error("no mistake was found");
    expect(outcome.problems.filter((problem) => problem.remedy === "")).toEqual([]);
    return outcome.problems.map((problem) => `${problem.message}. ${problem.remedy}`).join("\n");
  };

  test("a cycle is shown as the path that closes it", () => {
    expect(said(fixture("invalid/dependencies.json"))).toContain(
      "a → b → c → a. Remove one of these dependencies, e.g. b from the dependsOn of a.",
    );
  });

  test("a misspelt word is met with the one that was meant", () => {
    const words = said(fixture("invalid/shape.json"));
    for (const meant of ["project", "title", "attemptsMax", "running", "high"]) {
      expect(words).toContain(`Did you mean "${meant}"?`);
    }
    expect(said(fixture("invalid/dependencies.json"))).toContain('Did you mean "login"?');
  });

  test("a name that cannot be an id is turned into one that can", () => {
    expect(said(fixture("invalid/shape.json"))).toContain('Write "fix-it", for example.');
  });

  test("a file of a newer program is refused as such, without a list of its new fields", () => {
    expect(said(fixture("invalid/unknown-version.json"))).toBe(
      'the file is of version 2, and this program reads version 1. Install the coppice that wrote it, or set "version" to 1 when that was a slip.',
    );
  });

  test("a comma before a closing bracket and a comment are named", () => {
    const words = said(fixture("invalid/syntax.json"));
    expect(words).toContain("a comma stands before a closing bracket");
    expect(words).toContain("JSON has no comments");
  });
});

describe("a hostile file", () => {
  test("that nests without end is refused, not recursed into", () => {
    expect(problemsOf("[".repeat(1_000_000))).toEqual(["1:65 nested-too-deeply"]);
  });

  test("that is too large is refused before it is read", () => {
    expect(problemsOf(`{"project":"${"p".repeat(21 * 1024 * 1024)}"}`)).toEqual([
      "1:1 file-too-large",
    ]);
  });

  test("with too many tasks is refused before they are checked", () => {
    const tasks = Array.from({ length: 10_001 }, () => 0);
    const text = JSON.stringify({ project: "p", phases: [{ name: "One", tasks }] });
    expect(problemsOf(text)).toEqual(["1:25 too-many-tasks phases"]);
  });

  test("cannot reach a prototype by an escaped key", () => {
    const text = '{"project":"p","phases":[],"x-a":{"\\u005f_proto__":{"polluted":true}}}';
    expect(problemsOf(text)).toEqual(["1:35 forbidden-key x-a.__proto__"]);
  });
});

test.prop([fc.string(), fc.nat(1)])("any text is answered, never thrown at", (text, edit) => {
  const whole = fixture("valid/full-fields.json");
  const cut = edit === 0 ? text : whole.slice(0, text.length * 7) + text;
  const outcome = readManifest(cut, "m.json");
  if (outcome.kind === "invalid") {
    expect(outcome.problems.length).toBeGreaterThan(0);
    for (const problem of outcome.problems) {
      expect(problem).toMatchObject({ file: "m.json", severity: "error" });
      expect(problem.line).toBeLessThanOrEqual(cut.split(/\r\n?|\n/).length);
      expect(problem.remedy).not.toBe("");
    }
  }
});

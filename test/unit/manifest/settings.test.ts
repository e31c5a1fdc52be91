import { describe, expect, test } from "vitest";
import { branchOf } from "../../../src/manifest/branch.ts";
import { filePath } from "../../../src/manifest/files.ts";
import { Manifest } from "../../../src/manifest/manifest.ts";
import { agentsOf, settingsOf } from "../../../src/manifest/settings.ts";
import { Task } from "../../../src/manifest/task.ts";

const manifestOf = (fields: object): Manifest =>
  Manifest.parse({ project: "p", phases: [], ...fields });
const taskOf = (fields: object): Task => Task.parse({ id: "t1", ...fields });

describe("agents of a task", () => {
  test.each([
    [{}, {}, ["codex"]],
    [{ agent: "claude" }, {}, ["claude"]],
    [{ agent: "claude", agents: ["codex", "claude"] }, {}, ["codex", "claude"]],
    [{ agents: ["codex", "claude"] }, { agent: "command" }, ["command"]],
    [
      { agents: ["codex"] },
      { agent: "x", agents: ["claude", "codex", "claude"] },
      ["claude", "codex"],
    ],
    [{ agent: "claude" }, { agents: [] }, ["claude"]],
  ])("of manifest %j and task %j are %j", (manifest, task, agents) => {
    expect(agentsOf(manifestOf(manifest), taskOf(task))).toEqual(agents);
  });
});

test("a task's own settings overrule those of the manifest, each for itself", () => {
  const manifest = manifestOf({
    model: "large",
    verify: "npm test",
    copyFiles: [".env"],
    base: "main",
    overlap: "parallel",
  });
  const task = taskOf({ model: "small", copyFiles: [], overlap: "serial" });
  expect(settingsOf(manifest, task)).toMatchObject({
    model: "small",
    verify: "npm test",
    copyFiles: [],
    base: "main",
    overlap: "serial",
    setup: undefined,
  });
});

describe("branch of a task", () => {
  test.each([
    [{}, { issue: 7 }, "fix/issue-7"],
    [{}, {}, "fix/t1"],
    [{ branchPrefix: "agents/" }, { issue: 7 }, "agents/issue-7"],
    [{}, { issue: 7, branch: "mine" }, "mine"],
  ])("of manifest %j and task %j is %s", (manifest, task, branch) => {
    expect(branchOf(manifestOf(manifest), taskOf(task))).toBe(branch);
  });
});

describe("a path", () => {
  test.each([
    ["src/a.ts", "src/a.ts"],
    ["./src//a.ts", "src/a.ts"],
    ["src/", "src"],
    ["src/**/*.ts", "src"],
    ["*.md", ""],
    [".", ""],
    ["./-rf", "-rf"],
    ["pages/[id].tsx", "pages/[id].tsx"],
    [".gitignore", ".gitignore"],
    [".github/workflows/ci.yml", ".github/workflows/ci.yml"],
    ["a/...b", "a/...b"],
  ])("%j means %j", (text, path) => {
    expect(filePath(text)).toEqual({ kind: "inside", path });
  });

  test.each([
    ".git",
    "a/.GiT/hooks",
    ".git./config",
    ".git ",
    "GIT~1",
    ".git::$INDEX_ALLOCATION/config",
    ".g\u200cit/config",
    "..",
    "a/..",
    "../a",
    "\\\\host\\share",
    "C:x",
    "a\nb",
    "   ",
  ])("%j is refused", (text) => {
    expect(filePath(text).kind).toBe("refused");
  });
});

import { expect, test } from "vitest";
import { agentByName, agentNames } from "../../../src/agents/catalog.ts";
import { claude } from "../../../src/agents/claude.ts";
import { codex } from "../../../src/agents/codex.ts";
import { command } from "../../../src/agents/command.ts";
import { isSince, judgeVersion } from "../../../src/agents/versions.ts";

test("a version between the oldest and the newest that were seen is known, both included", () => {
  for (const name of agentNames) {
    const agent = agentByName(name);
    for (const version of Object.values(agent?.versions ?? {})) {
      expect(agent && judgeVersion(agent, `${name} ${version}`)).toEqual({ kind: "known" });
    }
  }
  expect(judgeVersion(codex, "codex-cli 0.98.0")).toEqual({ kind: "known" });
  expect(judgeVersion(codex, "codex-cli 0.169.7")).toEqual({ kind: "known" });
  expect(judgeVersion(claude, "2.1.99 (Claude Code)")).toEqual({ kind: "known" });
});

test("a newer version is told, and an older one comes with its remedy", () => {
  expect(judgeVersion(codex, "codex-cli 0.170.0")).toMatchObject({
    kind: "never-seen",
    why: expect.stringContaining("0.98 to 0.169"),
  });
  expect(judgeVersion(claude, "10.0")).toMatchObject({ kind: "never-seen" });
  expect(judgeVersion(codex, "codex-cli 0.97.9")).toMatchObject({
    kind: "unsupported",
    why: expect.stringContaining("codex-cli 0.97.9"),
    remedy: expect.stringContaining("npm install --global @openai/codex"),
  });
});

test("words without a version, and a program of the manifest's own, are never refused", () => {
  for (const words of [null, "", "codex", "version 5"]) {
    expect(judgeVersion(codex, words)).toEqual({ kind: "untold" });
  }
  expect(judgeVersion(command, "my-agent 0.0.1")).toEqual({ kind: "untold" });
});

test("a version that is not told counts as the newest", () => {
  expect(isSince(undefined, "0.156")).toBe(true);
  expect(isSince("codex-cli 0.156.0", "0.156")).toBe(true);
  expect(isSince("codex-cli 0.155.1", "0.156")).toBe(false);
});

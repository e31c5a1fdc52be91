import { expect, test } from "vitest";
import { exec } from "../../src/adapters/exec.ts";
import { agentEnvironment } from "../../src/executor/agent-environment.ts";
import { manifestOf } from "../support/decision.ts";
import { executorWorld } from "../support/fakes/executor-world.ts";
import { openGitLab } from "../support/git-repository.ts";

test("an agent can fetch and commit, and reaches nobody when it pushes", async () => {
  const lab = await openGitLab();
  try {
    const { host } = executorWorld(manifestOf({}), {}, { PATH: process.env["PATH"] ?? "" }).context
      .ports;
    const env = agentEnvironment({
      host,
      names: [],
      identity: null,
      taskId: "t1",
      attempt: 1,
      taskDir: lab.folder,
    });
    const git = (...args: string[]) => exec("git", args, { cwd: lab.root, env, bareEnv: true });
    const before = await lab.git(["ls-remote", lab.origin]);
    expect((await git("fetch", "origin")).code).toBe(0);
    expect((await git("commit", "--allow-empty", "-m", "Work")).code).toBe(0);
    for (const words of [
      ["push"],
      ["push", "origin", "HEAD:main"],
      ["push", "--force", "origin", "HEAD:t1"],
    ]) {
      const pushed = await git(...words);
      expect(pushed.code, words.join(" ")).not.toBe(0);
      // The name of no host is looked up, and nobody is asked.
      expect(pushed.stderr).not.toMatch(/resolve|password|username/i);
    }
    expect(await lab.git(["ls-remote", lab.origin])).toBe(before);
  } finally {
    await lab.close();
  }
});

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { agentByName, agentNames } from "../../../src/agents/catalog.ts";
import { agentEnvironment } from "../../../src/executor/agent-environment.ts";
import { execute } from "../../../src/executor/execute.ts";
import { manifestOf, taskId } from "../../support/decision.ts";
import { executorWorld } from "../../support/fakes/executor-world.ts";

const FORGE_SECRETS = [
  "GITHUB_TOKEN",
  "GH_TOKEN",
  "GH_ENTERPRISE_TOKEN",
  "GITHUB_ENTERPRISE_TOKEN",
  "GITLAB_TOKEN",
  "NPM_TOKEN",
  "AWS_SECRET_ACCESS_KEY",
  "SSH_AUTH_SOCK",
  "GIT_ASKPASS",
  "SSH_ASKPASS",
  "GIT_SSH_COMMAND",
  "GIT_DIR",
  "NODE_OPTIONS",
  "LD_PRELOAD",
  "TMUX",
];

const environmentOf = (agent: string, env: Readonly<Record<string, string>>) =>
  agentEnvironment({
    host: executorWorld(manifestOf({}), {}, env).context.ports.host,
    names: agentByName(agent)?.environment ?? [],
    identity: null,
    taskId: "t1",
    attempt: 1,
    taskDir: "/w/tasks/t1",
  });

describe.each(agentNames)("the environment of %s", (agent) => {
  test.prop([
    fc.uniqueArray(
      fc.oneof(fc.constantFrom(...FORGE_SECRETS), fc.stringMatching(/^[A-Z_]{1,20}$/)),
    ),
  ])("holds no secret of the forge and nothing that is not named for it", (names) => {
    const env = Object.fromEntries(names.map((name) => [name, `secret-${name}`]));
    const own = new Set(agentByName(agent)?.environment);
    for (const [name, value] of Object.entries(environmentOf(agent, env))) {
      expect(FORGE_SECRETS.includes(name), name).toBe(false);
      if (value.startsWith("secret-"))
        expect(own.has(name) || INHERITED.test(name), name).toBe(true);
    }
  });

  test("asks for no forge token by its own list", () => {
    const names = agentByName(agent)?.environment ?? [];
    expect(names.filter((name) => /^(?:GH|GITHUB|GIT|GITLAB|SSH)_/.test(name))).toEqual([]);
  });
});

const INHERITED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|XDG_\w+|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+)$/;

test("git has no way to push and asks nobody", () => {
  const env = environmentOf("codex", {});
  const settings = Object.fromEntries(
    Array.from({ length: Number(env["GIT_CONFIG_COUNT"]) }, (_, index) => [
      env[`GIT_CONFIG_KEY_${index}`],
      env[`GIT_CONFIG_VALUE_${index}`],
    ]),
  );
  expect(settings).toMatchObject({
    "credential.helper": "",
    "remote.origin.pushurl": "coppice-pushes-for-you://",
  });
  expect(env).toMatchObject({
    GIT_TERMINAL_PROMPT: "0",
    GH_CONFIG_DIR: "/w/tasks/t1/no-forge-login",
  });
});

test("neither argv nor prompt of a launch holds what the environment holds", async () => {
  const env = { OPENAI_API_KEY: "sk-very", GITHUB_TOKEN: "ghp_very" };
  const world = executorWorld(manifestOf({ t1: {} }), {}, env);
  await execute(world.context, {
    kind: "start",
    taskId: taskId("t1"),
    attempt: 1,
    agent: "codex",
    branch: "fix/t1",
    startPoint: { kind: "base", base: "main" },
  });
  const [spec] = world.started;
  expect(spec?.env["OPENAI_API_KEY"]).toBe("sk-very");
  expect(JSON.stringify([spec?.argv, world.prompts, world.launches])).not.toContain("very");
  expect(JSON.stringify(spec)).not.toContain("ghp_");
});

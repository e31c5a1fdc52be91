import { expect, test } from "vitest";
import type { LaunchRequest } from "../../../src/agents/agent.ts";
import { agentByName, agentNames } from "../../../src/agents/catalog.ts";
import { claude } from "../../../src/agents/claude.ts";
import { codex } from "../../../src/agents/codex.ts";
import { command } from "../../../src/agents/command.ts";
import { opencode } from "../../../src/agents/opencode.ts";
import { QWEN_DEFAULTS, qwen } from "../../../src/agents/qwen.ts";

const request = (more: Partial<LaunchRequest> = {}): LaunchRequest => ({
  taskId: "t1",
  branch: "fix/issue-1",
  worktree: "/state/worktrees/t1",
  promptFile: "/state/tasks/t1/prompt.1.md",
  programsDir: "/state/a b/bin",
  model: undefined,
  modelTier: undefined,
  version: undefined,
  asks: false,
  deny: [],
  command: undefined,
  ...more,
});

test("every agent of the catalogue is found by its name, and no other name is", () => {
  expect(agentNames.map((name) => agentByName(name)?.name)).toEqual(agentNames);
  expect(agentByName("nobody")).toBeUndefined();
});

test("no agent's words hold a line break, and the prompt is always its placeholder", () => {
  for (const name of agentNames.filter((name) => name !== "command")) {
    const agent = agentByName(name);
    const plans = [
      agent?.launch(request({ model: "m" })),
      agent?.resume(request(), "id-1"),
      agent?.resume(request(), undefined),
    ];
    for (const plan of plans) {
      expect(plan?.argv.join(" ")).not.toMatch(/[\r\n]/);
      expect(plan?.argv.filter((word) => word === "{prompt}")).toHaveLength(1);
    }
  }
});

test("a headless run has no words of the task, asks nobody, and is found in the list of its events", () => {
  for (const name of ["codex", "claude", "gemini", "opencode"]) {
    const headless = agentByName(name)?.headless;
    const plans = [headless?.launch(request()), headless?.resume(request(), "id-1")];
    for (const plan of plans) {
      expect(plan?.argv[0]).toBe(name);
      expect(plan?.argv).not.toContain("{prompt}");
    }
    expect(plans[0]?.argv).not.toContain("id-1");
    expect(plans[1]?.argv).toContain("id-1");
    expect(headless?.events.length).toBeGreaterThan(0);
  }
});

test("opencode's plugin is named by an address, for this launch only", () => {
  const { env } = opencode.launch(request());
  expect(JSON.parse(String(env["OPENCODE_CONFIG_CONTENT"]))).toEqual({
    autoupdate: false,
    plugin: ["file:///state/a%20b/bin/opencode-plugin.js"],
  });
});

test("Qwen Code finds its hooks below the person's own settings, for this launch only", () => {
  const { env } = qwen.launch(request());
  expect(env).toMatchObject({
    QWEN_CODE_SYSTEM_DEFAULTS_PATH: `/state/a b/bin/${QWEN_DEFAULTS.name}`,
    QWEN_CODE_NO_RELAUNCH: "true",
  });
  const { hooks } = JSON.parse(QWEN_DEFAULTS.text);
  expect(Object.keys(hooks)).toContain("Stop");
  const notice = { hook_event_name: "Stop", session_id: "12345678-abcd" };
  expect(qwen.signals?.({ ...notice, last_assistant_message: "Fine.", crons: [] })).toEqual([
    { kind: "turn-ended", text: "Fine." },
  ]);
});

test("Codex runs without its daemon and trusts exactly the worktree, for this launch", () => {
  const { argv } = codex.launch(
    request({ worktree: '/tmp/a "b" \\c', model: "gpt-5.5", modelTier: "high" }),
  );
  expect(argv[0]).toBe("codex");
  expect(argv).toContain("--no-daemon");
  expect(argv).toContain('projects={"/tmp/a \\"b\\" \\\\c"={trust_level="trusted"}}');
  expect(argv).toContain('model_reasoning_effort="high"');
  expect(argv.slice(-4)).toEqual(["--model", "gpt-5.5", "--", "{prompt}"]);
});

test("an older Codex gets no words that it refuses, and has no daemon to be kept from", () => {
  for (const version of ["codex-cli 0.98.0", "codex-cli 0.155.1"]) {
    expect(codex.launch(request({ version })).argv).not.toContain("--no-daemon");
    expect(codex.resume(request({ version }), "id-1")?.argv).not.toContain("--no-daemon");
  }
  for (const version of ["codex-cli 0.156.0", "codex-cli 1.0.0", undefined]) {
    expect(codex.launch(request({ version })).argv).toContain("--no-daemon");
  }
  const words = [codex.launch(request()), codex.headless?.launch(request())].map(
    (plan) => plan?.argv,
  );
  for (const argv of words) {
    expect(argv).not.toContain("--disable");
    expect(argv).toContain("features.hooks=false");
  }
});

test("Codex resumes the named conversation, else the newest of the worktree, with the flags of a launch", () => {
  const flags = codex.launch(request()).argv.slice(1, -2);
  expect(codex.resume(request(), "01a1")?.argv).toEqual([
    "codex",
    "resume",
    ...flags,
    "01a1",
    "--",
    "{prompt}",
  ]);
  expect(codex.resume(request(), undefined)?.argv).toContain("--last");
});

test("Claude Code resumes by id, else continues the newest conversation", () => {
  expect(claude.resume(request(), "abc")?.argv).toContain("--resume");
  expect(claude.resume(request(), undefined)?.argv).toContain("--continue");
  expect(claude.launch(request({ model: "opus" })).argv).toContain("opus");
});

test("agents that are to ask edit files by themselves and get no leave to do everything", () => {
  for (const name of ["codex", "claude", "gemini", "opencode", "qwen", "copilot"]) {
    const agent = agentByName(name);
    for (const asks of [true, false]) {
      const plan = agent?.launch(request({ asks }));
      const resumed = agent?.resume(request({ asks }), "id-1");
      const words = [...(plan?.argv ?? []), ...Object.values(plan?.env ?? {})].join(" ");
      const leave = /--dangerously-\S+|--yolo/.test(words);
      const asking =
        /on-request|"allow":\["Edit|auto_edit|auto-edit|"bash":"ask"|--allow-tool write/.test(
          words,
        );
      expect([name, asks, asking]).toEqual([name, asks, asks]);
      expect([name, leave]).toEqual([name, !asks && name !== "opencode"]);
      expect(resumed?.env).toEqual(plan?.env);
    }
  }
});

test("what the manifest denies, and secrets and workflows, Claude Code asks about also where it would not", () => {
  const deny = ["npm publish", "* deploy:*", "awk 'system(1)'"];
  const { argv } = claude.launch(request({ asks: true, deny }));
  const { permissions } = JSON.parse(argv[argv.indexOf("--settings") + 1] ?? "");
  expect(argv).toContain("default");
  expect(permissions.allow).toEqual(["Edit(**)"]);
  expect(permissions.ask).toEqual(
    expect.arrayContaining([
      "Bash(*npm publish*)",
      "Bash(*deploy*)",
      "Bash(*awk 'system*1*'*)",
      "Bash(*.env*)",
      "Read(**/.env)",
      "Edit(**/.github/workflows/**)",
    ]),
  );
  const older = claude.launch(request({ asks: true, deny, version: "2.0.76 (Claude Code)" })).argv;
  const rules = JSON.parse(older[older.indexOf("--settings") + 1] ?? "").permissions.ask;
  expect(rules).toContain("Bash(npm publish:*)");
  expect(rules.filter((rule: string) => /^Bash\(.*\*.*\*/.test(rule))).toEqual([]);
  expect(claude.launch(request({ deny })).argv.join(" ")).not.toContain("npm publish");
});

test("an own command gets its placeholders filled word by word and cannot be resumed", () => {
  const template = [
    "my-agent",
    "--in={promptFile}",
    "{taskId}:{branch}",
    "{worktree}",
    "{prompt}",
    "{other}",
  ];
  expect(command.launch(request({ command: template })).argv).toEqual([
    "my-agent",
    "--in=/state/tasks/t1/prompt.1.md",
    "t1:fix/issue-1",
    "/state/worktrees/t1",
    "{prompt}",
    "{other}",
  ]);
  expect(command.resume(request({ command: template }), "abc")).toBeUndefined();
});

test("an own command that is not named is an error that says what to add", () => {
  expect(() => command.launch(request())).toThrow(
    expect.objectContaining({
      code: "command-missing",
      kind: "input",
      hint: expect.stringContaining('"command"'),
    }),
  );
});

import { expect } from "vitest";
import { deedsOnWork, SHELL, taskOf, worksOn } from "../support/agent-stage.ts";
import { testWithClaude } from "../support/claude-stage.ts";
import { testWithCodex } from "../support/codex-stage.ts";
import type { ModelServer, ModelStep } from "../support/model-server.ts";
import type { Workplace } from "../support/workplace.ts";

interface Stage {
  readonly place: Workplace;
  readonly model: ModelServer;
  readonly env: Readonly<Record<string, string>>;
}

testWithCodex(
  "Codex asks before it leaves its sandbox, and only what the list allows is approved",
  async ({ place, model, env }) => {
    const asks = (command: string): ModelStep => {
      const { tool, args } = SHELL.codex(command);
      const escalated = { sandbox_permissions: "require_escalated", justification: "Allow it?" };
      return { kind: "call", tool, args: { ...args, ...escalated } };
    };
    await approvesTheListAlone({ place, model, env }, { agent: "codex", asks, message: "one" });
  },
);

testWithClaude(
  "Claude Code asks before commands, and only what the list allows is approved, also over several rows",
  async ({ place, model, env }) => {
    const asks = (command: string): ModelStep => ({ kind: "call", ...SHELL.claude(command) });
    const message = "a subject that is long enough to take ".repeat(4).trim();
    await approvesTheListAlone({ place, model, env }, { agent: "claude", asks, message });
  },
);

/** Two agents that ask: one for what the list allows, one also for something else. */
async function approvesTheListAlone(
  { place, model, env }: Stage,
  how: {
    readonly agent: "codex" | "claude";
    readonly asks: (command: string) => ModelStep;
    readonly message: string;
  },
): Promise<void> {
  const { agent, asks, message } = how;
  await place.plan(
    { agent, permissions: { mode: "ask", allow: ["git add *", "git commit *", "touch *"] } },
    [taskOf(1, "Allowed"), taskOf(2, "Not named")],
  );
  const said = { kind: "say", text: "Done." } as const;
  const commit = `touch 1.txt && git add --all && git commit -q -m '${message}'`;
  model.play({ matches: worksOn(1), steps: [asks(commit), said] });
  model.play({ matches: worksOn(2), steps: [asks("git add --all && whoami"), said] });

  const ended = await place.coppice(["run", "--json", "--interval", "1"], env);

  expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: "waiting-for-person" });
  expect(await place.delivered("fix/issue-1")).toEqual([message]);
  expect(await deedsOnWork(place, "t1")).toEqual([
    "start",
    expect.stringMatching(/^answer: Yes(?:, proceed)?$/),
    "deliver",
    "stop-session",
  ]);
  expect(await deedsOnWork(place, "t2")).toEqual(["start"]);
  expect((await place.task("t2")).error).toContain("waits for a person");
  const approvals = (await place.events()).filter(
    (event) => event.kind === "answered" && event.dialogId === `${agent}/tool-approval`,
  );
  expect(approvals).toMatchObject([
    { taskId: "t1", before: expect.arrayContaining([expect.stringContaining("git add --all")]) },
  ]);
}

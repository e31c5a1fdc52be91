import { SHELL } from "../support/agent-stage.ts";
import { expectListAloneApproved } from "../support/approvals.ts";
import { testWithClaude } from "../support/claude-stage.ts";
import { testWithCodex } from "../support/codex-stage.ts";
import type { ModelStep } from "../support/model-server.ts";

testWithCodex(
  "Codex asks before it leaves its sandbox, and only what the list allows is approved",
  async ({ place, model, env }) => {
    const asks = (command: string): ModelStep => {
      const { tool, args } = SHELL.codex(command);
      const escalated = { sandbox_permissions: "require_escalated", justification: "Allow it?" };
      return { kind: "call", tool, args: { ...args, ...escalated } };
    };
    await expectListAloneApproved({ place, model, env }, { agent: "codex", asks });
  },
);

testWithClaude(
  "Claude Code asks before commands, and only what the list allows is approved, also over several rows",
  async ({ place, model, env }) => {
    const message = "a subject that is long enough to take ".repeat(4).trim();
    const unasked = { notNamed: "mkdir made", denied: "cat yarn.lock" };
    await expectListAloneApproved({ place, model, env }, { agent: "claude", message, ...unasked });
  },
);

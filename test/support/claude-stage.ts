import { delimiter, join } from "node:path";
import { agentTest, type StagePlace } from "./agent-stage.ts";
import { type ClaudeAccount, createClaudeAccount, installClaude, useBefore } from "./claude.ts";

const claude = await installClaude();

/** A test at a workplace of its own, with the real Claude Code that its user has used before, and a scripted model. */
export const testWithClaude = agentTest(async (at) => {
  const account = await accountAt(at);
  await useBefore(account);
  return environmentOf(account);
});

/** The same with an empty account: Claude Code was never started. */
export const testWithNewClaude = agentTest(async (at) => environmentOf(await accountAt(at)));

async function accountAt({ folder, modelUrl, skip }: StagePlace): Promise<ClaudeAccount> {
  if (claude.kind === "unavailable")
    return skip(`Claude Code cannot be installed: ${claude.reason}`);
  return await createClaudeAccount(join(folder, "account"), claude.program, modelUrl);
}

const environmentOf = ({ home, binDir }: ClaudeAccount) => ({
  HOME: home,
  PATH: [binDir, process.env["PATH"]].join(delimiter),
});

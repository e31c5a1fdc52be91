import { delimiter, join } from "node:path";
import { agentTest } from "./agent-stage.ts";
import { createClaudeAccount, installClaude, useBefore } from "./claude.ts";
import { createCodexAccount, installCodex } from "./codex.ts";

const [codex, claude] = await Promise.all([installCodex(), installClaude()]);

/** A test at a workplace of its own, with the real Codex and the real Claude Code in private accounts and a scripted model. */
export const testWithBoth = agentTest(async ({ folder, modelUrl, skip }) => {
  if (codex.kind === "unavailable") return skip(`Codex cannot be installed: ${codex.reason}`);
  if (claude.kind === "unavailable")
    return skip(`Claude Code cannot be installed: ${claude.reason}`);
  const ofCodex = await createCodexAccount(join(folder, "codex"), codex.program, modelUrl);
  const ofClaude = await createClaudeAccount(join(folder, "claude"), claude.program, modelUrl);
  await useBefore(ofClaude);
  const path = [ofCodex.binDir, ofClaude.binDir, process.env["PATH"]];
  return { HOME: ofCodex.home, PATH: path.join(delimiter) };
});

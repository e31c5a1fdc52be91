import { delimiter, join } from "node:path";
import { agentTest } from "./agent-stage.ts";
import { createCodexAccount, installCodex } from "./codex.ts";

const codex = await installCodex();

/** A test at a workplace of its own, with the real Codex in a private account and a scripted model. */
export const testWithCodex = agentTest(async ({ folder, modelUrl, skip }) => {
  if (codex.kind === "unavailable") return skip(`Codex cannot be installed: ${codex.reason}`);
  const account = await createCodexAccount(join(folder, "account"), codex.program, modelUrl);
  return { HOME: account.home, PATH: [account.binDir, process.env["PATH"]].join(delimiter) };
});

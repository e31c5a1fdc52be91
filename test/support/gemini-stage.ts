import { delimiter, join } from "node:path";
import type { Account } from "./account.ts";
import { agentTest, type StagePlace } from "./agent-stage.ts";
import { chooseGeminiKey, createGeminiAccount, installGemini } from "./gemini.ts";

const gemini = await installGemini();

/** A test at a workplace of its own, with the real Gemini CLI that its user has logged in, and a scripted model. */
export const testWithGemini = agentTest(async (at) => {
  const account = await accountAt(at);
  await chooseGeminiKey(account);
  return environmentOf(account);
});

/** The same with an empty account: Gemini CLI was never started. */
export const testWithNewGemini = agentTest(async (at) => environmentOf(await accountAt(at)));

async function accountAt({ folder, modelUrl, skip }: StagePlace): Promise<Account> {
  if (gemini.kind === "unavailable")
    return skip(`Gemini CLI cannot be installed: ${gemini.reason}`);
  return await createGeminiAccount(join(folder, "account"), gemini.program, modelUrl);
}

const environmentOf = ({ home, binDir }: Account) => ({
  HOME: home,
  PATH: [binDir, process.env["PATH"]].join(delimiter),
});

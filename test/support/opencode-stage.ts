import { delimiter, join } from "node:path";
import type { Account } from "./account.ts";
import { agentTest, type StagePlace } from "./agent-stage.ts";
import { configureOpencode, createOpencodeAccount, installOpencode } from "./opencode.ts";

const opencode = await installOpencode();

/** A test at a workplace of its own, with the real opencode that its user has configured, and a scripted model. */
export const testWithOpencode = agentTest(async (at) => {
  const account = await accountAt(at);
  await configureOpencode(account, at.modelUrl);
  return environmentOf(account);
});

/** The same with an empty account: opencode was never started. */
export const testWithNewOpencode = agentTest(async (at) => environmentOf(await accountAt(at)));

async function accountAt({ folder, skip }: StagePlace): Promise<Account> {
  if (opencode.kind === "unavailable")
    return skip(`opencode cannot be installed: ${opencode.reason}`);
  return await createOpencodeAccount(join(folder, "account"), opencode.program);
}

const environmentOf = ({ home, binDir }: Account) => ({
  HOME: home,
  PATH: [binDir, process.env["PATH"]].join(delimiter),
});

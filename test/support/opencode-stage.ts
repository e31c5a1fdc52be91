import { delimiter, join } from "node:path";
import { agentTest } from "./agent-stage.ts";
import { createOpencodeAccount, installOpencode } from "./opencode.ts";

const opencode = await installOpencode();

/** A test at a workplace of its own, with the real opencode in a private account and a scripted model. */
export const testWithOpencode = agentTest(async ({ folder, modelUrl, skip }) => {
  if (opencode.kind === "unavailable")
    return skip(`opencode cannot be installed: ${opencode.reason}`);
  const account = await createOpencodeAccount(join(folder, "account"), opencode.program, modelUrl);
  return { HOME: account.home, PATH: [account.binDir, process.env["PATH"]].join(delimiter) };
});

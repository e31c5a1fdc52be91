import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type Account, createAccount } from "./account.ts";
import { agentTest } from "./agent-stage.ts";
import { ensureTool } from "./test-tools.ts";

const qwen = await ensureTool("qwen");

/** A test at a workplace of its own, with the real Qwen Code that its user has logged in, and a scripted model. */
export const testWithQwen = agentTest(async ({ folder, modelUrl, skip }) => {
  if (qwen.kind === "unavailable") return skip(`Qwen Code cannot be installed: ${qwen.reason}`);
  const program = join(qwen.dir, "node_modules/.bin/qwen");
  const account = await createAccount(join(folder, "account"), "qwen", [program], {
    OPENAI_API_KEY: "not-a-secret",
    OPENAI_MODEL: "model",
    OPENAI_BASE_URL: `${modelUrl}/qwen/v1`,
  });
  await chooseKey(account);
  return { HOME: account.home, PATH: [account.binDir, process.env["PATH"]].join(delimiter) };
});

/** The user has chosen at some time how Qwen Code logs in, and has a hook. */
async function chooseKey({ home }: Account): Promise<void> {
  const hook = { type: "command", command: `echo said >> '${join(home, "own-hook")}'` };
  const settings = {
    // Its errands after a turn would take the steps of a script.
    memory: { enableManagedAutoMemory: false, enableManagedAutoDream: false },
    general: { enableAutoUpdate: false, disableAutoUpdate: true },
    privacy: { usageStatisticsEnabled: false },
    security: { auth: { selectedType: "openai" } },
    hooks: { Stop: [{ hooks: [hook] }] },
  };
  await mkdir(join(home, ".qwen"), { recursive: true });
  await writeFile(join(home, ".qwen/settings.json"), JSON.stringify(settings));
}

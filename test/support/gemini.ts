import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Account, createAccount } from "./account.ts";
import { ensureTool } from "./test-tools.ts";

/** The pinned Gemini CLI, downloaded once. */
export async function installGemini() {
  const tool = await ensureTool("gemini");
  if (tool.kind === "unavailable") return tool;
  return { kind: "ready", program: join(tool.dir, "node_modules/.bin/gemini") } as const;
}

/** An account in which Gemini CLI was never started; its user has a key for the model server. */
export const createGeminiAccount = (
  dir: string,
  program: string,
  modelUrl: string,
): Promise<Account> =>
  createAccount(dir, "gemini", [program], {
    GEMINI_API_KEY: "not-a-secret",
    GOOGLE_GEMINI_BASE_URL: `${modelUrl}/gemini`,
  });

/** The user has chosen at some time how Gemini CLI logs in. */
export async function chooseGeminiKey({ home }: Account): Promise<void> {
  const settings = {
    // Few attempts: a test does not wait minutes for the tenth.
    general: { maxAttempts: 2, enableAutoUpdate: false, enableAutoUpdateNotification: false },
    privacy: { usageStatisticsEnabled: false },
    telemetry: { enabled: false },
    security: { auth: { selectedType: "gemini-api-key" } },
  };
  await mkdir(join(home, ".gemini"), { recursive: true });
  await writeFile(join(home, ".gemini/settings.json"), JSON.stringify(settings));
}

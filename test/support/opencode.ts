import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Account, createAccount } from "./account.ts";
import { ensureTool } from "./test-tools.ts";

/** The pinned opencode binary, downloaded once; the plain build for processors without AVX2. */
export async function installOpencode() {
  const tool = await ensureTool("opencode");
  if (tool.kind === "unavailable") return tool;
  const build = `opencode-${process.platform}-${process.arch}${process.arch === "x64" ? "-baseline" : ""}`;
  return { kind: "ready", program: join(tool.dir, "node_modules", build, "bin/opencode") } as const;
}

/** An account in which opencode was never started, and which it leaves for nothing. */
export async function createOpencodeAccount(dir: string, program: string): Promise<Account> {
  return await createAccount(dir, "opencode", [program], {
    XDG_CONFIG_HOME: join(dir, "home/.config"),
    XDG_DATA_HOME: join(dir, "home/.local/share"),
    XDG_CACHE_HOME: join(dir, "home/.cache"),
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
    // It fetches the types of plugins at its first start; without an answer it goes on.
    npm_config_registry: "http://127.0.0.1:9/",
    npm_config_fetch_retries: "0",
    HTTPS_PROXY: "http://127.0.0.1:9/",
    NO_PROXY: "127.0.0.1",
  });
}

/** The user has told opencode at some time of one provider. */
export async function configureOpencode({ home }: Account, modelUrl: string): Promise<void> {
  const folder = join(home, ".config/opencode");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "opencode.json"), JSON.stringify(settings(modelUrl)));
}

const settings = (modelUrl: string) => ({
  model: "scripted/model",
  small_model: "scripted/model",
  provider: {
    scripted: {
      npm: "@ai-sdk/openai-compatible",
      name: "scripted",
      options: { baseURL: `${modelUrl}/opencode/v1`, apiKey: "not-a-secret" },
      models: { model: { name: "model", limit: { context: 100_000, output: 8000 } } },
    },
  },
});

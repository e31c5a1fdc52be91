import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureTool } from "./test-tools.ts";

/** A user's account in which the real Codex is installed and knows one model provider, and nothing else. */
export interface CodexAccount {
  readonly home: string;
  /** Put first on PATH: holds `codex`. */
  readonly binDir: string;
  /** Where Codex keeps its conversations. */
  readonly codexHome: string;
}

export type CodexInstall =
  | { readonly kind: "ready"; readonly program: string }
  | { readonly kind: "unavailable"; readonly reason: string };

/** The pinned Codex binary, downloaded once. */
export async function installCodex(): Promise<CodexInstall> {
  const tool = await ensureTool("codex");
  if (tool.kind === "unavailable") return tool;
  return { kind: "ready", program: join(tool.dir, "node_modules/.bin/codex") };
}

/**
 * Writes an account below `dir`. Its settings name the model server only: what else Codex needs to start without a
 * dialog must come from the launch. `codex` in `binDir` brings the account's environment with it.
 */
export async function createCodexAccount(
  dir: string,
  program: string,
  modelUrl: string,
): Promise<CodexAccount> {
  const account = {
    home: join(dir, "home"),
    binDir: join(dir, "bin"),
    codexHome: join(dir, "home/.codex"),
  };
  await mkdir(account.codexHome, { recursive: true });
  await mkdir(join(account.home, "tmp"));
  await mkdir(account.binDir, { recursive: true });
  await writeFile(join(account.codexHome, "config.toml"), settings(modelUrl));
  const wrapper = join(account.binDir, "codex");
  await writeFile(wrapper, script(account, program));
  await chmod(wrapper, 0o755);
  return account;
}

const settings = (modelUrl: string): string => `model = "gpt-5.5"
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = "${modelUrl}/codex/v1"
wire_api = "responses"
env_key = "SCRIPTED_MODEL_KEY"
`;

const script = (account: CodexAccount, program: string): string => `#!/bin/sh
export HOME=${quoted(account.home)} TMPDIR=${quoted(join(account.home, "tmp"))}
export CODEX_HOME=${quoted(account.codexHome)} SCRIPTED_MODEL_KEY=not-a-secret
exec ${quoted(program)} "$@"
`;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

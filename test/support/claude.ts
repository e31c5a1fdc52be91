import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureTool } from "./test-tools.ts";

/** A user's account in which the real Claude Code is installed, knows where its model is, and nothing else. */
export interface ClaudeAccount {
  readonly home: string;
  /** Put first on PATH: holds `claude`. */
  readonly binDir: string;
  /** Where Claude Code keeps its settings and conversations; empty at first. */
  readonly configDir: string;
}

export type ClaudeInstall =
  | { readonly kind: "ready"; readonly program: string }
  | { readonly kind: "unavailable"; readonly reason: string };

/** The pinned Claude Code binary, downloaded once; it brings its own runtime. */
export async function installClaude(): Promise<ClaudeInstall> {
  const tool = await ensureTool("claude");
  if (tool.kind === "unavailable") return tool;
  const binary = `@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`;
  return { kind: "ready", program: join(tool.dir, "node_modules", binary) };
}

/**
 * Writes an account below `dir`. Its configuration is empty: what Claude Code asks at its first start is asked.
 * `claude` in `binDir` brings the account's environment with it.
 */
export async function createClaudeAccount(
  dir: string,
  program: string,
  modelUrl: string,
): Promise<ClaudeAccount> {
  const account = {
    home: join(dir, "home"),
    binDir: join(dir, "bin"),
    configDir: join(dir, "home/.claude"),
  };
  await mkdir(account.configDir, { recursive: true });
  await mkdir(join(account.home, "tmp"));
  await mkdir(account.binDir, { recursive: true });
  const wrapper = join(account.binDir, "claude");
  await writeFile(wrapper, script(account, program, modelUrl));
  await chmod(wrapper, 0o755);
  return account;
}

/**
 * Answers what Claude Code asks once in its life, as its user did at some time; each new folder is still asked about.
 * The user has one rule: every push is to be asked about.
 */
export async function useBefore({ configDir }: ClaudeAccount): Promise<void> {
  const settings = {
    theme: "dark",
    skipDangerousModePermissionPrompt: true,
    permissions: { ask: ["Bash(git push:*)"] },
  };
  await writeFile(join(configDir, ".claude.json"), '{"hasCompletedOnboarding":true}');
  await writeFile(join(configDir, "settings.json"), JSON.stringify(settings));
}

/**
 * With a token of its own in the environment the account is a subscription. `IS_SANDBOX`: tests may run as root. Few
 * retries: a test does not wait minutes for the tenth.
 */
const script = (account: ClaudeAccount, program: string, modelUrl: string): string => `#!/bin/sh
export HOME=${quoted(account.home)} TMPDIR=${quoted(join(account.home, "tmp"))}
export CLAUDE_CONFIG_DIR=${quoted(account.configDir)} ANTHROPIC_BASE_URL=${quoted(`${modelUrl}/claude`)}
[ -n "$CLAUDE_CODE_OAUTH_TOKEN" ] || export ANTHROPIC_AUTH_TOKEN=not-a-secret
export IS_SANDBOX=1 CLAUDE_CODE_MAX_RETRIES=2 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1
exec ${quoted(program)} "$@"
`;

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

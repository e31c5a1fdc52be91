import type { Agent } from "./agent.ts";
import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import { command } from "./command.ts";
import { copilot } from "./copilot.ts";
import { gemini } from "./gemini.ts";
import { opencode } from "./opencode.ts";
import { qwen } from "./qwen.ts";

const AGENTS: readonly Agent[] = [codex, claude, gemini, opencode, qwen, copilot, command];

/** The names that a manifest may use. */
export const agentNames: readonly string[] = AGENTS.map((agent) => agent.name);

/** The agent of that name, if there is one. */
export function agentByName(name: string): Agent | undefined {
  return AGENTS.find((agent) => agent.name === name);
}

import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { exec } from "../../src/adapters/exec.ts";

/** Pinned npm packages that tests use and the project does not ship; they live in `.cache`, which git ignores. */
const TOOLS = {
  codex: { package: "@openai/codex", version: "0.169.0" },
  claude: { package: "@anthropic-ai/claude-code", version: "2.1.328" },
  gemini: { package: "@google/gemini-cli", version: "0.61.0" },
  opencode: { package: "opencode-ai", version: "1.18.33" },
  // The newest one that Node 20 runs.
  qwen: { package: "@qwen-code/qwen-code", version: "0.15.10" },
  openapi: { package: "@octokit/openapi", version: "23.0.2" },
} as const;

export type ToolName = keyof typeof TOOLS;

/** `dir` holds the package's `node_modules`. */
export type Tool =
  | { readonly kind: "ready"; readonly dir: string }
  | { readonly kind: "unavailable"; readonly reason: string };

export const TOOL_NAMES = Object.keys(TOOLS) as readonly ToolName[];

const CACHE = resolve(import.meta.dirname, "../../.cache");

/** Installs a tool once; a folder under its final name is always whole, because it gets there by rename. */
export async function ensureTool(name: ToolName): Promise<Tool> {
  const tool = TOOLS[name];
  const dir = join(CACHE, `${name}-${tool.version}`);
  if (await exists(dir)) return { kind: "ready", dir };
  await mkdir(CACHE, { recursive: true });
  const scratch = await mkdtemp(join(CACHE, `${name}-`));
  try {
    const failure = await install(`${tool.package}@${tool.version}`, scratch);
    if (failure !== null) return { kind: "unavailable", reason: failure };
    await rename(scratch, dir).catch(async (error: unknown) => {
      if (!(await exists(dir))) throw error;
    });
    return { kind: "ready", dir };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function install(spec: string, prefix: string): Promise<string | null> {
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"];
  try {
    const run = await exec("npm", ["install", "--prefix", prefix, ...flags, spec], {
      cwd: prefix,
      timeoutMs: 600_000,
      keepSecrets: true,
    });
    const said = run.stderr.trim().split("\n").slice(0, 4).join(" · ");
    return run.code === 0 ? null : `npm install ${spec} failed: ${said}`;
  } catch (error) {
    return `npm install ${spec} failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

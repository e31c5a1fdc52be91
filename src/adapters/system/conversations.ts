import { createReadStream } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Conversations } from "../../ports/conversations.ts";

/** Records older than the newest this many are not opened. */
const RECORDS_MAX = 500;

/**
 * Finds conversations in the records that the agents keep themselves: Codex below `CODEX_HOME/sessions`, Claude Code
 * below `CLAUDE_CONFIG_DIR/projects`, Gemini CLI below `.gemini/tmp` in `GEMINI_CLI_HOME` or the home. A conversation counts
 * only when its record, or the folder that holds it, names the very folder.
 */
export function createConversations(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}): Conversations {
  const { env, homeDir } = options;
  return {
    async find(agent, worktree, sinceMs) {
      const folder = await realpath(worktree).catch(() => worktree);
      if (agent === "codex") {
        return await codexConversation(
          join(env["CODEX_HOME"] ?? join(homeDir, ".codex"), "sessions"),
          folder,
          sinceMs,
        );
      }
      if (agent === "claude") {
        const config = env["CLAUDE_CONFIG_DIR"] ?? join(homeDir, ".claude");
        return await claudeConversation(
          join(config, "projects", folder.replace(/[^A-Za-z0-9]/g, "-")),
          sinceMs,
        );
      }
      if (agent === "gemini") {
        const root = join(env["GEMINI_CLI_HOME"] ?? homeDir, ".gemini/tmp");
        return await geminiConversation(root, folder, sinceMs);
      }
      return null;
    },
  };
}

async function codexConversation(
  root: string,
  folder: string,
  sinceMs: number,
): Promise<string | null> {
  for (const path of await newestRecords(root, sinceMs)) {
    const meta = record(await firstLine(path));
    const payload = record(meta?.["payload"]);
    if (meta?.["type"] !== "session_meta" || payload?.["cwd"] !== folder) continue;
    if (typeof payload["id"] === "string") return payload["id"];
  }
  return null;
}

async function claudeConversation(root: string, sinceMs: number): Promise<string | null> {
  const [newest] = await newestRecords(root, sinceMs);
  return newest === undefined ? null : (/([0-9a-f-]{36})\.jsonl$/.exec(newest)?.[1] ?? null);
}

/** Each project's folder has the path of the project in `.project_root`. */
async function geminiConversation(
  root: string,
  folder: string,
  sinceMs: number,
): Promise<string | null> {
  for (const path of await newestRecords(root, sinceMs)) {
    const project = join(path.slice(0, path.lastIndexOf("/chats/")), ".project_root");
    const owner = await readFile(project, "utf8").catch(() => "");
    if (owner.trim() !== folder) continue;
    const id = record(await firstLine(path))?.["sessionId"];
    if (typeof id === "string") return id;
  }
  return null;
}

/** Paths of `.jsonl` files changed since then, newest first. A folder that is not there has none. */
async function newestRecords(root: string, sinceMs: number): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".jsonl"));
  const dated = await Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const changed = await stat(path).catch(() => null);
      return { path, changedMs: changed?.mtimeMs ?? 0 };
    }),
  );
  return dated
    .filter((one) => one.changedMs >= sinceMs)
    .toSorted((left, right) => right.changedMs - left.changedMs)
    .slice(0, RECORDS_MAX)
    .map((one) => one.path);
}

async function firstLine(path: string): Promise<unknown> {
  const stream = createReadStream(path, { encoding: "utf8" });
  try {
    for await (const line of createInterface({ input: stream })) return JSON.parse(line);
  } catch {
    // A record that is being written or was removed names no conversation.
    return null;
  } finally {
    stream.destroy();
  }
  return null;
}

const record = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;

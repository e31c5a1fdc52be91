import type { Agent, LaunchRequest } from "./agent.ts";
import { modelFlag, PROXY_ENVIRONMENT } from "./launch.ts";
import { type Composer, type Ending, type Layout, readAgent } from "./tui.ts";
import { oneLine, unframed, type View } from "./view.ts";

/** opencode. Known version: 1.18. */
export const opencode: Agent = {
  name: "opencode",
  title: "opencode",
  binaries: ["opencode"],
  versionArgv: ["--version"],
  environment: [
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "OPENROUTER_API_KEY",
    "OPENCODE_CONFIG",
    ...PROXY_ENVIRONMENT,
  ],
  interactive: true,
  install: "npm install --global opencode-ai, then opencode auth login",
  launch: (request) => ({
    argv: ["opencode", ...modelFlag(request.model), "--prompt", "{prompt}"],
    env: permission(request),
  }),
  resume: (request, conversation) => ({
    argv: [
      "opencode",
      ...modelFlag(request.model),
      ...(conversation === undefined ? ["--continue"] : ["--session", conversation]),
      "--prompt",
      "{prompt}",
    ],
    env: permission(request),
  }),
  read: (screen) => readAgent(screen, LAYOUT),
};

/** Laid over the person's own configuration, for this launch only. */
const permission = ({ asks }: LaunchRequest): Record<string, string> =>
  asks ? { OPENCODE_CONFIG_CONTENT: JSON.stringify({ permission: { bash: "ask" } }) } : {};

const LAYOUT: Layout = {
  agent: "opencode",
  composer,
  // The bar outlives the hint where the terminal is narrow.
  busy: /\besc (?:again to )?interrupt\b|^\s*[■⬝]{4,}/u,
  ending,
};

/** A box with a left side only, closed by a row of half blocks; the cursor stands in it. */
function composer(view: View): Composer | undefined {
  const isSide = (line: string): boolean => /^\s*┃/u.test(line);
  if (!isSide(view.lines[view.row] ?? "")) return undefined;
  let from = view.row;
  while (isSide(view.lines[from - 1] ?? "")) from -= 1;
  let to = view.row;
  while (isSide(view.lines[to] ?? "")) to += 1;
  if (!/^\s*╹▀+/u.test(view.lines[to] ?? "")) return undefined;
  const side = (view.lines[view.row] ?? "").indexOf("┃");
  return { from, to: to + 1, draft: view.row > from + 1 || view.column > side + 3 };
}

/** `▣  Build · model · 12s` closes a turn; without a time the turn did not come to its end. */
function ending(view: View, { from }: Composer): Ending {
  const lines = view.lines.slice(0, from);
  const close = lines.findLastIndex((line) => /^\s+▣ /u.test(line));
  const box = lines.findLastIndex((line) => /^\s{0,3}┃/u.test(line));
  if (close < 0 && box < 0) return { kind: "fresh" };
  if (close < box) return { kind: "broken-off", why: "nothing came back" };
  const row = (lines[close] ?? "").trim();
  if (/^▣\s+Compaction\b/u.test(row))
    return { kind: "broken-off", why: "the conversation was compacted" };
  if (/· interrupted$/.test(row)) return { kind: "broken-off", why: "the turn was interrupted" };
  const words = lines.slice(box + 1, close).filter((line) => line.trim() !== "");
  if (/· (?:[\d.]+(?:ms|[hms])\s?)+$/.test(row)) {
    return words.length > 0
      ? { kind: "said", lines: lines.slice(box + 1, close) }
      : { kind: "broken-off", why: "the turn ended without a last word" };
  }
  if (words.length > 0) return { kind: "broken-off", why: "the turn did not come to its end" };
  const error = lines.slice(0, box + 1);
  const top = error.findLastIndex((line) => !/^\s{0,3}┃/u.test(line)) + 1;
  return { kind: "failed", text: oneLine(error.slice(top).map(unframed)) };
}

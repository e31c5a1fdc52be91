import { z } from "zod";
import { unreachable } from "../manifest/errors.ts";
import type { Agent, LaunchPlan, LaunchRequest, Signal } from "./agent.ts";
import { ConversationId, modelFlag, PROXY_ENVIRONMENT } from "./launch.ts";
import { type Composer, type Ending, type Layout, readAgent } from "./tui.ts";
import { oneLine, unframed, type View } from "./view.ts";

/** opencode. */
export const opencode: Agent = {
  name: "opencode",
  title: "opencode",
  binaries: ["opencode"],
  versionArgv: ["--version"],
  versions: { oldest: "1.2", newest: "1.18" },
  interrupt: ["Escape", "Escape"],
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
  launch: (request) => plan(request, [...modelFlag(request.model), "--prompt", "{prompt}"]),
  resume: (request, conversation) =>
    plan(request, [
      ...modelFlag(request.model),
      ...(conversation === undefined ? ["--continue"] : ["--session", conversation]),
      "--prompt",
      "{prompt}",
    ]),
  headless: {
    launch: (request) => headlessPlan(request, []),
    resume: (request, conversation) => headlessPlan(request, ["--session", conversation]),
    events: ["step_start", "text", "step_finish", "error"],
  },
  signals,
  read: (screen) => readAgent(screen, LAYOUT),
};

/** Laid over the person's own configuration, for this launch only. */
function plan({ asks, programsDir }: LaunchRequest, words: readonly string[]): LaunchPlan {
  const programs = programsDir.split("/").map(encodeURIComponent).join("/");
  const config = {
    autoupdate: false,
    plugin: [`file://${programs}/opencode-plugin.js`],
    ...(asks ? { permission: { bash: "ask" } } : {}),
  };
  return {
    argv: ["opencode", ...words],
    env: { OPENCODE_CONFIG_CONTENT: JSON.stringify(config) },
  };
}

/** It says nothing of a request that it tries again: the plugin does. */
const headlessPlan = (request: LaunchRequest, more: readonly string[]): LaunchPlan =>
  plan(request, ["run", "--format", "json", ...modelFlag(request.model), ...more]);

const Conversation = z
  .string()
  .regex(/^ses_\w{8,60}$/)
  .pipe(ConversationId);
/** What the plugin reports, and the events of `opencode run --format json`. */
const Notice = z.discriminatedUnion("type", [
  z.object({ type: z.literal("session.created"), sessionID: Conversation }),
  z.object({ type: z.literal("session.error"), name: z.string(), text: z.string() }),
  z.object({
    type: z.literal("permission.asked"),
    text: z.string(),
    command: z.string().optional(),
  }),
  z.object({ type: z.literal("retry"), text: z.string() }),
  z.object({ type: z.literal("busy"), sessionID: Conversation }),
  z.object({ type: z.literal("idle"), text: z.string() }),
  z.object({ type: z.literal("step_start"), sessionID: Conversation }),
  z.object({ type: z.literal("text"), part: z.object({ text: z.string() }) }),
  z.object({ type: z.literal("step_finish"), part: z.object({ reason: z.string() }) }),
  z.object({
    type: z.literal("error"),
    error: z.object({
      name: z.string(),
      data: z
        .object({ message: z.string().optional(), statusCode: z.number().optional() })
        .default({}),
    }),
  }),
]);

function signals(notice: unknown): readonly Signal[] {
  const parsed = Notice.safeParse(notice);
  if (!parsed.success) return [];
  const { data } = parsed;
  switch (data.type) {
    case "session.created":
      return [{ kind: "conversation", text: data.sessionID }];
    case "busy":
    case "step_start":
      return [
        { kind: "conversation", text: data.sessionID },
        { kind: "turn-started", text: "" },
      ];
    case "retry":
      return [{ kind: "retrying", text: data.text }];
    case "text":
      return [{ kind: "said", text: data.part.text }];
    case "idle":
      return [{ kind: "turn-ended", text: data.text }];
    case "step_finish":
      return data.part.reason === "stop" ? [{ kind: "turn-ended", text: "" }] : [];
    case "permission.asked":
      return [
        {
          kind: "approval",
          text: data.text,
          ...(data.command === undefined ? {} : { command: data.command }),
        },
      ];
    // An interrupted turn is no failure: the screen tells it.
    case "session.error":
      return data.name === "MessageAbortedError" ? [] : [{ kind: "turn-failed", text: data.text }];
    case "error": {
      const { name, data: more } = data.error;
      const text = [more.statusCode, more.message ?? name].filter(Boolean).join(" ");
      return [{ kind: "turn-failed", text }];
    }
    default:
      return unreachable(data);
  }
}

/** The bar outlives the hint where the terminal is narrow. */
const BUSY = /\besc (?:again to )?interrupt\b|^\s*[■⬝]{4,}/u;

const LAYOUT: Layout = {
  agent: "opencode",
  composer,
  busy: BUSY,
  busyFooter: BUSY,
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
  // On the right the screen's own bar may stand.
  const lines = view.lines.slice(0, from).map((line) => line.replace(/\s{2,}[█▄▀]$/u, ""));
  const close = lines.findLastIndex((line) => /^\s+▣ /u.test(line));
  const box = lines.findLastIndex((line) => /^\s{0,3}┃/u.test(line));
  // Its first prompt stands there for a while before the turn shows.
  if (close < 0) return { kind: "fresh" };
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
  const since = lines.slice(0, close).findLastIndex((line) => /^\s+▣ /u.test(line)) + 1;
  const last = boxAt(lines, box);
  // The turn's first box is the prompt, whatever words stand in it: no word, and no error, has come back yet.
  const above = lines.slice(since, Math.max(since, last.from));
  if (above.every((line) => line.trim() === "")) return { kind: "fresh" };
  const text = oneLine(last.lines.map(unframed));
  // A command was the last thing: the agent was killed at it, and its conversation has just been resumed.
  return /^[$#] /.test(text) ? { kind: "fresh" } : { kind: "failed", text };
}

/** The box whose last row is `end`. */
function boxAt(lines: readonly string[], end: number) {
  const from = lines.slice(0, end + 1).findLastIndex((line) => !/^\s{0,3}┃/u.test(line)) + 1;
  return { from, lines: lines.slice(from, end + 1) };
}

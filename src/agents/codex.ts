import { z } from "zod";
import { unreachable } from "../manifest/errors.ts";
import type { Agent, LaunchPlan, LaunchRequest, Signal } from "./agent.ts";
import { type CellMarks, endingOfCells } from "./cells.ts";
import { openComposer } from "./composers.ts";
import { ConversationId, jsonOf, modelFlag, PROXY_ENVIRONMENT, reportFromWord } from "./launch.ts";
import { type Layout, readAgent } from "./tui.ts";
import { isSince } from "./versions.ts";

/** OpenAI Codex. */
export const codex: Agent = {
  name: "codex",
  title: "Codex",
  binaries: ["codex"],
  versionArgv: ["--version"],
  versions: { oldest: "0.98", newest: "0.169" },
  interrupt: ["Escape"],
  environment: [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "CODEX_API_KEY",
    "CODEX_HOME",
    ...PROXY_ENVIRONMENT,
  ],
  interactive: true,
  install: "npm install --global @openai/codex, then codex login",
  launch: (request) => plan(["codex", ...flags(request), "--", "{prompt}"]),
  // `--last` looks only at conversations of the same folder, so it can only find the task's own.
  resume: (request, conversation) =>
    plan(["codex", "resume", ...flags(request), conversation ?? "--last", "--", "{prompt}"]),
  headless: {
    launch: (request) => plan(["codex", "exec", ...headlessFlags(request), "-"]),
    resume: (request, conversation) =>
      plan(["codex", "exec", "resume", ...headlessFlags(request), conversation, "-"]),
    events: [
      "thread.started",
      "turn.started",
      "item.completed agent_message",
      "error",
      "turn.completed",
      "turn.failed",
    ],
  },
  consult: {
    argv: ({ folder }) => [
      ...["codex", "exec", "--json", "--sandbox", "read-only", "--skip-git-repo-check"],
      // Rules let commands out of the sandbox; a version that does not know this word refuses to run.
      ...["--ignore-rules", "--output-schema", "{schemaFile}"],
      ...overrides({
        "features.hooks": "false",
        check_for_update_on_startup: "false",
        projects: withTrust(folder, "untrusted"),
      }),
      "-",
    ],
    answer: lastMessage,
  },
  signals,
  read: (screen) => readAgent(screen, LAYOUT),
};

/** Sent at the end of every turn, and at the end of Codex's own errand that names the conversation. */
const TurnComplete = z.object({
  type: z.literal("agent-turn-complete"),
  "thread-id": ConversationId,
  "input-messages": z.array(z.string()).default([]),
  "last-assistant-message": z.string().nullish(),
});
const TITLE_ERRAND = /^Generate a .{0,80}\btitle\b/;

/** The events of `codex exec --json`. */
const Event = z.discriminatedUnion("type", [
  z.object({ type: z.literal("thread.started"), thread_id: ConversationId }),
  z.object({ type: z.literal("turn.started") }),
  z.object({
    type: z.literal("item.completed"),
    item: z.object({ type: z.literal("agent_message"), text: z.string() }),
  }),
  z.object({ type: z.literal("error"), message: z.string() }),
  z.object({ type: z.literal("turn.completed") }),
  z.object({ type: z.literal("turn.failed"), error: z.object({ message: z.string() }) }),
]);

function signals(notice: unknown): readonly Signal[] {
  const event = Event.safeParse(notice);
  return event.success ? [eventSignal(event.data)] : noticeSignals(notice);
}

function eventSignal(event: z.infer<typeof Event>): Signal {
  switch (event.type) {
    case "thread.started":
      return { kind: "conversation", text: event.thread_id };
    case "turn.started":
      return { kind: "turn-started", text: "" };
    case "item.completed":
      return { kind: "said", text: event.item.text };
    // The last one comes again as the turn's failure.
    case "error":
      return { kind: "retrying", text: event.message };
    case "turn.completed":
      return { kind: "turn-ended", text: "" };
    case "turn.failed":
      return { kind: "turn-failed", text: event.error.message };
    default:
      return unreachable(event);
  }
}

function noticeSignals(notice: unknown): readonly Signal[] {
  const parsed = TurnComplete.safeParse(notice);
  if (!parsed.success || TITLE_ERRAND.test(parsed.data["input-messages"][0] ?? "")) return [];
  return [
    { kind: "conversation", text: parsed.data["thread-id"] },
    { kind: "turn-ended", text: parsed.data["last-assistant-message"] ?? "" },
  ];
}

/**
 * Everything that would open a dialog is switched off for this launch only; the user's own configuration stays as it is.
 * `--no-daemon`: else the turn would run on in a background process after its session was ended. Versions before it have
 * none.
 */
function flags(request: LaunchRequest): string[] {
  return [
    ...(isSince(request.version, DAEMON_SINCE) ? ["--no-daemon"] : []),
    ...(request.asks
      ? ["--sandbox", "workspace-write", "--ask-for-approval", "on-request"]
      : ["--dangerously-bypass-approvals-and-sandbox"]),
    ...overrides({
      "notice.model_migrations": `{${MIGRATIONS.map(([from, to]) => `"${from}"="${to}"`).join(",")}}`,
      "notice.hide_rate_limit_model_nudge": "true",
      "tui.resume_cwd": '"current"',
      notify: JSON.stringify(["sh", "-c", reportFromWord("codex"), "report"]),
    }),
    ...commonFlags(request),
  ];
}

const DAEMON_SINCE = "0.156";

const headlessFlags = (request: LaunchRequest): string[] => [
  "--json",
  "--dangerously-bypass-approvals-and-sandbox",
  ...commonFlags(request),
];

const commonFlags = (request: LaunchRequest): string[] => [
  ...overrides({
    // Versions that know no such feature refuse `--disable hooks`.
    "features.hooks": "false",
    check_for_update_on_startup: "false",
    projects: withTrust(request.worktree, "trusted"),
    ...(request.modelTier === undefined
      ? {}
      : { model_reasoning_effort: tomlString(request.modelTier) }),
  }),
  ...modelFlag(request.model),
];

/** Of a folder that is trusted also the settings and programs in it count. */
const withTrust = (folder: string, level: "trusted" | "untrusted"): string =>
  `{${tomlString(folder)}={trust_level="${level}"}}`;

/** The last words of `codex exec --json`. */
function lastMessage(output: string): string | undefined {
  const said = output.split("\n").flatMap((line): string[] => {
    const event = Event.safeParse(jsonOf(line));
    return event.success && event.data.type === "item.completed" ? [event.data.item.text] : [];
  });
  return said.at(-1);
}

/** Offers of another model count as seen when they are named with their exact target. */
const MIGRATIONS: readonly (readonly [string, string])[] = [
  ["gpt-5.5", "gpt-6-sol"],
  ["gpt-5.6-sol", "gpt-6-sol"],
  ["gpt-5.6-terra", "gpt-6-sol"],
  ["gpt-5.6-luna", "gpt-6-luna"],
];

const overrides = (settings: Readonly<Record<string, string>>): string[] =>
  Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);

/** A TOML basic string. */
function tomlString(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

const plan = (argv: readonly string[]): LaunchPlan => ({ argv, env: {} });

const MARKS: CellMarks = {
  banner: />_ OpenAI Codex \(/,
  prompt: /^› \S/u,
  cell: /^[•◦■✔✗⚠] /u,
  message:
    /^[•◦] (?!(?:Ran|Running|Edited|Added|Deleted|Explored|Called|Calling|Searched|Proposed|Updated Plan|Waited|Model changed)\b)/u,
  failed: /^■ /u,
  interrupted: /^■ Conversation interrupted\b/u,
  compacted: /^[•◦] Context compacted\b/u,
  noise:
    /^\s*(?:─ )?Worked for |^\s+└ Tip: |^\s+⚠ .*limit|background terminals? running|^\s*Tip: /u,
};

const LAYOUT: Layout = {
  agent: "codex",
  composer: (view) => openComposer(view, /^›(?: |$)/u),
  // The words before the bracket are the model's; the glyph blinks.
  busy: /^\S .*\((?:\d+[hms]\s?)+[^)]*esc to interrupt/u,
  attentionTitle: /\bAction Required\b/,
  // A streamed answer hides the busy row; only the title, where it is set, still tells.
  closing: /^\s*(?:─ )?Worked for \S/u,
  // Older versions never hide the busy row; a title that is the folder's name is Codex's own, and tells.
  tellsWork: ({ title }, footer) =>
    footer.some(
      (row) => /\b\d+% context left$/u.test(row) || (title !== "" && row.endsWith(`/${title}`)),
    ),
  ending: (view, composer) => endingOfCells(view, composer, MARKS),
};

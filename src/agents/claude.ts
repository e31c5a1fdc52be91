import { z } from "zod";
import { unreachable } from "../manifest/errors.ts";
import type { Agent, LaunchRequest, Signal } from "./agent.ts";
import { type CellMarks, endingOfCells } from "./cells.ts";
import { framedComposer } from "./composers.ts";
import { failureKind } from "./failure.ts";
import { HookEvent, hookSignals, reportingHooks } from "./hooks.ts";
import { ConversationId, jsonOf, modelFlag, PROXY_ENVIRONMENT } from "./launch.ts";
import { type Composer, type Ending, type Layout, readAgent } from "./tui.ts";
import { isSince } from "./versions.ts";
import { oneLine, textLines, type View } from "./view.ts";

/**
 * Claude Code. Its start-up dialogs cannot be switched off without writing the user's own
 * configuration; they are answered by their labels. As root it wants IS_SANDBOX=1 in the user's environment: whether
 * this machine is a sandbox is not ours to say.
 */
export const claude: Agent = {
  name: "claude",
  title: "Claude Code",
  binaries: ["claude"],
  versionArgv: ["--version"],
  versions: { oldest: "2.0", newest: "2.1.329" },
  interrupt: ["Escape"],
  environment: [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_MODEL",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CONFIG_DIR",
    "IS_SANDBOX",
    ...PROXY_ENVIRONMENT,
  ],
  interactive: true,
  install: "npm install --global @anthropic-ai/claude-code, then claude and /login",
  launch: (request) => ({
    argv: ["claude", ...flags(request), "--", "{prompt}"],
    env: {},
  }),
  resume: (request, conversation) => ({
    argv: [
      "claude",
      ...flags(request),
      ...(conversation === undefined ? ["--continue"] : ["--resume", conversation]),
      "--",
      "{prompt}",
    ],
    env: {},
  }),
  headless: {
    launch: (request) => ({ argv: headlessArgv(request, []), env: {} }),
    resume: (request, conversation) => ({
      argv: headlessArgv(request, ["--resume", conversation]),
      env: {},
    }),
    events: ["system init", "system api_retry", "result"],
  },
  consult: {
    argv: () => [
      ...["claude", "--print", "--output-format", "json"],
      // Nothing but looking is there to be used, nor what settings would run: those of the folder name programs, too.
      ...["--tools", "Read,Grep,Glob", "--strict-mcp-config", "--setting-sources", "user"],
      ...["--settings", JSON.stringify({ disableAllHooks: true })],
    ],
    answer: (output) => {
      const result = Result.safeParse(jsonOf(output));
      return result.success && !result.data.is_error
        ? (result.data.result ?? undefined)
        : undefined;
    },
  },
  signals,
  read: (screen) => readAgent(screen, LAYOUT),
};

/** A version refuses settings that name a hook which it does not know. */
const STOP_FAILURE_SINCE = "2.1.78";

/** Added to the person's own settings for this launch only. */
function settings({ asks, deny, version }: LaunchRequest): string {
  const known = HookEvent.options.filter(
    (event) => event !== "StopFailure" || isSince(version, STOP_FAILURE_SINCE),
  );
  return JSON.stringify({
    hooks: reportingHooks("claude", known, 10),
    ...(asks ? { permissions: permissions(deny, version) } : {}),
  });
}

/**
 * It edits the files of its folder. Of commands it runs unasked only those that look around, and of these none that is denied.
 * Its own mode for that, `acceptEdits`, also makes, moves and removes files by commands.
 */
const permissions = (deny: readonly string[], version: string | undefined) => ({
  allow: ["Edit(**)"],
  ask: [
    ...[...SECRET_FILES, ...deny].flatMap((pattern) => commandRules(pattern, version)),
    ...SECRET_FILES.map((name) => `Read(**/${name})`),
    ...RUN_LATER.map((path) => `Edit(**/${path})`),
  ],
});

const SECRET_FILES = [".env", ".netrc", ".npmrc", ".pypirc"];
/** What others run later, with other rights. */
const RUN_LATER = [".github/workflows/**", ".github/actions/**", ".gitlab-ci.yml", ".husky/**"];

/** Older versions know only how a command begins, and refuse settings with any other star. */
const STARS_SINCE = "2.1";

/** A bracket would end the rule, a colon before the star is an older kind of rule: without them it says more, never less. */
function commandRules(pattern: string, version: string | undefined): readonly string[] {
  const text = pattern.replace(/[()\\]/g, "*").replace(/^[*\s]+|[*:\s]+$/g, "");
  if (isSince(version, STARS_SINCE)) return [`Bash(*${text}*)`];
  const [start = ""] = pattern.split(/[*()\\:]/);
  return start.trim() === "" ? [] : [`Bash(${start.trim()}:*)`];
}

const flags = (request: LaunchRequest): string[] => [
  ...(request.asks ? ["--permission-mode", "default"] : ["--dangerously-skip-permissions"]),
  "--settings",
  settings(request),
  ...modelFlag(request.model),
];

/** No hooks: the stream says the same. */
const headlessArgv = ({ model }: LaunchRequest, more: readonly string[]): string[] => [
  "claude",
  "--print",
  "--output-format",
  "stream-json",
  "--verbose",
  "--dangerously-skip-permissions",
  ...modelFlag(model),
  ...more,
];

/** The end of `--output-format stream-json`, and all of `json`. */
const Result = z.object({
  type: z.literal("result"),
  subtype: z.string(),
  is_error: z.boolean(),
  result: z.string().nullish(),
});

/** The events of `--output-format stream-json`. */
const StreamEvent = z.union([
  z.object({ type: z.literal("system"), subtype: z.literal("init"), session_id: ConversationId }),
  z.object({
    type: z.literal("system"),
    subtype: z.literal("api_retry"),
    error: z.string().nullish(),
    error_status: z.number().nullish(),
  }),
  Result,
]);

function signals(notice: unknown): readonly Signal[] {
  const event = StreamEvent.safeParse(notice);
  return event.success ? eventSignals(event.data) : hookSignals(notice);
}

function eventSignals(event: z.infer<typeof StreamEvent>): readonly Signal[] {
  switch (event.type) {
    case "system":
      return event.subtype === "init"
        ? [
            { kind: "conversation", text: event.session_id },
            { kind: "turn-started", text: "" },
          ]
        : [
            {
              kind: "retrying",
              text: `API Error: ${[event.error_status, event.error].filter(Boolean).join(" ")}`,
            },
          ];
    case "result":
      return [
        event.is_error
          ? { kind: "turn-failed", text: event.result || event.subtype }
          : { kind: "turn-ended", text: event.result ?? "" },
      ];
    default:
      return unreachable(event);
  }
}

const MARKS: CellMarks = {
  banner: /\bClaude Code v\d/,
  prompt: /^[❯>] \S/u,
  cell: /^[●⏺] |^\s{2}[⎿└] /u,
  message: /^[●⏺] (?!\w+\(|(?:Running|Waiting|Background)\b)/u,
  failed: /^[●⏺] API Error(?::| \()/u,
  interrupted:
    /^(?:\s*[⎿└●⏺]\s+)?(?:Interrupted\b|Rejected\b|User rejected\b|Request interrupted\b)/u,
  compacted: /^(?:\s*[⎿└●⏺]\s+)?(?:Conversation )?compacted\b/iu,
  noise: /^\S \p{L}+ for (?:\d+[hms]\s?)+|^\s{2}⎿\s+Tip: |\/effort\s*$/u,
};

/** A spinner's row, e.g. `✻ Ionizing… (6s · ↓ 10 tokens)`: any glyph, any verb. */
const SPINNER_ROW = /^[^\s●⏺❯>⎿│] \S.*…(?:\s+\(|$)/u;

/** Below the composer while a subscription's limit lasts: Claude Code goes on by itself when it ends. */
const LIMIT_FOOTER = /^\s*⚠ .*\blimit resets .*\bContinuing (?:automatically at \d|shortly\b)/u;

const LAYOUT: Layout = {
  agent: "claude",
  composer: (view) =>
    framedComposer(view, { top: RULE, bottom: RULE, sign: /^[❯>!#](?:\s|$)/u }) ??
    framedComposer(view, { top: ROWS_ABOVE, bottom: RULE, sign: /^/u }),
  busy: new RegExp(
    `\\besc to interrupt\\b|${SPINNER_ROW.source}|^\\S .*\\b[Rr]etrying in \\d|${LIMIT_FOOTER.source}`,
    "u",
  ),
  ending,
};

const RULE = /^─{10,}.*─$|^─{10,}|^─+ ↓ \d+ more ─{10,}$/u;
/** The top of a composer whose draft is longer than its place: its sign is not seen. */
const ROWS_ABOVE = /^─+ ↑ \d+ more ─{10,}$/u;

function ending(view: View, composer: Composer): Ending {
  const rows = textLines(view, 0, composer.from).filter((row) => !MARKS.noise.test(row));
  // A notice begins at its own mark: what stands above are other words, maybe the person's.
  const at = rows.findLastIndex((row) => MARKS.cell.test(row));
  const notice = oneLine(rows.slice(at));
  const above = rows
    .slice(0, Math.max(0, at))
    .findLast((row) => MARKS.cell.test(row) || MARKS.prompt.test(row));
  // Right below the prompt: the request was refused.
  const refused = above !== undefined && MARKS.prompt.test(above) && /^[⎿└] /u.test(notice);
  // The composer itself says so.
  const resend = /\bresend your message\b/i.test(view.lines[composer.from + 1] ?? "");
  if (resend || (refused && failureKind(notice))) return { kind: "failed", text: notice };
  const found = endingOfCells(view, composer, MARKS);
  if (
    found.kind === "said" &&
    rows.slice(-6).some((line) => /^\s+Ran \d.*· \d+ failed$/.test(line))
  ) {
    return { kind: "broken-off", why: "the turn's last command failed" };
  }
  return found;
}

import type { Agent } from "./agent.ts";
import { type CellMarks, endingOfCells } from "./cells.ts";
import { framedComposer } from "./composers.ts";
import { failureKind } from "./failure.ts";
import { modelFlag, PROXY_ENVIRONMENT } from "./launch.ts";
import { type Composer, type Ending, type Layout, readAgent } from "./tui.ts";
import { linesAbove, oneLine, type View } from "./view.ts";

/**
 * Claude Code. Known versions: 2.0, 2.1. Its start-up dialogs cannot be switched off without writing the user's own
 * configuration; they are answered by their labels. As root it wants IS_SANDBOX=1 in the user's environment: whether
 * this machine is a sandbox is not ours to say.
 */
export const claude: Agent = {
  name: "claude",
  title: "Claude Code",
  binaries: ["claude"],
  versionArgv: ["--version"],
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
  launch: ({ model }) => ({
    argv: ["claude", ...FLAGS, ...modelFlag(model), "--", "{prompt}"],
    env: {},
  }),
  resume: ({ model }, conversation) => ({
    argv: [
      "claude",
      ...FLAGS,
      ...modelFlag(model),
      ...(conversation === undefined ? ["--continue"] : ["--resume", conversation]),
      "--",
      "{prompt}",
    ],
    env: {},
  }),
  read: (screen) => readAgent(screen, LAYOUT),
};

const FLAGS = ["--dangerously-skip-permissions"];

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

const LAYOUT: Layout = {
  agent: "claude",
  composer: (view) => framedComposer(view, { top: RULE, bottom: RULE, sign: /^[❯>!#](?:\s|$)/u }),
  busy: new RegExp(`\\besc to interrupt\\b|${SPINNER_ROW.source}|^\\S .*\\bretrying in \\d`, "u"),
  ending,
};

const RULE = /^─{10,}.*─$|^─{10,}/u;

function ending(view: View, composer: Composer): Ending {
  const last = linesAbove(view, composer.from, 6);
  // A notice right below the prompt: the request was refused.
  const prompt = last.findLastIndex((line) => MARKS.prompt.test(line));
  const notice = oneLine(last.slice(prompt + 1));
  if (prompt >= 0 && /^[⎿└] /u.test(notice) && failureKind(notice))
    return { kind: "failed", text: notice };
  // The composer itself says so.
  if (/\bresend your message\b/i.test(view.lines[composer.from + 1] ?? "")) {
    return { kind: "failed", text: notice };
  }
  const found = endingOfCells(view, composer, MARKS);
  if (found.kind === "said" && last.some((line) => /^\s+Ran \d.*· \d+ failed$/.test(line))) {
    return { kind: "broken-off", why: "the turn's last command failed" };
  }
  return found;
}

import { z } from "zod";
import { unreachable } from "../manifest/errors.ts";
import type { Agent, LaunchRequest, Signal } from "./agent.ts";
import { type CellMarks, endingOfCells } from "./cells.ts";
import { framedComposer, openComposer } from "./composers.ts";
import { ConversationId, modelFlag, PROXY_ENVIRONMENT } from "./launch.ts";
import { type Composer, type Ending, type Layout, readAgent } from "./tui.ts";
import type { View } from "./view.ts";

/** Gemini CLI. */
export const gemini: Agent = {
  name: "gemini",
  title: "Gemini CLI",
  binaries: ["gemini"],
  versionArgv: ["--version"],
  versions: { oldest: "0.39.1", newest: "0.61" },
  interrupt: ["Escape"],
  environment: [
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_GEMINI_BASE_URL",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_LOCATION",
    "GOOGLE_GENAI_USE_VERTEXAI",
    "GEMINI_CLI_HOME",
    ...PROXY_ENVIRONMENT,
  ],
  interactive: true,
  install: "npm install --global @google/gemini-cli, then gemini and /auth",
  launch: (request) => ({
    argv: ["gemini", ...flags(request), "-i", "{prompt}"],
    env: ENVIRONMENT,
  }),
  resume: (request, conversation) => ({
    argv: ["gemini", ...flags(request), "--resume", conversation ?? "latest", "-i", "{prompt}"],
    env: ENVIRONMENT,
  }),
  headless: {
    launch: (request) => ({ argv: [...headlessArgv(request)], env: ENVIRONMENT }),
    resume: (request, conversation) => ({
      argv: [...headlessArgv(request), "--resume", conversation],
      env: ENVIRONMENT,
    }),
    events: ["init", "message", "result"],
  },
  signals,
  read: (screen) => readAgent(screen, LAYOUT),
};

/**
 * For this launch only. Else it starts itself a second time, and the first one tells how the second ended by the wrong exit
 * code; and in a folder that is not trusted `--yolo` is taken back.
 */
const ENVIRONMENT = { GEMINI_CLI_NO_RELAUNCH: "true", GEMINI_CLI_TRUST_WORKSPACE: "true" };

const headlessArgv = (request: LaunchRequest): readonly string[] => [
  "gemini",
  ...flags(request),
  "--output-format",
  "stream-json",
];

/** The events of `--output-format stream-json`. */
const Event = z.discriminatedUnion("type", [
  z.object({ type: z.literal("init"), session_id: ConversationId }),
  z.object({
    type: z.literal("message"),
    role: z.enum(["user", "assistant"]),
    content: z.string(),
  }),
  z.object({
    type: z.literal("result"),
    status: z.string(),
    error: z.object({ message: z.string() }).nullish(),
  }),
]);

function signals(notice: unknown): readonly Signal[] {
  const parsed = Event.safeParse(notice);
  if (!parsed.success) return [];
  const { data } = parsed;
  switch (data.type) {
    case "init":
      return [{ kind: "conversation", text: data.session_id }];
    case "message":
      return data.role === "user"
        ? [{ kind: "turn-started", text: "" }]
        : [{ kind: "said", text: data.content }];
    case "result":
      return [
        data.error
          ? { kind: "turn-failed", text: data.error.message }
          : { kind: "turn-ended", text: "" },
      ];
    default:
      return unreachable(data);
  }
}

const flags = ({ asks, model }: LaunchRequest): string[] => [
  ...(asks ? ["--approval-mode", "auto_edit"] : ["--yolo"]),
  ...modelFlag(model),
];

/** Shared with its descendant Qwen Code. */
export const GEMINI_MARKS: CellMarks = {
  banner: /\b(?:Gemini CLI|Qwen Code)\b.*\bv\d/,
  prompt: /^\s{0,2}> \S/u,
  cell: /^\s{0,2}[✦✧◆●✕✗ℹ⚠✓✔xo?⊶⊷.-] {1,2}\S|^\s{0,2}╭/u,
  message: /^\s{0,2}[✦✧◆] /u,
  failed: /^\s{0,2}[✕✗] |^\s{0,2}[ℹ●] .*\bAPI Error\b/u,
  interrupted: /^\s{0,2}[ℹ●] Request cancelled\b/u,
  compacted: /^\s{0,2}[✦✧◆ℹ●] (?:Chat history|Context) compressed\b/u,
  noise:
    /^\s{0,2}ℹ This request failed\b|^\s{2}details\.$|\? for shortcuts\s*$|^\s*Press ctrl[+-]\w to show/iu,
};

const LAYOUT: Layout = {
  agent: "gemini",
  // The lowest is the program's: a frame further up is something that it shows.
  composer: (view) =>
    [halfBlockComposer(view), boxComposer(view), bareComposer(view)]
      .filter((found) => found !== undefined)
      .toSorted((left, right) => right.to - left.to)[0],
  busy: /\(esc to cancel\b|\besc to cancel(?:, \d|\))|^\s?! Shell awaiting input|^\s*[\u2801-\u28ff] \S/u,
  busyTitle: /^✦|\bWorking\b/u,
  attentionTitle: /^✋|\bAction Required\b/u,
  ending,
};

/** Cells that only a turn has. */
const OF_A_TURN = /^\s{0,2}[✦✧◆✕✗✓✔xo?⊶⊷.-] {1,2}\S|^\s{0,2}╭|\bAPI Error\b|\bRequest cancelled\b/u;

function ending(view: View, composer: Composer): Ending {
  const above = view.lines.slice(0, composer.from);
  const prompt = above.findLast((line) => GEMINI_MARKS.prompt.test(line));
  // It begins with notices of its own, e.g. about the terminal's colours.
  if (prompt === undefined && !above.some((line) => OF_A_TURN.test(line))) return { kind: "fresh" };
  // A notice comes and goes: it ends no turn.
  const notice = above.findLastIndex((line) => /^\s{0,2}⚠ /u.test(line));
  const below = above.slice(notice + 1);
  const last = notice >= 0 && !below.some((line) => GEMINI_MARKS.cell.test(line));
  // A resumed conversation shows the tools' answers as prompts: whatever ended then, nothing was asked since.
  return /> \[Function Response: /.test(prompt ?? "")
    ? { kind: "broken-off", why: "the conversation was resumed" }
    : endingOfCells(view, last ? { ...composer, from: notice } : composer, GEMINI_MARKS);
}

/** Above it stand a rule and the row of the approval mode, which belong to it. */
function halfBlockComposer(view: View): Composer | undefined {
  const found = framedComposer(view, {
    top: /^▄{10,}$/u,
    bottom: /^▀{10,}$/u,
    sign: /^\s[*>!]\s/u,
  });
  if (!found) return undefined;
  const rule = [1, 2, 3].find((up) => /^─{10,}$/u.test(view.lines[found.from - up] ?? ""));
  return { ...found, from: found.from - (rule ?? 0) };
}

/** Where the terminal has few colours: the row with the sign between two empty ones, below the rule and the mode. */
function bareComposer(view: View): Composer | undefined {
  const found = openComposer(view, /^\s[*>!]\s/u);
  const above = view.lines.slice(0, found?.from ?? 0);
  const rule = above.findLastIndex((line) => /^─{10,}$/u.test(line));
  return found && rule >= 0 && found.from - rule <= 5 ? { ...found, from: rule } : undefined;
}

const boxComposer = (view: View): Composer | undefined =>
  framedComposer(view, { top: /^╭─{10,}╮$/u, bottom: /^╰─{10,}╯$/u, sign: /^│ [*>!] /u });

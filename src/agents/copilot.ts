import type { Agent, LaunchRequest } from "./agent.ts";
import { type CellMarks, endingOfCells } from "./cells.ts";
import { framedComposer } from "./composers.ts";
import { modelFlag, PROXY_ENVIRONMENT } from "./launch.ts";
import { type Composer, type Ending, type Layout, readAgent } from "./tui.ts";
import type { View } from "./view.ts";

/**
 * GitHub Copilot CLI. It asks for trust in the folder whatever the flags say; the dialog is
 * answered by its labels.
 */
export const copilot: Agent = {
  name: "copilot",
  title: "Copilot CLI",
  binaries: ["copilot"],
  versionArgv: ["--version"],
  versions: { oldest: "1.0.52", newest: "1.0.102" },
  interrupt: ["Escape", "Escape"],
  environment: [
    "COPILOT_GITHUB_TOKEN",
    "COPILOT_HOME",
    "COPILOT_MODEL",
    "COPILOT_OFFLINE",
    "COPILOT_PROVIDER_API_KEY",
    "COPILOT_PROVIDER_BASE_URL",
    "COPILOT_PROVIDER_TYPE",
    "COPILOT_PROVIDER_WIRE_API",
    ...PROXY_ENVIRONMENT,
  ],
  interactive: true,
  install: "npm install --global @github/copilot, then copilot login",
  launch: (request) => ({
    argv: ["copilot", ...flags(request), "-i", "{prompt}"],
    env: ENVIRONMENT,
  }),
  resume: (request, conversation) => ({
    argv: [
      "copilot",
      ...flags(request),
      conversation === undefined ? "--continue" : `--resume=${conversation}`,
      "-i",
      "{prompt}",
    ],
    env: ENVIRONMENT,
  }),
  read: (screen) => readAgent(screen, LAYOUT),
};

const ENVIRONMENT = { COPILOT_AUTO_UPDATE: "false" };

const flags = ({ asks, model }: LaunchRequest): string[] => [
  ...(asks ? ["--allow-tool", "write"] : ["--yolo"]),
  ...modelFlag(model),
];

const MARKS: CellMarks = {
  banner: /\bCopilot v\d/,
  // The model's thoughts are folded behind the same sign.
  prompt: /^\s?❯ (?!Thought for \d|Thinking…)\S/u,
  cell: /^\s?[●✗✔!$] \S/u,
  message: /^\s?● (?!Operation cancelled\b|.*\bRetrying(?:\.{3}|…)$)/u,
  failed: /^\s?✗ (?!.* └ )/u,
  interrupted: /^\s?● Operation cancelled\b|\bThe user rejected this tool call\b/u,
  compacted: /^\s?● (?:Conversation |Context )?compact(?:ed|ion)\b/iu,
  noise: /^\s?❯ (?:Thought for \d|Thinking…)/u,
};

const LAYOUT: Layout = {
  agent: "copilot",
  composer: (view) => {
    const found = framedComposer(view, { top: RULE, bottom: RULE, sign: /^[❯>!](?:\s|$)/u });
    // The row of the folder stands right above it.
    return found && { ...found, from: found.from - 1 };
  },
  busy: /^\s*[●◉◎○◌] \S.*\besc (?:esc |again )?(?:to )?(?:interrupt|cancel|edit prompt)\b/u,
  // At rest the footer begins with words; at work with a circle that turns.
  busyFooter: /^\s*[●◉◎○◌◐◓◑◒\u2801-\u28ff] /u,
  ending,
};

const RULE = /^─{10,}$/u;

/** A tool's cell is told from a message by what hangs below it; the bar on the right belongs to the screen. */
function ending(view: View, composer: Composer): Ending {
  const lines = view.lines.map((line) => line.replace(/\s*┃$/u, ""));
  const found = endingOfCells({ ...view, lines }, composer, MARKS);
  const hangs = found.kind === "said" && /^\s+[│└]/u.test(found.lines[1] ?? "");
  return hangs ? { kind: "broken-off", why: "the turn ended without a last word" } : found;
}

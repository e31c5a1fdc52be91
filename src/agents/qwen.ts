import type { Agent, LaunchRequest } from "./agent.ts";
import { endingOfCells } from "./cells.ts";
import { framedComposer } from "./composers.ts";
import { GEMINI_MARKS } from "./gemini.ts";
import { HookEvent, hookSignals, reportingHooks } from "./hooks.ts";
import { modelFlag, PROXY_ENVIRONMENT } from "./launch.ts";
import { type Layout, readAgent } from "./tui.ts";

/** Qwen Code. */
export const qwen: Agent = {
  name: "qwen",
  title: "Qwen Code",
  binaries: ["qwen"],
  versionArgv: ["--version"],
  versions: { oldest: "0.15", newest: "0.24" },
  interrupt: ["Escape"],
  environment: [
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "DASHSCOPE_API_KEY",
    ...PROXY_ENVIRONMENT,
  ],
  interactive: true,
  install: "npm install --global @qwen-code/qwen-code, then qwen and /auth",
  launch: (request) => ({
    argv: ["qwen", ...flags(request), "-i", "{prompt}"],
    env: environment(request),
  }),
  resume: (request, conversation) => ({
    argv: [
      "qwen",
      ...flags(request),
      ...(conversation === undefined ? ["--continue"] : ["--resume", conversation]),
      "-i",
      "{prompt}",
    ],
    env: environment(request),
  }),
  signals: hookSignals,
  read: (screen) => readAgent(screen, LAYOUT),
};

/** What stands below the person's own settings in every launch; the session's folder of programs holds it by this name. */
export const QWEN_DEFAULTS = {
  name: "qwen-defaults.json",
  text: JSON.stringify({ hooks: reportingHooks("qwen", HookEvent.options, 10_000) }),
};

/** Else it starts itself a second time, and the first one tells how the second ended by the wrong exit code. */
const environment = ({ programsDir }: LaunchRequest) => ({
  QWEN_CODE_NO_RELAUNCH: "true",
  QWEN_CODE_SYSTEM_DEFAULTS_PATH: `${programsDir}/${QWEN_DEFAULTS.name}`,
});

const flags = ({ asks, model }: LaunchRequest): string[] => [
  ...(asks ? ["--approval-mode", "auto-edit"] : ["--yolo"]),
  ...modelFlag(model),
];

const RULE = /^─{10,}$/u;

const LAYOUT: Layout = {
  agent: "qwen",
  composer: (view) =>
    framedComposer(view, { top: RULE, bottom: RULE, sign: /^[*>!] /u }) ??
    framedComposer(view, { top: /^╭─{10,}╮$/u, bottom: /^╰─{10,}╯$/u, sign: /^│ [*>!] /u }),
  busy: /\besc to cancel\)|\(esc to cancel\b|^\s*[\u2801-\u28ff] \S/u,
  busyTitle: /^[◐◓◑◒]/u,
  attentionTitle: /^✳/u,
  ending: (view, composer) => endingOfCells(view, composer, GEMINI_MARKS),
};

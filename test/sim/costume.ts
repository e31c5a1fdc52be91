import type { Screen } from "../../src/agents/screen.ts";
import type { AgentProcess } from "./agent-process.ts";

/** As which program a simulated agent appears on its terminal. */
export type Costume = "codex" | "command";

/** The part of a screen that the program itself makes. */
export type Painted = Pick<Screen, "lines" | "title" | "currentCommand" | "cursor" | "alternateOn">;

/** Paints an agent's screen as its program would, so that the real readers of `src/agents` read it. */
export function paint(
  costume: Costume,
  agent: AgentProcess,
  { worktree, rows }: { readonly worktree: string; readonly rows: number },
): Painted {
  return costume === "codex" ? paintCodex(agent, worktree, rows) : paintCommand(agent, rows);
}

function paintCodex(agent: AgentProcess, worktree: string, rows: number): Painted {
  const folder = worktree.slice(worktree.lastIndexOf("/") + 1);
  const head = ["", "  >_ OpenAI Codex (v0.169.0)", `     ${worktree}`, "", "› Do the task.", ""];
  const { step, truth } = agent;
  if (truth === "ended") {
    return {
      lines: [...head, ...agent.lines],
      title: "",
      currentCommand: "node",
      cursor: { x: 0, y: 0, visible: true },
      alternateOn: false,
    };
  }
  if (step.kind === "dialog") {
    const dialog = step.dialog === "trust" ? trustDialog(worktree) : approvalDialog();
    const options = dialog.options.map((label, at) =>
      agent.highlighted === at ? `› ${at + 1}. ${label}` : `  ${at + 1}. ${label}`,
    );
    const above = step.dialog === "trust" ? [] : [...head, ...agent.lines.slice(-20)];
    return {
      lines: full(rows, [...above, "", ...dialog.text, "", ...options, "", dialog.footer]),
      title: step.dialog === "trust" ? "host" : `[ ! ] Action Required | ${folder}`,
      currentCommand: "node",
      cursor: { x: 1, y: rows - 3, visible: false },
      alternateOn: true,
    };
  }
  const working = truth === "working" || truth === "hanging";
  const body = [...head, ...agent.lines.slice(-20), ""];
  return {
    lines: full(rows, [...body, ...turnEnd(agent), "", ...composer(agent.draft, worktree)]),
    title: working ? `⠼ ${folder}` : folder,
    currentCommand: "node",
    cursor: { x: 2 + agent.draft.length, y: rows - 4, visible: true },
    alternateOn: true,
  };
}

/** The lines between transcript and composer. */
function turnEnd({ step, truth }: AgentProcess): string[] {
  if (truth === "working" || truth === "hanging") return ["• Working (6s • esc to interrupt)", ""];
  switch (step.kind) {
    case "ask":
      return [`• ${step.question}`, "", "  Worked for 21s • 09:22", ""];
    case "disconnected":
      return [
        "■ stream disconnected before completion: Transport error: network error: error decoding response body",
        "",
      ];
    case "limited":
      return ["■ exceeded retry limit, last status: 429 Too Many Requests", ""];
    default:
      return ["• Done.", "", "  Worked for 21s • 09:22", ""];
  }
}

const composer = (draft: string, worktree: string): string[] => [
  `› ${draft === "" ? "Ask Codex to do anything" : draft}`,
  "",
  `  GPT-5.5 default · ${worktree}`,
  "  ← for agents · ? for shortcuts",
];

const trustDialog = (worktree: string) => ({
  text: [
    "  Folder access",
    `  ${worktree}`,
    "",
    "  Trust this folder? Codex can read, edit, and run files here, subject to your permission settings. Folder settings",
    "  can run code automatically, even without a model request. Continue only if you trust these files. Your trust",
    "  decision will be saved.",
  ],
  options: ["Trust and continue", "Back to Agent Command Center"],
  footer: "  enter continue · esc back",
});

const approvalDialog = () => ({
  text: [
    "  Would you like to run the following command?",
    "",
    "  Environment: local",
    "",
    "  Reason: Do you want to allow this?",
    "",
    "  $ rm -r build",
  ],
  options: ["Yes, proceed (y)", "No, and tell Codex what to do differently (esc)"],
  footer: "  Press enter to confirm or esc to cancel",
});

/** A plain program: it writes lines, waits behind a prompt of its own, or is silent. */
function paintCommand(agent: AgentProcess, rows: number): Painted {
  const { step, truth } = agent;
  const waits = truth === "idle" || truth === "dialog";
  const prompt = !waits
    ? []
    : [`${step.kind === "ask" ? step.question : "Continue?"} [y/N] ${agent.draft}`];
  const lines = [...agent.lines.slice(-(rows - 2)), ...prompt];
  const last = lines.at(-1) ?? "";
  return {
    lines,
    title: "host",
    currentCommand: "agent",
    cursor: {
      x: waits ? last.length : 0,
      y: Math.max(0, lines.length - (waits ? 1 : 0)),
      visible: true,
    },
    alternateOn: false,
  };
}

/** A full-screen program draws its last line on the terminal's last row. */
const full = (rows: number, lines: readonly string[]): string[] => [
  ...Array.from({ length: Math.max(0, rows - lines.length) }, () => ""),
  ...lines,
];

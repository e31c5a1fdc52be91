import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Screen } from "../../src/agents/screen.ts";

const Facts = z.object({
  file: z.string(),
  agent: z.string(),
  cols: z.number(),
  rows: z.number(),
  paneCurrentCommand: z.string(),
  paneTitle: z.string(),
  alternateOn: z.boolean(),
  paneDead: z.boolean(),
  paneDeadStatus: z.number().nullable(),
  cursor: z.tuple([z.number(), z.number(), z.number()]),
  secondsSinceWindowActivity: z.number().nullable(),
  state: z.string().optional(),
});

/** A capture of a real pane with what tmux knew of it; `state` is its true label, where one is recorded. */
export interface RecordedScreen {
  readonly file: string;
  readonly agent: string;
  readonly screen: Screen;
  readonly state: string | undefined;
}

/** The screens that `folder/screens.jsonl` lists. */
export function recordedScreens(folder: string): RecordedScreen[] {
  return readFileSync(join(folder, "screens.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => recorded(folder, Facts.parse(JSON.parse(line))));
}

function recorded(folder: string, facts: z.infer<typeof Facts>): RecordedScreen {
  const text = readFileSync(join(folder, facts.file), "utf8").replace(/\n$/, "");
  const [x, y, visible] = facts.cursor;
  return {
    file: facts.file,
    agent: facts.agent,
    state: facts.state,
    screen: {
      lines: text.split("\n"),
      cols: facts.cols,
      rows: facts.rows,
      cursor: { x, y, visible: visible === 1 },
      title: facts.paneTitle,
      currentCommand: facts.paneCurrentCommand,
      alternateOn: facts.alternateOn,
      inMode: false,
      paneDead: facts.paneDead,
      paneDeadStatus: facts.paneDeadStatus,
      silentSeconds: facts.secondsSinceWindowActivity,
    },
  };
}

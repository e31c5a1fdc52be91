import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { agentByName } from "../src/agents/catalog.ts";
import { command } from "../src/agents/command.ts";
import type { Screen } from "../src/agents/screen.ts";
import { classifyScreen } from "../src/classify/classify.ts";

// Prints one verdict a line, {file, state, action, confidence, why}, for every screen that DIR/screens.jsonl lists:
//   npx tsx scripts/score-screens.ts DIR > verdicts.jsonl && node DIR/score.mjs verdicts.jsonl --per-agent --misses

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
});

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("usage: npx tsx scripts/score-screens.ts DIR\n");
  process.exit(2);
}
for (const line of readFileSync(join(folder, "screens.jsonl"), "utf8").split("\n")) {
  if (line.trim() === "") continue;
  const facts = Facts.parse(JSON.parse(line));
  const text = readFileSync(join(folder, facts.file), "utf8").replace(/\n$/, "");
  // An agent that is not in the catalogue is read by nobody's rules but the generic ones.
  const verdict = classifyScreen(agentByName(facts.agent) ?? command, screenOf(facts, text));
  process.stdout.write(`${JSON.stringify({ file: facts.file, ...verdict })}\n`);
}

function screenOf(facts: z.infer<typeof Facts>, text: string): Screen {
  const [x, y, visible] = facts.cursor;
  return {
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
  };
}

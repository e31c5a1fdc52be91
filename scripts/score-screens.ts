import { agentByName } from "../src/agents/catalog.ts";
import { command } from "../src/agents/command.ts";
import { classifyScreen } from "../src/classify/classify.ts";
import { recordedScreens } from "../test/support/recorded-screens.ts";

// Prints one verdict a line, {file, state, action, confidence, why}, for every screen that DIR/screens.jsonl lists:
//   npx tsx scripts/score-screens.ts DIR > verdicts.jsonl && node DIR/score.mjs verdicts.jsonl --per-agent --misses

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write("usage: npx tsx scripts/score-screens.ts DIR\n");
  process.exit(2);
}
for (const { file, agent, screen } of recordedScreens(folder)) {
  // An agent that is not in the catalogue is read by nobody's rules but the generic ones.
  const verdict = classifyScreen(agentByName(agent) ?? command, screen);
  process.stdout.write(`${JSON.stringify({ file, ...verdict })}\n`);
}

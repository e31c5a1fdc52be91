// Usage: install-test-tools [TOOL...]; without a name, all of them
import { ensureTool, TOOL_NAMES } from "../test/support/test-tools.ts";

const asked = process.argv.slice(2);
const strange = asked.filter((name) => !TOOL_NAMES.some((known) => known === name));
if (strange.length > 0) throw new Error(`no such tool: ${strange.join(", ")}`);

for (const name of TOOL_NAMES.filter((known) => asked.length === 0 || asked.includes(known))) {
  const tool = await ensureTool(name);
  const line = tool.kind === "ready" ? tool.dir : `unavailable: ${tool.reason}`;
  process.stderr.write(`${name}: ${line}\n`);
}

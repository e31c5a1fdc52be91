import { ensureTool, TOOL_NAMES } from "../test/support/test-tools.ts";

for (const name of TOOL_NAMES) {
  const tool = await ensureTool(name);
  const line = tool.kind === "ready" ? tool.dir : `unavailable: ${tool.reason}`;
  process.stderr.write(`${name}: ${line}\n`);
}

import type { Command } from "commander";

/** Adds the examples below a command's help. */
export function withExamples(
  command: Command,
  examples: readonly (readonly [line: string, what: string])[],
): void {
  command.addHelpText(
    "after",
    `\nExamples:\n${examples.map(([line, what]) => `  $ ${line}\n      ${what}`).join("\n")}`,
  );
}

import { CoppiceError } from "../../manifest/errors.ts";
import type { Problem } from "../../manifest/problem.ts";

const TOLD_MAX = 10;

/** Mistakes of a file that a person can mend, as one error: a line for each, with its place and remedy. */
export function mistakes(code: string, problems: readonly Problem[]): CoppiceError {
  const lines = problems
    .slice(0, TOLD_MAX)
    .map(({ file, line, column, field, message, remedy }) => {
      const name = field === "" ? "" : `${field}: `;
      return `${file}:${line}:${column} ${name}${message}. ${remedy}`;
    });
  const rest = problems.length - lines.length;
  return new CoppiceError({
    code,
    kind: "input",
    message: [...lines, ...(rest > 0 ? [`… and ${rest} more`] : [])].join("\n"),
    hint: "Mend what is named, then run the command again.",
  });
}

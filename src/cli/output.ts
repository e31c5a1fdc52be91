import { styleText } from "node:util";

type Colour = "green" | "red" | "yellow" | "cyan" | "dim" | "bold";

/** Where a command's words go: the answer to stdout, the story to stderr. */
export interface Output {
  readonly json: boolean;
  /** stderr is a terminal. */
  readonly live: boolean;
  answer(text: string): void;
  answerJson(value: unknown): void;
  story(line: string): void;
  paint(colour: Colour, text: string): string;
}

export function createOutput(options: { readonly json: boolean }): Output {
  const coloured =
    process.stderr.isTTY === true &&
    process.stdout.isTTY === true &&
    (process.env["NO_COLOR"] ?? "") === "";
  return {
    json: options.json,
    live: process.stderr.isTTY === true && !options.json,
    answer: (text) => {
      process.stdout.write(`${text}\n`);
    },
    answerJson: (value) => {
      process.stdout.write(`${JSON.stringify(value)}\n`);
    },
    story: (line) => {
      process.stderr.write(`${line}\n`);
    },
    paint: (colour, text) => (coloured ? styleText(colour, text) : text),
  };
}

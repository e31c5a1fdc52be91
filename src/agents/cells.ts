import type { Composer, Ending } from "./tui.ts";
import { isRule, oneLine, type View } from "./view.ts";

/** How an agent marks the parts of its transcript. All are tested on the start of a line. */
export interface CellMarks {
  /** The program's own first lines: what stands above was another run of it. */
  readonly banner: RegExp;
  /** A prompt that was sent. */
  readonly prompt: RegExp;
  /** The first line of anything that the agent shows below it. */
  readonly cell: RegExp;
  /** A cell that is a message of the model, after its mark is taken off. */
  readonly message: RegExp;
  readonly failed: RegExp;
  readonly interrupted: RegExp;
  readonly compacted: RegExp;
  /** Lines that say nothing about the ending: tips, timings, notices. */
  readonly noise: RegExp;
}

/** The ending of the last turn of a transcript that is made of marked cells. */
export function endingOfCells(view: View, composer: Composer, marks: CellMarks): Ending {
  const above = view.lines.slice(0, composer.from);
  const lines = above
    .slice(above.findLastIndex((line) => marks.banner.test(line)) + 1)
    .filter((line) => !marks.noise.test(line) && (line === "" || !isRule(line)));
  const prompt = lines.findLastIndex((line) => marks.prompt.test(line));
  // All since the program's start is on the screen, and no prompt is: what stands there are its own notices.
  if (prompt < 0 && above.some((line) => marks.banner.test(line))) return { kind: "fresh" };
  const turn = lines.slice(prompt + 1);
  const at = turn.findLastIndex((line) => marks.cell.test(line));
  if (at < 0)
    return prompt < 0 ? { kind: "fresh" } : { kind: "broken-off", why: "nothing came back" };
  const cell = turn.slice(at);
  const text = oneLine(cell);
  if (marks.interrupted.test(text)) return { kind: "broken-off", why: "the turn was interrupted" };
  if (marks.failed.test(text)) return { kind: "failed", text };
  if (marks.compacted.test(text))
    return { kind: "broken-off", why: "the conversation was compacted" };
  if (!marks.message.test(cell[0] ?? "")) {
    return { kind: "broken-off", why: "the turn ended without a last word" };
  }
  return { kind: "said", lines: [(cell[0] ?? "").replace(marks.message, ""), ...cell.slice(1)] };
}

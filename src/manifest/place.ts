import type { Problem } from "./problem.ts";

/** The way to a value: keys and indices. */
export type JsonPath = readonly (string | number)[];

/** One-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** An error that knows its offset in the text. */
export interface Finding extends Pick<Problem, "code" | "message" | "remedy"> {
  readonly at: number;
  readonly path?: JsonPath;
}

/** A path as people write it, e.g. `phases[0].tasks[2].dependsOn[0]`. */
export function fieldName(path: JsonPath): string {
  return path
    .map((step, at) => (typeof step === "number" ? `[${step}]` : at === 0 ? step : `.${step}`))
    .join("");
}

/** Turns offsets of a text into lines and columns. */
export function placesOf(text: string): (offset: number) => Place {
  let starts: readonly number[] | undefined;
  return (offset) => {
    starts ??= [0, ...[...text.matchAll(/\r\n?|\n/g)].map((end) => end.index + end[0].length)];
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

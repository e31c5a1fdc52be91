import type { Mistake, Score } from "../classify/score.ts";

const MISTAKES: readonly (readonly [Mistake, string])[] = [
  ["falseFinish", "false finish"],
  ["disturbed", "disturbed"],
  ["unsafeAnswer", "unsafe answer"],
  ["asleep", "asleep"],
];

/** Per agent, what was taken for what, and the dangerous mistakes, each with its files; the last line is the sum. */
export function scoreTable(score: Score): string {
  const rows = score.agents.map(({ agent, screens, right }) => [
    agent,
    `${right}/${screens}`,
    percent(right, screens),
  ]);
  const mistakes = MISTAKES.map(([kind, name]) => ({ name, files: score.safety[kind] }));
  return [
    ...aligned([["agent", "right", ""], ...rows]),
    ...score.confusion.map(
      ({ truth, said, files }) => `${truth} read as ${said}: ${files.length}  ${files.join(" ")}`,
    ),
    ...mistakes.flatMap(({ name, files }) =>
      files.length === 0 ? [] : [`${name}: ${files.length}  ${files.join(" ")}`],
    ),
    `accuracy ${percent(score.right, score.screens)} of ${score.screens} screens, ${mistakes.map(({ name, files }) => `${name} ${files.length}`).join(", ")}`,
  ].join("\n");
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

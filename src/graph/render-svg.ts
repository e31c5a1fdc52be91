import type { Manifest } from "../manifest/manifest.ts";
import { plainLine } from "../manifest/plain-text.ts";
import type { Task } from "../manifest/task.ts";
import { nameLine, STATUS_COLOURS, titleLine } from "./label.ts";
import { CARD, type Layout, layoutOf, type Point } from "./layout.ts";
import { predecessors, type TaskGraph } from "./task-graph.ts";

/** A picture of its own, without scripts and outside references: solid arrows are dependencies, dashed ones overlaps. */
export function svgOf(manifest: Manifest, graph: TaskGraph): string {
  const layout = layoutOf(manifest, graph);
  const { width, height } = layout;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="12">`,
    `<title>${escaped(plainLine(manifest.project, 100))}</title>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#4a5568"/></marker></defs>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...layout.phases.map((phase) => phaseOf(phase, height)),
    ...layout.lines.map(lineOf),
    ...layout.cards.map((card) => cardOf(card, graph)),
    "</svg>",
  ].join("\n")}\n`;
}

function phaseOf(phase: Layout["phases"][number], height: number): string {
  const { x, width } = phase;
  const name = escaped(fitted(phase.name, width - 24, 7.5));
  return [
    `<rect x="${x}" y="16" width="${width}" height="${height - 32}" rx="10" fill="#fafbfc" stroke="#dde2e9"/>`,
    `<text x="${x + 16}" y="42" font-size="14" font-weight="bold" fill="#1c2330">${name}</text>`,
  ].join("");
}

function lineOf({ edge, points }: Layout["lines"][number]): string {
  const dash = edge.kind === "overlap" ? ' stroke-dasharray="5 4"' : "";
  return `<path d="${curve(points)}" fill="none" stroke="#4a5568" stroke-width="1.4"${dash} marker-end="url(#arrow)"><title>${escaped(`${edge.from} → ${edge.to}: ${edge.why}`)}</title></path>`;
}

/** Straight along a card's row, bent in the gap between two columns. */
function curve(points: readonly Point[]): string {
  return points
    .map(({ x, y }, index) => {
      const last = points[index - 1];
      if (last === undefined) return `M${round(x)} ${round(y)}`;
      if (last.y === y && x > last.x) return `L${round(x)} ${round(y)}`;
      const reach = Math.max(24, Math.abs(x - last.x) / 2);
      return `C${round(last.x + reach)} ${round(last.y)} ${round(x - reach)} ${round(y)} ${round(x)} ${round(y)}`;
    })
    .join(" ");
}

const round = (value: number): number => Math.round(value * 10) / 10;

function cardOf({ task, x, y }: Layout["cards"][number], graph: TaskGraph): string {
  const { fill, line } = STATUS_COLOURS[task.status];
  const faded = task.status === "cancelled" || task.status === "archived" ? ' opacity="0.6"' : "";
  const text = (dx: number, dy: number, look: string, words: string) =>
    words === "" ? "" : `<text x="${x + dx}" y="${y + dy}" ${look}>${escaped(words)}</text>`;
  return [
    `<g${faded}><title>${escaped(hoverOf(task))}</title>`,
    `<rect x="${x}" y="${y}" width="${CARD.width}" height="${CARD.height}" rx="6" fill="${fill}" stroke="${line}"/>`,
    text(12, 19, 'font-weight="bold" fill="#1c2330"', fitted(nameLine(task), 130, 7.4)),
    text(CARD.width - 12, 19, `text-anchor="end" font-size="11" fill="${line}"`, task.status),
    text(12, 36, 'fill="#1c2330"', fitted(titleLine(task), CARD.width - 24, 6.3)),
    text(
      12,
      53,
      'font-size="10" fill="#4a5568"',
      fitted(overlapOf(task, graph), CARD.width - 24, 5.2),
    ),
    "</g>",
  ].join("");
}

/** Why a task waits although its `dependsOn` does not say so. */
function overlapOf(task: Task, graph: TaskGraph): string {
  return predecessors(graph, task.id)
    .filter((edge) => edge.kind === "overlap")
    .map((edge) => `after ${edge.from}: ${edge.why}`)
    .join("; ");
}

const hoverOf = (task: Task): string =>
  [nameLine(task), titleLine(task), ...task.files].filter((word) => word !== "").join("\n");

/** Cuts text to about `width` pixels; wide characters count twice. */
function fitted(text: string, width: number, perCharacter: number): string {
  const plain = plainLine(text, 400);
  let [used, kept] = [0, ""];
  for (const char of plain) {
    used += /[\u1100-\u115f\u2e80-\uffdc]|[\u{1f300}-\u{3fffd}]/u.test(char) ? 2 : 1;
    if (used * perCharacter > width) return `${kept.slice(0, -1)}…`;
    kept += char;
  }
  return kept;
}

function escaped(text: string): string {
  return plainXml(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** Without the characters that XML forbids. */
const plainXml = (text: string): string => text.replace(/[\ud800-\udfff\ufffe\uffff]/gu, "");

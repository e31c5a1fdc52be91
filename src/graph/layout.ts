import type { Manifest } from "../manifest/manifest.ts";
import type { Task, TaskId } from "../manifest/task.ts";
import type { TaskEdge } from "./task-edge.ts";
import type { TaskGraph } from "./task-graph.ts";
import { waves } from "./waves.ts";

/** Where everything stands in a picture; pixels from the top left. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly phases: readonly { readonly name: string; readonly x: number; readonly width: number }[];
  /** The top left corner of each task's card. */
  readonly cards: readonly { readonly task: Task; readonly x: number; readonly y: number }[];
  /** Each edge through its points, from the right of one card to the left of another. */
  readonly lines: readonly { readonly edge: TaskEdge; readonly points: readonly Point[] }[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const CARD = { width: 224, height: 62 } as const;
const MARGIN = 24;
const HEAD = 44;
const COLUMN_GAP = 64;
const PHASE_PADDING = 16;
const ROW_GAP = 16;
const BEND_HEIGHT = 10;
/** Longer edges are drawn straight: a picture of so many columns is not followed by eye. */
const BENDS_MAX = 40;

/**
 * One column for each wave, the phases side by side. An edge that skips columns bends round their cards, and the rows
 * of a column follow the neighbours that they are linked to.
 */
export function layoutOf(manifest: Manifest, graph: TaskGraph): Layout {
  const columns: Slot[][] = [];
  const columnX: number[] = [];
  const phases: { name: string; x: number; width: number }[] = [];
  const cards = new Map<TaskId, Slot>();
  let x = MARGIN;
  manifest.phases.forEach((phase, index) => {
    const groups = waves(manifest, index, graph);
    const byId = new Map(phase.tasks.map((task) => [task.id, task]));
    const left = x;
    x += PHASE_PADDING;
    for (const group of groups.length > 0 ? groups : [[]]) {
      const slots = group.map((id) => cardSlot(columns.length, byId.get(id)));
      for (const slot of slots) if (slot.task) cards.set(slot.task.id, slot);
      columns.push(slots);
      columnX.push(x);
      x += CARD.width + COLUMN_GAP;
    }
    x += PHASE_PADDING - COLUMN_GAP;
    phases.push({ name: phase.name, x: left, width: x - left });
    x += COLUMN_GAP - PHASE_PADDING;
  });
  const routes = graph.edges.flatMap((edge) => {
    const [from, to] = [cards.get(edge.from), cards.get(edge.to)];
    return from && to ? [{ edge, slots: route(from, to, columns) }] : [];
  });
  for (let round = 0; round < 6; round += 1) sortRows(columns, round % 2 === 0);
  const height = placeRows(columns);
  const at = (slot: Slot) => columnX[slot.column] ?? 0;
  return {
    width: x - COLUMN_GAP + PHASE_PADDING + MARGIN,
    height,
    phases,
    cards: columns.flat().flatMap((slot) => {
      return slot.task ? [{ task: slot.task, x: at(slot), y: slot.y }] : [];
    }),
    lines: routes.map(({ edge, slots }) => ({
      edge,
      points: slots.flatMap((slot, index) => {
        const y = slot.y + slot.height / 2;
        const right = { x: at(slot) + CARD.width, y };
        const left = { x: at(slot), y };
        if (index === 0) return [right];
        return index === slots.length - 1 ? [left] : [left, right];
      }),
    })),
  };
}

/** A place in a column: a task's card, or the bend of an edge that passes. */
interface Slot {
  readonly column: number;
  readonly height: number;
  readonly task: Task | undefined;
  readonly before: Slot[];
  readonly after: Slot[];
  row: number;
  y: number;
}

function slotOf(column: number, height: number, task: Task | undefined): Slot {
  return { column, height, task, before: [], after: [], row: 0, y: 0 };
}

const cardSlot = (column: number, task: Task | undefined): Slot =>
  slotOf(column, CARD.height, task);

/** The slots of an edge, with a new bend in each column between. */
function route(from: Slot, to: Slot, columns: Slot[][]): Slot[] {
  const slots = [from];
  const between = to.column - from.column - 1;
  for (let step = 1; step <= between && between <= BENDS_MAX; step += 1) {
    const bend = slotOf(from.column + step, BEND_HEIGHT, undefined);
    columns[bend.column]?.push(bend);
    slots.push(bend);
  }
  slots.push(to);
  slots.forEach((slot, index) => {
    const next = slots[index + 1];
    if (next === undefined) return;
    slot.after.push(next);
    next.before.push(slot);
  });
  return slots;
}

/** Sorts every column by the mean row of the neighbours on one side. */
function sortRows(columns: Slot[][], forwards: boolean): void {
  for (const column of columns) {
    column.forEach((slot, row) => {
      slot.row = row;
    });
  }
  for (const column of forwards ? columns : columns.toReversed()) {
    const wish = new Map(
      column.map((slot) => {
        const rows = (forwards ? slot.before : slot.after).map((other) => other.row);
        const mean = rows.reduce((sum, row) => sum + row, 0) / rows.length;
        return [slot, rows.length === 0 ? slot.row : mean];
      }),
    );
    column.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0) || a.row - b.row);
    column.forEach((slot, row) => {
      slot.row = row;
    });
  }
}

/** Gives every slot its height in the picture and returns that of the whole. */
function placeRows(columns: readonly Slot[][]): number {
  let height = HEAD + MARGIN;
  for (const column of columns) {
    let y = MARGIN + HEAD;
    for (const slot of column) {
      const pull = slot.before.map((other) => other.y + other.height / 2 - slot.height / 2);
      const mean = pull.reduce((sum, one) => sum + one, 0) / pull.length;
      slot.y = pull.length === 0 ? y : Math.max(y, mean);
      y = slot.y + slot.height + ROW_GAP;
    }
    height = Math.max(height, y);
  }
  return height + MARGIN;
}

import { stableOrder } from "../graph/order.ts";
import { CoppiceError, unreachable } from "../manifest/errors.ts";
import type { Priority } from "../manifest/task.ts";
import { PRIORITIES } from "./priority.ts";

/** Names of the phases, in order. */
export const PHASES = ["Phase 1: Critical", "Phase 2: High", "Phase 3: Medium and low"] as const;

/** What decides on an issue's place. */
export interface Placeable {
  readonly number: number;
  readonly priority: Priority;
  /** Numbers of the issues that it waits for; without a cycle. */
  readonly dependsOn: readonly number[];
}

export interface Placement<Item> {
  readonly item: Item;
  /** Index into `PHASES`. */
  readonly phase: number;
  /** The urgent issue that waits for this one, perhaps through others, and raised it; null when its own priority decides. */
  readonly raisedBy: number | null;
}

/**
 * Puts every issue into a phase and all into one order: the most urgent first, each after what it waits for.
 * An issue that others wait for is as urgent as the most urgent of them, so none waits for a later phase.
 */
export function placements<Item extends Placeable>(items: readonly Item[]): Placement<Item>[] {
  const places = items
    .toSorted((a, b) => a.number - b.number)
    .map((item): Place<Item> => ({ item, priority: item.priority, raisedBy: null }));
  const byNumber = new Map(places.map((place) => [place.item.number, place]));
  const before = ({ item }: Place<Item>) =>
    item.dependsOn.flatMap((number) => byNumber.get(number) ?? []);
  for (const place of inOrder(places, before).toReversed()) {
    for (const other of before(place)) {
      if (rank(other.priority) <= rank(place.priority)) continue;
      other.priority = place.priority;
      other.raisedBy = place.raisedBy ?? place.item.number;
    }
  }
  const urgentFirst = places.toSorted((a, b) => rank(a.priority) - rank(b.priority));
  return inOrder(urgentFirst, before).map(({ item, priority, raisedBy }) => {
    const phase = phaseOf(priority);
    return { item, phase, raisedBy: phase < phaseOf(item.priority) ? raisedBy : null };
  });
}

interface Place<Item> {
  readonly item: Item;
  priority: Priority;
  raisedBy: number | null;
}

const rank = (priority: Priority): number => PRIORITIES.indexOf(priority);

function inOrder<Key>(keys: readonly Key[], before: (key: Key) => readonly Key[]): readonly Key[] {
  const outcome = stableOrder(keys, before);
  if (outcome.kind === "ordered") return outcome.order;
  throw new CoppiceError({
    code: "cyclic-plan",
    kind: "bug",
    message: "issues that wait for each other reached the phases",
    hint: "Please report this with the issues that you planned.",
  });
}

function phaseOf(priority: Priority): number {
  switch (priority) {
    case "critical":
      return 0;
    case "high":
      return 1;
    case "medium":
    case "low":
      return 2;
    default:
      return unreachable(priority);
  }
}

import { stableOrder } from "../graph/order.ts";
import { CoppiceError, unreachable } from "../manifest/errors.ts";
import type { Priority } from "../manifest/task.ts";
import { PRIORITIES } from "./priority.ts";

/** What makes the phases: how urgent issues are, or their milestones. */
export type PhaseRule = "priority" | "milestone";

/** Names of the phases by priority, in order. */
const BY_PRIORITY = ["Phase 1: Critical", "Phase 2: High", "Phase 3: Medium and low"] as const;
const NO_MILESTONE = "No milestone";

/** What decides on an issue's place. */
export interface Placeable {
  readonly number: number;
  readonly priority: Priority;
  readonly milestone: string | null;
  /** ISO 8601. */
  readonly milestoneDue: string | null;
  /** Numbers of the issues that it waits for; without a cycle. */
  readonly dependsOn: readonly number[];
}

export interface Placement<Item> {
  readonly item: Item;
  /** Its name. */
  readonly phase: string;
  /** The urgent issue that waits for this one, perhaps through others, and raised it; null when its own place decides. */
  readonly raisedBy: number | null;
}

export interface Placements<Item> {
  /** Those that hold issues, in order. */
  readonly phases: readonly string[];
  readonly placed: readonly Placement<Item>[];
}

/**
 * Puts every issue into a phase and all into one order: the most urgent first, of equals the one whose milestone comes
 * first (the other way round for phases by milestone), each after what it waits for. An issue that others wait for is
 * as urgent as the most urgent of them, so none waits for a later phase.
 */
export function placements<Item extends Placeable>(
  items: readonly Item[],
  rule: PhaseRule,
): Placements<Item> {
  const ladder = ladderOf(rule, milestonesOf(items));
  const places = items
    .toSorted((a, b) => a.number - b.number)
    .map((item): Place<Item> => ({ item, rung: ladder.rungOf(item), raisedBy: null }));
  const byNumber = new Map(places.map((place) => [place.item.number, place]));
  const before = ({ item }: Place<Item>) =>
    item.dependsOn.flatMap((number) => byNumber.get(number) ?? []);
  for (const place of inOrder(places, before).toReversed()) {
    for (const other of before(place)) {
      if (other.rung <= place.rung) continue;
      other.rung = place.rung;
      other.raisedBy = place.raisedBy ?? place.item.number;
    }
  }
  const urgentFirst = places.toSorted((a, b) => a.rung - b.rung);
  const placed = inOrder(urgentFirst, before).map(({ item, rung, raisedBy }) => {
    const phase = ladder.phaseOf(rung);
    return {
      item,
      phase,
      raisedBy: phase === ladder.phaseOf(ladder.rungOf(item)) ? null : raisedBy,
    };
  });
  const held = new Set(placed.map(({ phase }) => phase));
  return { phases: ladder.phases.filter((phase) => held.has(phase)), placed };
}

interface Place<Item> {
  readonly item: Item;
  rung: number;
  raisedBy: number | null;
}

/** Issues by urgency: the lower the rung, the earlier. */
interface Ladder {
  readonly phases: readonly string[];
  readonly rungOf: (item: Placeable) => number;
  readonly phaseOf: (rung: number) => string;
}

function ladderOf(rule: PhaseRule, milestones: readonly string[]): Ladder {
  const names = [...milestones, NO_MILESTONE];
  const step = ({ milestone }: Placeable) => names.indexOf(milestone ?? NO_MILESTONE);
  const rank = ({ priority }: Placeable) => PRIORITIES.indexOf(priority);
  switch (rule) {
    case "priority":
      return {
        phases: BY_PRIORITY,
        rungOf: (item) => rank(item) * names.length + step(item),
        phaseOf: (rung) => phaseOfPriority(PRIORITIES[Math.floor(rung / names.length)] ?? "low"),
      };
    case "milestone":
      return {
        phases: names,
        rungOf: (item) => step(item) * PRIORITIES.length + rank(item),
        phaseOf: (rung) => names[Math.floor(rung / PRIORITIES.length)] ?? NO_MILESTONE,
      };
    default:
      return unreachable(rule);
  }
}

/** By the day on which they are due, then those without one by name, where 1.10 comes after 1.9. */
function milestonesOf(items: readonly Placeable[]): string[] {
  const dueOf = new Map<string, string>();
  for (const { milestone, milestoneDue } of items) {
    if (milestone !== null) dueOf.set(milestone, milestoneDue ?? dueOf.get(milestone) ?? "");
  }
  const late = "9999";
  return [...dueOf]
    .toSorted(([a, dueA], [b, dueB]) => {
      const [first, second] = [dueA || late, dueB || late];
      if (first !== second) return first < second ? -1 : 1;
      return a.localeCompare(b, "en", { numeric: true });
    })
    .map(([milestone]) => milestone);
}

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

function phaseOfPriority(priority: Priority): string {
  switch (priority) {
    case "critical":
      return BY_PRIORITY[0];
    case "high":
      return BY_PRIORITY[1];
    case "medium":
    case "low":
      return BY_PRIORITY[2];
    default:
      return unreachable(priority);
  }
}

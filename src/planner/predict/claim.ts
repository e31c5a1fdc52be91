import type { Chance } from "./pairs.ts";

/** What two issues that name a common file cost or save: positive when they are better done one after the other. */
export type OrderValue = (a: number, b: number) => number;

const FILES_SURE_OF_PLACE = 3;
const FILES_MAX = 6;
const PASSES_MAX = 6;
/** A file's own worth: a list that names it is the better, the likelier it is touched. */
const WORTH = 0.1;
const WORTH_OF_FURTHER = 0.02;

/**
 * Chooses for each issue which of its likely files it names. Issues that name a common file are done one after the
 * other, so a file is named where the orders that follow are worth it: a collision that it prevents is a gain, two
 * issues that wait for nothing a loss. Files that everybody may touch thus order only those that really meet there.
 * `fixed` are named whatever follows. Looks at all files some times, the likeliest first, and ends when nothing moves.
 */
export function claimFiles(
  chances: readonly (readonly Chance[])[],
  fixed: readonly ReadonlySet<number>[],
  valueOfOrder: OrderValue,
): ReadonlySet<number>[] {
  const claims = chances.map(() => new Set<number>());
  const claimants = new Map<number, Set<number>>();
  const shared = chances.map(() => new Map<number, number>());
  const count = (a: number, b: number, by: number) => {
    shared[a]?.set(b, (shared[a]?.get(b) ?? 0) + by);
    shared[b]?.set(a, (shared[b]?.get(a) ?? 0) + by);
  };
  const othersAt = (file: number, issue: number) =>
    [...(claimants.get(file) ?? [])].filter((other) => other !== issue);
  const claim = (issue: number, file: number) => {
    for (const other of othersAt(file, issue)) count(issue, other, 1);
    claims[issue]?.add(file);
    claimants.set(file, (claimants.get(file) ?? new Set()).add(issue));
  };
  const release = (issue: number, file: number) => {
    claims[issue]?.delete(file);
    claimants.get(file)?.delete(issue);
    for (const other of othersAt(file, issue)) count(issue, other, -1);
  };
  /** The worth of the orders that hang on this file alone. */
  const worthOfOrders = (issue: number, file: number, sharedOtherwise: number) =>
    othersAt(file, issue)
      .filter((other) => (shared[issue]?.get(other) ?? 0) === sharedOtherwise)
      .reduce((sum, other) => sum + valueOfOrder(issue, other), 0);

  fixed.forEach((files, issue) => {
    for (const file of files) claim(issue, file);
  });
  const offers = chances
    .flatMap((own, issue) => own.map(({ file, chance }) => ({ issue, file, chance })))
    .filter(({ issue, file }) => fixed[issue]?.has(file) !== true)
    .toSorted((a, b) => b.chance - a.chance || a.issue - b.issue || a.file - b.file);
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    let moved = false;
    for (const { issue, file, chance } of offers) {
      const named = claims[issue] ?? new Set();
      const has = named.has(file);
      const others = named.size - (has ? 1 : 0);
      const roomy = others < FILES_SURE_OF_PLACE;
      const orders = worthOfOrders(issue, file, has ? 1 : 0);
      const worth = orders + chance * (roomy ? WORTH : WORTH_OF_FURTHER);
      const wanted = worth > 0 && (roomy || (orders > 0 && others < FILES_MAX));
      if (wanted === has) continue;
      if (wanted) claim(issue, file);
      else release(issue, file);
      moved = true;
    }
    if (!moved) break;
  }
  return claims;
}

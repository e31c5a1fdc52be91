/** All keys in order, or the cycles that forbid one; a cycle begins with its first key of the given sequence. */
export type OrderOutcome<Key> =
  | { readonly kind: "ordered"; readonly order: readonly Key[] }
  | { readonly kind: "cyclic"; readonly cycles: readonly (readonly Key[])[] };

/**
 * Puts every key after those it depends on and leaves the rest as near to the given sequence as that allows: of all
 * keys that may come next, the first of the sequence does. Dependencies outside the sequence are ignored.
 * (graphlib's own sort and cycle search recurse, and end at a chain of some thousand tasks.)
 */
export function stableOrder<Key>(
  keys: readonly Key[],
  dependenciesOf: (key: Key) => readonly Key[],
): OrderOutcome<Key> {
  const placeOf = new Map(keys.map((key, place) => [key, place]));
  const waitsFor = keys.map(
    (key) => new Set(dependenciesOf(key).flatMap((before) => placeOf.get(before) ?? [])),
  );
  const followers = keys.map((): number[] => []);
  const open = waitsFor.map((before) => before.size);
  waitsFor.forEach((before, place) => {
    for (const other of before) followers[other]?.push(place);
  });
  const order: Key[] = [];
  let next = 0;
  while (next < keys.length) {
    const key = keys[next];
    if (open[next] !== 0 || key === undefined) {
      next += 1;
      continue;
    }
    order.push(key);
    open[next] = -1;
    let first = next + 1;
    for (const follower of followers[next] ?? []) {
      const left = (open[follower] ?? 0) - 1;
      open[follower] = left;
      if (left === 0) first = Math.min(first, follower);
    }
    next = first;
  }
  if (order.length === keys.length) return { kind: "ordered", order };
  const stuck = (place: number) => (open[place] ?? 0) > 0;
  const cycles = cyclesAmong(keys.length, (place) =>
    stuck(place) ? [...(waitsFor[place] ?? [])].find(stuck) : undefined,
  );
  return {
    kind: "cyclic",
    cycles: cycles.map((cycle) => cycle.flatMap((place) => keys[place] ?? [])),
  };
}

/** The cycles of a graph in which every place has at most one way on. */
function cyclesAmong(count: number, next: (place: number) => number | undefined): number[][] {
  const seen = new Set<number>();
  const cycles: number[][] = [];
  for (let start = 0; start < count; start += 1) {
    const walk = new Set<number>();
    let at: number | undefined = start;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      walk.add(at);
      at = next(at);
    }
    if (at === undefined || !walk.has(at)) continue;
    const path = [...walk];
    const cycle = path.slice(path.indexOf(at));
    const first = cycle.indexOf(Math.min(...cycle));
    cycles.push([...cycle.slice(first), ...cycle.slice(0, first)]);
  }
  return cycles;
}

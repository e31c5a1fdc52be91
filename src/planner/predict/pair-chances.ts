/** A chance for each pair of issues, by their places; 0 where none was set. Made for many issues: four bytes a pair. */
export class PairChances {
  readonly #chances: Float32Array;

  constructor(issues: number) {
    this.#chances = new Float32Array((issues * (issues - 1)) / 2);
  }

  set(a: number, b: number, chance: number): void {
    this.#chances[placeOf(a, b)] = chance;
  }

  of(a: number, b: number): number {
    return this.#chances[placeOf(a, b)] ?? 0;
  }
}

/** The pairs (1,0), (2,0), (2,1), (3,0), …; an issue and itself are no pair. */
function placeOf(a: number, b: number): number {
  const later = Math.max(a, b);
  return a === b ? -1 : (later * (later - 1)) / 2 + Math.min(a, b);
}

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

/** The pairs (1,0), (2,0), (2,1), (3,0), …; -1 for an issue and itself, and for one that is not there. */
function placeOf(a: number, b: number): number {
  const earlier = Math.min(a, b);
  const later = Math.max(a, b);
  return a === b || earlier < 0 ? -1 : (later * (later - 1)) / 2 + earlier;
}

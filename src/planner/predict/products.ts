/** Words with a value each. */
export type Vector = ReadonlyMap<string, number>;

/** The inner products of one vector with all others, through a table from words to vectors. */
export class Products {
  /** For each vector its words, as places in `#having`, with their values. */
  readonly #vectors: { readonly words: Int32Array; readonly values: Float64Array }[];
  readonly #having: { readonly places: number[]; readonly values: number[] }[] = [];
  readonly #sums: Float64Array;

  constructor(vectors: readonly Vector[]) {
    const placeOf = new Map<string, number>();
    this.#sums = new Float64Array(vectors.length);
    this.#vectors = vectors.map((vector, at) => {
      const words = Int32Array.from(vector.keys(), (word) => {
        const place = placeOf.get(word) ?? placeOf.size;
        placeOf.set(word, place);
        return place;
      });
      const values = Float64Array.from(vector.values());
      words.forEach((word, nth) => {
        this.#having[word] ??= { places: [], values: [] };
        this.#having[word].places.push(at);
        this.#having[word].values.push(values[nth] ?? 0);
      });
      return { words, values };
    });
  }

  /** Forgets what it was asked before. */
  ask(place: number): void {
    this.#sums.fill(0);
    const { words, values } = this.#vectors[place] ?? { words: [], values: [] };
    for (let nth = 0; nth < words.length; nth += 1) {
      const having = this.#having[words[nth] ?? 0];
      if (having !== undefined) addTo(this.#sums, having, values[nth] ?? 0);
    }
  }

  /** Of the vector asked for and this one. */
  of(other: number): number {
    return this.#sums[other] ?? 0;
  }
}

function addTo(
  sums: Float64Array,
  { places, values }: { readonly places: readonly number[]; readonly values: readonly number[] },
  by: number,
): void {
  for (let nth = 0; nth < places.length; nth += 1) {
    const place = places[nth] ?? 0;
    sums[place] = (sums[place] ?? 0) + by * (values[nth] ?? 0);
  }
}

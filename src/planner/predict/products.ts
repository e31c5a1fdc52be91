/** Words with a value each. */
export type Vector = ReadonlyMap<string, number>;

/** The inner products of one vector with all others, through a table from words to vectors. */
export class Products {
  /** For each vector its words, as places in `#having`, with their values. */
  readonly #vectors: { readonly words: Int32Array; readonly values: Float64Array }[];
  readonly #having: Having[];
  readonly #sums: Float64Array;

  constructor(vectors: readonly Vector[]) {
    const placeOf = new Map<string, number>();
    const collected: { readonly places: number[]; readonly values: number[] }[] = [];
    this.#sums = new Float64Array(vectors.length);
    this.#vectors = vectors.map((vector, at) => {
      const words = Int32Array.from(vector.keys(), (word) => {
        const place = placeOf.get(word) ?? placeOf.size;
        placeOf.set(word, place);
        return place;
      });
      const values = Float64Array.from(vector.values());
      words.forEach((word, nth) => {
        collected[word] ??= { places: [], values: [] };
        collected[word].places.push(at);
        collected[word].values.push(values[nth] ?? 0);
      });
      return { words, values };
    });
    this.#having = collected.map(({ places, values }) => ({
      places: Int32Array.from(places),
      values: Float64Array.from(values),
    }));
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

/** The vectors that have a word, with their values. */
interface Having {
  readonly places: Int32Array;
  readonly values: Float64Array;
}

function addTo(sums: Float64Array, { places, values }: Having, by: number): void {
  for (let nth = 0; nth < places.length; nth += 1) {
    const place = places[nth] ?? 0;
    sums[place] = (sums[place] ?? 0) + by * (values[nth] ?? 0);
  }
}

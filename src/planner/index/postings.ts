/** For each word the texts that have it, and how much it says of them. */
export interface Postings {
  readonly of: ReadonlyMap<string, Posting>;
  /** How many texts there are. */
  readonly texts: number;
}

export interface Posting {
  readonly texts: Int32Array;
  /** Beside `texts`: what the word adds to a text's score (BM25, without the word's own weight). */
  readonly impacts: Float32Array;
}

const SATURATION = 1.2;
const LENGTH_MATTERS = 0.5;

/** For each word of some texts, which have it. `countsOf` gives the words of one and how often it has them. */
export function postings<Item>(
  items: readonly Item[],
  countsOf: (item: Item, id: number) => ReadonlyMap<string, number>,
): Postings {
  const collected = new Map<string, { texts: number[]; counts: number[] }>();
  const lengths = new Float64Array(items.length);
  items.forEach((item, id) => {
    let length = 0;
    for (const [word, count] of countsOf(item, id)) {
      length += count;
      const entry = collected.get(word);
      if (entry === undefined) collected.set(word, { texts: [id], counts: [count] });
      else {
        entry.texts.push(id);
        entry.counts.push(count);
      }
    }
    lengths[id] = length;
  });
  const rooms = roomsOf(lengths);
  const of = new Map<string, Posting>();
  for (const [word, { texts, counts }] of collected) {
    const impacts = Float32Array.from(counts, (count, place) => {
      const room = rooms[texts[place] ?? 0] ?? 0;
      return (count * (SATURATION + 1)) / (count + room);
    });
    of.set(word, { texts: Int32Array.from(texts), impacts });
    // What was collected is much larger than what is made of it.
    collected.delete(word);
  }
  return { of, texts: items.length };
}

/** For each text the count at which a word has half its weight: more in long texts. */
function roomsOf(lengths: Float64Array): Float64Array {
  let sum = 0;
  let filled = 0;
  for (const length of lengths) {
    sum += length;
    if (length > 0) filled += 1;
  }
  const mean = sum / Math.max(1, filled);
  return lengths.map(
    (length) => SATURATION * (1 - LENGTH_MATTERS + (LENGTH_MATTERS * length) / mean),
  );
}

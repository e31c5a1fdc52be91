/** For each word the texts that have it, and how much it says of them; words of too many texts are left out. */
export interface Postings {
  readonly of: ReadonlyMap<string, Posting>;
  /** How many texts there are. */
  readonly texts: number;
}

export interface Posting {
  /** The word's own weight (BM25): more for a word of few texts. */
  readonly weight: number;
  readonly texts: Int32Array;
  /** Beside `texts`: what the word adds to a text's score (BM25, without the word's own weight). */
  readonly impacts: Float32Array;
}

const SATURATION = 1.2;
const LENGTH_MATTERS = 0.5;
/** A word of more texts than this, and than this share of them, tells none of them. */
const TEXTS_MAX = 8;
const TEXTS_SHARE_MAX = 0.25;

/** For each word of some texts, which have it. `tell` says the words of one; the counts of a word that it repeats add up. */
export function postings<Item>(
  items: readonly Item[],
  tell: (item: Item, say: (word: string, count: number) => void, id: number) => void,
): Postings {
  const collected = new Map<string, { texts: number[]; counts: number[] }>();
  const lengths = new Float64Array(items.length);
  let id = 0;
  const say = (word: string, count: number) => {
    lengths[id] = (lengths[id] ?? 0) + count;
    const entry = collected.get(word);
    if (entry === undefined) collected.set(word, { texts: [id], counts: [count] });
    else {
      const last = entry.texts.length - 1;
      if (entry.texts[last] === id) entry.counts[last] = (entry.counts[last] ?? 0) + count;
      else {
        entry.texts.push(id);
        entry.counts.push(count);
      }
    }
  };
  for (; id < items.length; id += 1) {
    const item = items[id];
    if (item !== undefined) tell(item, say, id);
  }
  const rooms = roomsOf(lengths);
  const all = items.length;
  const most = Math.max(TEXTS_MAX, all * TEXTS_SHARE_MAX);
  const of = new Map<string, Posting>();
  for (const [word, { texts, counts }] of collected) {
    // What was collected is much larger than what is made of it.
    collected.delete(word);
    if (texts.length > most) continue;
    const impacts = new Float32Array(counts.length);
    for (let place = 0; place < counts.length; place += 1) {
      const count = counts[place] ?? 0;
      const room = rooms[texts[place] ?? 0] ?? 0;
      impacts[place] = (count * (SATURATION + 1)) / (count + room);
    }
    const weight = Math.log(1 + (all - texts.length + 0.5) / (texts.length + 0.5));
    of.set(word, { weight, texts: new Int32Array(texts), impacts });
  }
  return { of, texts: all };
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

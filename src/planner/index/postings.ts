/** For each word the texts that have it, and how much. */
export interface Postings {
  readonly of: ReadonlyMap<string, Posting>;
  /** Words of a text, and of all texts on average. */
  readonly lengths: Float32Array;
  readonly lengthMean: number;
}

export interface Posting {
  readonly files: Int32Array;
  readonly counts: Float32Array;
}

/** For each word of some texts, which have it and how often. `countsOf` gives the words of one. */
export function postings<Item>(
  files: readonly Item[],
  countsOf: (file: Item, id: number) => ReadonlyMap<string, number>,
): Postings {
  const collected = new Map<string, { files: number[]; counts: number[] }>();
  const lengths = new Float32Array(files.length);
  files.forEach((file, id) => {
    let length = 0;
    for (const [word, count] of countsOf(file, id)) {
      length += count;
      const entry = collected.get(word);
      if (entry === undefined) collected.set(word, { files: [id], counts: [count] });
      else {
        entry.files.push(id);
        entry.counts.push(count);
      }
    }
    lengths[id] = length;
  });
  const of = new Map<string, Posting>();
  for (const [word, entry] of collected) {
    of.set(word, { files: Int32Array.from(entry.files), counts: Float32Array.from(entry.counts) });
  }
  const filled = lengths.filter((length) => length > 0);
  const sum = filled.reduce((total, length) => total + length, 0);
  return { of, lengths, lengthMean: sum / Math.max(1, filled.length) };
}

import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { postings } from "../../../../src/planner/index/postings.ts";
import { pieces } from "../../../../src/planner/index/words.ts";
import { WordScores } from "../../../../src/planner/predict/bm25.ts";
import { PairChances } from "../../../../src/planner/predict/pair-chances.ts";
import { Products } from "../../../../src/planner/predict/products.ts";

const counts = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 1, max: 5 })))
  .map((entries) => new Map(entries));

test.prop([fc.string({ unit: fc.constantFrom(..."abXY12 _-é"), maxLength: 20 })])(
  "a text is cut where letters and digits meet and where capital letters begin a word",
  (text) => {
    const expected = text
      .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
      .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
      .toLowerCase()
      .match(/[a-z]+|\d+/g);
    expect(pieces(text)).toEqual(expected ?? []);
  },
);

test.prop([fc.array(counts, { maxLength: 6 })])(
  "products asked one after the other are those of each pair by itself",
  (vectors) => {
    const products = new Products(vectors);
    for (const [place, vector] of vectors.entries()) {
      products.ask(place);
      for (const [other, against] of vectors.entries()) {
        let sum = 0;
        for (const [word, value] of vector) sum += value * (against.get(word) ?? 0);
        expect(products.of(other)).toBe(sum);
      }
    }
  },
);

test.prop([
  fc.array(counts, { minLength: 1, maxLength: 8 }),
  fc.array(counts, { minLength: 1, maxLength: 4 }),
])("a board that was asked before answers as a new one", (texts, questions) => {
  const table = postings(texts, (text, say) => {
    for (const [word, count] of text) say(word, count);
  });
  const used = new WordScores(table, "paths");
  for (const question of questions) {
    const terms = Array.from(question, ([word, count]) => ({
      word: {
        rarity: 1,
        postings: { paths: table.of.get(word), definitions: undefined, subjects: undefined },
      },
      count,
    }));
    used.ask(terms);
    const fresh = new WordScores(table, "paths");
    fresh.ask(terms);
    const places = [...texts.keys()];
    expect(places.map((place) => used.of(place))).toEqual(places.map((place) => fresh.of(place)));
    expect(used.from(0.1).toSorted((a, b) => a - b)).toEqual(
      places.filter((place) => fresh.of(place) >= 0.1),
    );
    const reached: number[] = [];
    const sums = new Float64Array(texts.length);
    used.addFrom(0.1, sums, reached);
    expect(reached).toEqual(used.from(0.1));
    for (const place of reached) expect(sums[place]).toBeCloseTo(used.of(place), 12);
  }
});

test("each pair of issues has its own chance, in whichever order it is named", () => {
  const chances = new PairChances(4);
  const pairs = [0, 1, 2, 3].flatMap((a) => [...Array(a).keys()].map((b) => [a, b] as const));
  for (const [a, b] of pairs) chances.set(a, b, (a * 4 + b) / 16);
  for (const [a, b] of pairs) expect(chances.of(b, a)).toBe((a * 4 + b) / 16);
  expect([chances.of(2, 2), chances.of(-1, 2), chances.of(4, 1)]).toEqual([0, 0, 0]);
});

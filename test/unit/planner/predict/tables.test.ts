import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { factsFromLists } from "../../../../src/planner/index/facts.ts";
import { postings } from "../../../../src/planner/index/postings.ts";
import { indexRepository } from "../../../../src/planner/index/repository-index.ts";
import { pieces } from "../../../../src/planner/index/words.ts";
import { WordScores } from "../../../../src/planner/predict/bm25.ts";
import { AT } from "../../../../src/planner/predict/evidence.ts";
import { issueReader } from "../../../../src/planner/predict/issue-text.ts";
import { OwnTraits } from "../../../../src/planner/predict/own-traits.ts";
import { PairChances } from "../../../../src/planner/predict/pair-chances.ts";
import { Products } from "../../../../src/planner/predict/products.ts";
import { Sheet } from "../../../../src/planner/predict/sheet.ts";
import { issue } from "../../../support/issue.ts";

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
    const reached = new Int32Array(texts.length);
    const sums = new Float64Array(texts.length);
    const filled = used.addFrom(0.1, sums, reached, 0);
    expect([...reached.subarray(0, filled)]).toEqual(used.from(0.1));
    expect(used.addFrom(0.1, sums.slice(), reached, filled)).toBe(filled);
    for (const place of reached.subarray(0, filled))
      expect(sums[place]).toBeCloseTo(used.of(place), 12);
  }
});

test("each pair of issues has its own chance, in whichever order it is named", () => {
  const chances = new PairChances(4);
  const pairs = [0, 1, 2, 3].flatMap((a) => [...Array(a).keys()].map((b) => [a, b] as const));
  for (const [a, b] of pairs) chances.set(a, b, (a * 4 + b) / 16);
  for (const [a, b] of pairs) expect(chances.of(b, a)).toBe((a * 4 + b) / 16);
  expect([chances.of(2, 2), chances.of(-1, 2), chances.of(4, 1)]).toEqual([0, 0, 0]);
});

test("a sheet tells the words behind its files also after it was used for the next issue", () => {
  const sheet = new Sheet(3);
  sheet.raise(2, "path", 0.5, "src/a.ts");
  sheet.raise(2, "path", 0.4, "weaker");
  sheet.add(1, "symbolText", 0.5, "first");
  sheet.add(1, "symbolText", 0.5, "second");
  const before = sheet.termsOf([1, 2]);
  sheet.clear();
  sheet.include(2);
  expect(sheet.candidates().map(({ file, row }) => [file, row[AT.path]])).toEqual([[2, 0]]);
  expect(sheet.termsOf([2])(2, "path")).toBeUndefined();
  expect([before(2, "path"), before(1, "symbolText"), before(1, "path")]).toEqual([
    "src/a.ts",
    "first",
    undefined,
  ]);
});

test("what an issue speaks of a file's name is counted for this issue alone", () => {
  const index = indexRepository(
    factsFromLists({
      tree: "src/cart-total.ts\ntest/x.test.ts\n",
      symbols: "",
      churn: "9\tsrc/cart-total.ts\n",
    }),
  );
  const traits = new OwnTraits(index);
  const sheet = new Sheet(index.files.length);
  const read = issueReader();
  const rowOf = (title: string, body: string) => {
    sheet.clear();
    sheet.include(0);
    traits.write(read(issue(1, body, { title })), sheet);
    const row = sheet.candidates()[0]?.row ?? [];
    return [row[AT.coveredTitle], row[AT.coveredText], row[AT.churnShare], row[AT.test]];
  };
  expect(rowOf("The cart", "has a wrong total")).toEqual([0.5, 1, 1, 0]);
  expect(rowOf("Other", "things")).toEqual([0, 0, 1, 0]);
});

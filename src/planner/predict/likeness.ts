import type { IssueText } from "./issue-text.ts";
import { Products, type Vector } from "./products.ts";

/** How alike issues read. It is told anew each time it is asked, as the likeness of all pairs takes too much room. */
export interface Likenesses {
  /** Asks about one issue, by its place, and forgets what was asked before. */
  ask(place: number): void;
  /** How like the issue asked about this one is: the cosine of their weighed words, 0 to 1. */
  with(other: number): number;
  /** Places of the issues that read most like this one, the most alike first. */
  neighboursOf(place: number): readonly { readonly place: number; readonly weight: number }[];
}

const TITLE_WEIGHT = 3;
/** Issues of one time, of one topic and that name each other are neighbours even where their words differ. */
const NEAR_WEIGHT = 0.15;
const RELATED_WEIGHT = 0.15;
const TOPIC_WEIGHT = 0.1;
const NEIGHBOURS_MAX = 6;
const NEIGHBOUR_WEIGHT_MIN = 0.08;
/** Words of more issues than this share make no two of them alike. */
const COMMON = 0.5;
const LIKENESS_MIN = 0.02;

export function compareIssues(issues: readonly IssueText[]): Likenesses {
  const rarity = rarities(issues);
  const cosines = (countsOf: (issue: IssueText) => Counts) =>
    new Products(issues.map((issue) => unitVector(countsOf(issue), rarity)));
  const title = cosines((issue) => onceEach(issue.counts.title.keys()));
  const all = cosines((issue) => {
    const counts = new Map(textCounts(issue));
    for (const word of issue.counts.title.keys()) {
      counts.set(word, (counts.get(word) ?? 0) + TITLE_WEIGHT);
    }
    return counts;
  });
  const neighbours = issues.map((_, place) => {
    all.ask(place);
    title.ask(place);
    const near: { place: number; weight: number }[] = [];
    for (let other = 0; other < issues.length; other += 1) {
      const value = cosine(all, other);
      if (value === 0 || other === place) continue;
      const weight = value + cosine(title, other) / 2 + company(place, other);
      if (weight > NEIGHBOUR_WEIGHT_MIN) near.push({ place: other, weight });
    }
    return near.toSorted((a, b) => b.weight - a.weight).slice(0, NEIGHBOURS_MAX);
  });
  return {
    ask: (place) => all.ask(place),
    with: (other) => cosine(all, other),
    neighboursOf: (place) => neighbours[place] ?? [],
  };

  function company(a: number, b: number): number {
    const [first, second] = [issues[a], issues[b]];
    if (first === undefined || second === undefined) return 0;
    return (
      NEAR_WEIGHT * nearness(a, b) +
      (areRelated(first, second) ? RELATED_WEIGHT : 0) +
      (haveOneTopic(first, second) ? TOPIC_WEIGHT : 0)
    );
  }
}

/** 1 for the same place in the order of numbers, less for each issue between. */
const nearness = (a: number, b: number): number => Math.exp(-Math.abs(b - a) / 2);

export const areRelated = (a: IssueText, b: IssueText): boolean =>
  (a.related.size > 0 && a.related.has(b.number)) ||
  (b.related.size > 0 && b.related.has(a.number));

const haveOneTopic = (a: IssueText, b: IssueText): boolean => a.topic !== "" && a.topic === b.topic;

type Counts = ReadonlyMap<string, number>;

function textCounts(issue: IssueText): Counts {
  const counts = new Map(issue.counts.text);
  for (const [word, count] of issue.counts.code) counts.set(word, (counts.get(word) ?? 0) + count);
  return counts;
}

const onceEach = (words: Iterable<string>): Counts => new Map([...words].map((word) => [word, 1]));

/** Cosines below this are as good as none. */
function cosine(products: Products, other: number): number {
  const value = products.of(other);
  return value < LIKENESS_MIN ? 0 : value;
}

/** The logarithm of how rare a word is among the issues; words of half of them and more are left out. */
function rarities(issues: readonly IssueText[]): ReadonlyMap<string, number> {
  const having = new Map<string, number>();
  for (const { counts } of issues) {
    const own = new Set([...counts.title.keys(), ...counts.text.keys(), ...counts.code.keys()]);
    for (const word of own) having.set(word, (having.get(word) ?? 0) + 1);
  }
  const rarity = new Map<string, number>();
  for (const [word, count] of having) {
    if (count <= Math.max(2, issues.length * COMMON)) {
      rarity.set(word, Math.log((issues.length + 1) / count));
    }
  }
  return rarity;
}

function unitVector(counts: Counts, rarity: ReadonlyMap<string, number>): Vector {
  const vector = new Map<string, number>();
  let squares = 0;
  for (const [word, count] of counts) {
    const value = (1 + Math.log(count)) * (rarity.get(word) ?? 0);
    if (value === 0) continue;
    vector.set(word, value);
    squares += value * value;
  }
  const length = Math.sqrt(squares) || 1;
  for (const [word, value] of vector) vector.set(word, value / length);
  return vector;
}

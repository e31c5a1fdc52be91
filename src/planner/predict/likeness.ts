import type { IssueText } from "./issue-text.ts";

/** How alike two issues read (cosine of their weighed words, 0 to 1); `best` is by title or by text, the higher one. */
export interface Likeness {
  readonly all: number;
  readonly best: number;
}

/** The likeness of all pairs of issues; pairs without a common word are `NOT_ALIKE`. */
export interface Likenesses {
  of(a: number, b: number): Likeness;
  /** Places of the issues that read most like this one, the most alike first. */
  neighboursOf(place: number): readonly { readonly place: number; readonly weight: number }[];
}

export const NOT_ALIKE: Likeness = { all: 0, best: 0 };

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
  const title = products(issues, rarity, (issue) => onceEach(issue.counts.title));
  const text = products(issues, rarity, textCounts);
  const all = products(issues, rarity, (issue) => {
    const counts = new Map(textCounts(issue));
    for (const word of issue.counts.title.keys()) {
      counts.set(word, (counts.get(word) ?? 0) + TITLE_WEIGHT);
    }
    return counts;
  });
  const neighbours = issues.map((_, place) => {
    const near: { place: number; weight: number }[] = [];
    for (const [other, value] of all[place] ?? []) {
      const weight = value + (title[place]?.get(other) ?? 0) / 2 + company(place, other);
      if (weight > NEIGHBOUR_WEIGHT_MIN) near.push({ place: other, weight });
    }
    return near.toSorted((a, b) => b.weight - a.weight).slice(0, NEIGHBOURS_MAX);
  });
  return {
    of(a, b) {
      const whole = all[a]?.get(b) ?? 0;
      if (whole === 0) return NOT_ALIKE;
      return { all: whole, best: Math.max(title[a]?.get(b) ?? 0, text[a]?.get(b) ?? 0) };
    },
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
export const nearness = (a: number, b: number): number => Math.exp(-Math.abs(b - a) / 2);

export const areRelated = (a: IssueText, b: IssueText): boolean =>
  a.related.has(b.number) || b.related.has(a.number);

export const haveOneTopic = (a: IssueText, b: IssueText): boolean =>
  a.topic !== "" && a.topic === b.topic;

type Counts = ReadonlyMap<string, number>;

function textCounts(issue: IssueText): Counts {
  const counts = new Map(issue.counts.text);
  for (const [word, count] of issue.counts.code) counts.set(word, (counts.get(word) ?? 0) + count);
  return counts;
}

const onceEach = (counts: Counts): Counts => new Map([...counts.keys()].map((word) => [word, 1]));

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

/** For each issue the cosines with all others, through a table from words to issues. */
function products(
  issues: readonly IssueText[],
  rarity: ReadonlyMap<string, number>,
  countsOf: (issue: IssueText) => Counts,
): ReadonlyMap<number, number>[] {
  const vectors = issues.map((issue) => unitVector(countsOf(issue), rarity));
  const having = new Map<string, { readonly places: number[]; readonly values: number[] }>();
  vectors.forEach((vector, place) => {
    for (const [word, value] of vector) {
      const same = having.get(word);
      if (same === undefined) having.set(word, { places: [place], values: [value] });
      else {
        same.places.push(place);
        same.values.push(value);
      }
    }
  });
  const sums = new Float64Array(issues.length);
  return vectors.map((vector, place) => {
    sums.fill(0);
    for (const [word, value] of vector) {
      const same = having.get(word);
      for (let nth = 0; same !== undefined && nth < same.places.length; nth += 1) {
        const other = same.places[nth] ?? 0;
        sums[other] = (sums[other] ?? 0) + value * (same.values[nth] ?? 0);
      }
    }
    const alike = new Map<number, number>();
    for (let other = 0; other < sums.length; other += 1) {
      const sum = sums[other] ?? 0;
      if (other !== place && sum >= LIKENESS_MIN) alike.set(other, sum);
    }
    return alike;
  });
}

function unitVector(counts: Counts, rarity: ReadonlyMap<string, number>): Map<string, number> {
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

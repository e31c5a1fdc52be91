import type { IssueText } from "./issue-text.ts";

/** How alike two issues read (cosine of their weighed words, 0 to 1); `best` is by title or by text, the higher one. */
export interface Likeness {
  readonly all: number;
  readonly best: number;
}

/** How alike issues read. It is told anew each time it is asked, as the likeness of all pairs takes too much room. */
export interface Likenesses {
  /** How like this issue all issues are, by their places; good until the next call. */
  to(place: number): { of(other: number): Likeness };
  /** Places of the issues that read most like this one, the most alike first. */
  neighboursOf(place: number): readonly { readonly place: number; readonly weight: number }[];
}

const NOT_ALIKE: Likeness = { all: 0, best: 0 };

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
  const title = new Cosines(issues, rarity, (issue) => onceEach(issue.counts.title));
  const text = new Cosines(issues, rarity, textCounts);
  const all = new Cosines(issues, rarity, (issue) => {
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
      const value = all.of(other);
      if (value === 0) continue;
      const weight = value + title.of(other) / 2 + company(place, other);
      if (weight > NEIGHBOUR_WEIGHT_MIN) near.push({ place: other, weight });
    }
    return near.toSorted((a, b) => b.weight - a.weight).slice(0, NEIGHBOURS_MAX);
  });
  return {
    to(place) {
      for (const each of [all, title, text]) each.ask(place);
      return {
        of(other) {
          const whole = all.of(other);
          if (whole === 0) return NOT_ALIKE;
          return { all: whole, best: Math.max(title.of(other), text.of(other)) };
        },
      };
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

/** The cosines of one issue with all others, through a table from words to issues. */
class Cosines {
  /** For each issue its words, as places in `#having`, each with the issue's own value. */
  readonly #vectors: { readonly words: Int32Array; readonly values: Float64Array }[];
  readonly #having: { readonly issues: number[]; readonly values: number[] }[] = [];
  readonly #sums: Float64Array;
  #asked = -1;

  constructor(
    issues: readonly IssueText[],
    rarity: ReadonlyMap<string, number>,
    countsOf: (issue: IssueText) => Counts,
  ) {
    const placeOf = new Map<string, number>();
    this.#sums = new Float64Array(issues.length);
    this.#vectors = issues.map((issue, at) => {
      const vector = unitVector(countsOf(issue), rarity);
      const words = Int32Array.from(vector.keys(), (word) => {
        const place = placeOf.get(word) ?? placeOf.size;
        placeOf.set(word, place);
        return place;
      });
      const values = Float64Array.from(vector.values());
      words.forEach((word, nth) => {
        this.#having[word] ??= { issues: [], values: [] };
        this.#having[word].issues.push(at);
        this.#having[word].values.push(values[nth] ?? 0);
      });
      return { words, values };
    });
  }

  ask(place: number): void {
    this.#asked = place;
    this.#sums.fill(0);
    const { words, values } = this.#vectors[place] ?? { words: [], values: [] };
    for (let nth = 0; nth < words.length; nth += 1) {
      const having = this.#having[words[nth] ?? 0];
      if (having !== undefined) addTo(this.#sums, having, values[nth] ?? 0);
    }
  }

  /** Of the issue asked for and this one; 0 where it is as good as none. */
  of(other: number): number {
    const sum = this.#sums[other] ?? 0;
    return other === this.#asked || sum < LIKENESS_MIN ? 0 : sum;
  }
}

function addTo(
  sums: Float64Array,
  { issues, values }: { readonly issues: readonly number[]; readonly values: readonly number[] },
  by: number,
): void {
  for (let nth = 0; nth < issues.length; nth += 1) {
    const issue = issues[nth] ?? 0;
    sums[issue] = (sums[issue] ?? 0) + by * (values[nth] ?? 0);
  }
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

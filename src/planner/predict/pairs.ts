import type { IssueText } from "./issue-text.ts";
import { areRelated, haveOneTopic, type Likenesses, nearness } from "./likeness.ts";

/**
 * What speaks for two issues touching a common file. `concentration` is of the whole backlog: where few files are likely
 * for most issues, a common one tells less.
 */
export const PAIR = [
  "shared",
  "commonness",
  "weaker",
  "second",
  "sameFirst",
  "near",
  "related",
  "sameTopic",
  "alike",
  "alikeAtBest",
  "sharedTitle",
  "sharedNames",
  "concentration",
  "known",
] as const;

/** A file with the chance that an issue touches it. */
export interface Chance {
  readonly file: number;
  readonly chance: number;
}

/** Two issues, by their places, that may meet; `row` is in the order of `PAIR` and good until the next one. */
export interface Meeting {
  readonly a: number;
  readonly b: number;
  readonly row: Float64Array;
}

/** All pairs of issues with a common candidate, a common word, or a relation. `known`: contents and history are. */
export function* meetings(
  issues: readonly IssueText[],
  chances: readonly (readonly Chance[])[],
  likenesses: Likenesses,
  known: boolean,
): Generator<Meeting> {
  const everywhere = new Map<number, number>();
  for (const own of chances) {
    for (const { file, chance } of own) {
      everywhere.set(file, (everywhere.get(file) ?? 0) + chance / issues.length);
    }
  }
  const concentration = Math.log(commonFilesOfTwo(chances) + 0.003);
  const files = chances.flat().reduce((most, { file }) => Math.max(most, file + 1), 0);
  const chanceOf = new Float64Array(files);
  const row = new Float64Array(PAIR.length);
  for (const [a, first] of chances.entries()) {
    const likeness = likenesses.to(a);
    for (const { file, chance } of first) chanceOf[file] = chance;
    for (let b = a + 1; b < chances.length; b += 1) {
      const shared = sharing(chanceOf, chances[b] ?? [], everywhere);
      const alike = likeness.of(b);
      const [one, other] = [issues[a], issues[b]];
      if (one === undefined || other === undefined) continue;
      const related = areRelated(one, other);
      if (shared.some === 0 && alike.all === 0 && !related) continue;
      const sameFirst = first[0] !== undefined && first[0].file === chances[b]?.[0]?.file;
      row.set([
        Math.log(shared.some + 0.003),
        shared.commonness,
        shared.weaker,
        shared.second,
        sameFirst ? 1 : 0,
        nearness(a, b),
        related ? 1 : 0,
        haveOneTopic(one, other) ? 1 : 0,
        alike.all,
        alike.best,
        Math.log1p(alike.titles),
        Math.log1p(alike.names),
        concentration,
        known ? 1 : 0,
      ]);
      yield { a, b, row };
    }
    for (const { file } of first) chanceOf[file] = 0;
  }
}

/** How many common files two issues have on average, were they independent. */
function commonFilesOfTwo(chances: readonly (readonly Chance[])[]): number {
  const sums = new Map<number, number>();
  let withItself = 0;
  for (const { file, chance } of chances.flat()) {
    sums.set(file, (sums.get(file) ?? 0) + chance);
    withItself += chance * chance;
  }
  let all = 0;
  for (const sum of sums.values()) all += sum * sum;
  return (all - withItself) / Math.max(1, chances.length * (chances.length - 1));
}

/** The common candidates of two issues. */
interface Shared {
  /** The chance that they touch at least one of them, were they independent. */
  readonly some: number;
  /** Of the best common file: how likely any issue touches it. */
  readonly commonness: number;
  /** Of the best common file: the smaller one of the two chances. */
  readonly weaker: number;
  /** The second-best common file's mean chance. */
  readonly second: number;
}

function sharing(
  first: Float64Array,
  second: readonly Chance[],
  everywhere: ReadonlyMap<number, number>,
): Shared {
  let none = 1;
  let best = 0;
  let next = 0;
  let commonness = 0;
  let weaker = 0;
  for (const { file, chance } of second) {
    const other = first[file] ?? 0;
    if (other === 0) continue;
    none *= 1 - chance * other;
    const mean = Math.sqrt(chance * other);
    if (mean > best) {
      next = best;
      best = mean;
      commonness = everywhere.get(file) ?? 0;
      weaker = Math.min(chance, other);
    } else if (mean > next) next = mean;
  }
  return { some: 1 - none, commonness, weaker, second: next };
}

import { columnsOf } from "./columns.ts";
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
  const all = chances.map(
    (own): Chances => ({
      files: Int32Array.from(own, ({ file }) => file),
      chances: Float64Array.from(own, ({ chance }) => chance),
    }),
  );
  const files = chances.flat().reduce((most, { file }) => Math.max(most, file + 1), 0);
  const chanceOf = new Float64Array(files);
  const shared = { some: 0, commonness: 0, weaker: 0, second: 0 };
  const row = new Float64Array(PAIR.length);
  row[AT.concentration] = concentration;
  row[AT.known] = known ? 1 : 0;
  for (const [a, first] of all.entries()) {
    const likeness = likenesses.to(a);
    first.files.forEach((file, nth) => {
      chanceOf[file] = first.chances[nth] ?? 0;
    });
    for (let b = a + 1; b < all.length; b += 1) {
      const [one, other, second] = [issues[a], issues[b], all[b]];
      if (one === undefined || other === undefined || second === undefined) continue;
      share(chanceOf, second, everywhere, shared);
      const whole = likeness.all(b);
      const related = areRelated(one, other);
      if (shared.some === 0 && whole === 0 && !related) continue;
      const alike = likeness.of(b);
      row[AT.shared] = Math.log(shared.some + 0.003);
      row[AT.commonness] = shared.commonness;
      row[AT.weaker] = shared.weaker;
      row[AT.second] = shared.second;
      row[AT.sameFirst] = first.files.length > 0 && first.files[0] === second.files[0] ? 1 : 0;
      row[AT.near] = nearness(a, b);
      row[AT.related] = related ? 1 : 0;
      row[AT.sameTopic] = haveOneTopic(one, other) ? 1 : 0;
      row[AT.alike] = alike.all;
      row[AT.alikeAtBest] = alike.best;
      row[AT.sharedTitle] = Math.log1p(alike.titles);
      row[AT.sharedNames] = Math.log1p(alike.names);
      yield { a, b, row };
    }
    for (const file of first.files) chanceOf[file] = 0;
  }
}

const AT = columnsOf(PAIR);

/** The likely files of one issue, the likeliest first, in tables: each is compared with all others. */
interface Chances {
  readonly files: Int32Array;
  readonly chances: Float64Array;
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
  some: number;
  /** Of the best common file: how likely any issue touches it. */
  commonness: number;
  /** Of the best common file: the smaller one of the two chances. */
  weaker: number;
  /** The second-best common file's mean chance. */
  second: number;
}

/** Writes over what `shared` held of the pair before. */
function share(
  first: Float64Array,
  { files, chances }: Chances,
  everywhere: ReadonlyMap<number, number>,
  shared: Shared,
): void {
  let none = 1;
  let best = 0;
  let next = 0;
  let commonness = 0;
  let weaker = 0;
  for (let nth = 0; nth < files.length; nth += 1) {
    const file = files[nth] ?? 0;
    const other = first[file] ?? 0;
    if (other === 0) continue;
    const chance = chances[nth] ?? 0;
    none *= 1 - chance * other;
    const mean = Math.sqrt(chance * other);
    if (mean > best) {
      next = best;
      best = mean;
      commonness = everywhere.get(file) ?? 0;
      weaker = Math.min(chance, other);
    } else if (mean > next) next = mean;
  }
  shared.some = 1 - none;
  shared.commonness = commonness;
  shared.weaker = weaker;
  shared.second = next;
}

import { columnsOf } from "./columns.ts";
import type { IssueText } from "./issue-text.ts";
import { areRelated, type Likenesses } from "./likeness.ts";

/** What speaks for two issues touching a common file. */
export const PAIR = [
  "shared",
  "sameFiles",
  "commonness",
  "weaker",
  "related",
  "alike",
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
  const all = chances.map(
    (own): Chances => ({
      files: Int32Array.from(own, ({ file }) => file),
      chances: Float64Array.from(own, ({ chance }) => chance),
      length: Math.sqrt(own.reduce((sum, { chance }) => sum + chance * chance, 0)),
    }),
  );
  const files = chances.flat().reduce((most, { file }) => Math.max(most, file + 1), 0);
  const chanceOf = new Float64Array(files);
  const shared = { some: 0, product: 0, commonness: 0, weaker: 0 };
  const row = new Float64Array(PAIR.length);
  row[AT.known] = known ? 1 : 0;
  for (const [a, first] of all.entries()) {
    likenesses.ask(a);
    first.files.forEach((file, nth) => {
      chanceOf[file] = first.chances[nth] ?? 0;
    });
    for (let b = a + 1; b < all.length; b += 1) {
      const [one, other, second] = [issues[a], issues[b], all[b]];
      if (one === undefined || other === undefined || second === undefined) continue;
      share(chanceOf, second, everywhere, shared);
      const alike = likenesses.with(b);
      const related = areRelated(one, other);
      if (shared.some === 0 && alike === 0 && !related) continue;
      row[AT.shared] = Math.log(shared.some + 0.003);
      row[AT.sameFiles] = shared.product / Math.max(LENGTH_MIN, first.length * second.length);
      row[AT.commonness] = shared.commonness;
      row[AT.weaker] = shared.weaker;
      row[AT.related] = related ? 1 : 0;
      row[AT.alike] = alike;
      yield { a, b, row };
    }
    for (const file of first.files) chanceOf[file] = 0;
  }
}

const AT = columnsOf(PAIR);
const LENGTH_MIN = 1e-9;

/** The likely files of one issue, the likeliest first, in tables: each is compared with all others. */
interface Chances {
  readonly files: Int32Array;
  readonly chances: Float64Array;
  /** Of these chances as a vector. */
  readonly length: number;
}

/** The common candidates of two issues. */
interface Shared {
  /** The chance that they touch at least one of them, were they independent. */
  some: number;
  /** The inner product of their chances; with their lengths it tells how alike they are spread, be they high or low. */
  product: number;
  /** Of the best common file: how likely any issue touches it. */
  commonness: number;
  /** Of the best common file: the smaller one of the two chances. */
  weaker: number;
}

/** Writes over what `shared` held of the pair before. */
function share(
  first: Float64Array,
  { files, chances }: Chances,
  everywhere: ReadonlyMap<number, number>,
  shared: Shared,
): void {
  let none = 1;
  let product = 0;
  let best = 0;
  let commonness = 0;
  let weaker = 0;
  for (let nth = 0; nth < files.length; nth += 1) {
    const file = files[nth] ?? 0;
    const other = first[file] ?? 0;
    if (other === 0) continue;
    const chance = chances[nth] ?? 0;
    none *= 1 - chance * other;
    product += chance * other;
    const mean = Math.sqrt(chance * other);
    if (mean > best) {
      best = mean;
      commonness = everywhere.get(file) ?? 0;
      weaker = Math.min(chance, other);
    }
  }
  shared.some = 1 - none;
  shared.product = product;
  shared.commonness = commonness;
  shared.weaker = weaker;
}

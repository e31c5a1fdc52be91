import { Claims } from "./claims.ts";
import type { Chance } from "./pairs.ts";

/** What two issues that name a common file cost or save: positive when they are better done one after the other. */
export type OrderValue = (a: number, b: number) => number;

const FILES_SURE_OF_PLACE = 3;
const FILES_MAX = 8;
const PASSES_MAX = 6;
/** A file's own worth: a list that names it is the better, the likelier it is touched. */
const WORTH = 0.1;
const WORTH_OF_FURTHER = 0.02;
/** A file less likely than this is not named for the sake of an order alone. */
const MEETING_CHANCE_MIN = 0.03;
const GAIN_MIN = 1e-9;

/**
 * Chooses for each issue which of its likely files it names. Issues that name a common file are done one after the
 * other, so a file is named where the orders that follow are worth it: a collision that it prevents is a gain, two
 * issues that wait for nothing a loss. Files that everybody may touch thus order only those that really meet there.
 * `fixed` are named whatever follows. Looks at all files some times, the likeliest first, then at pairs that should wait and
 * do not, and at files for which others wait in vain; it ends when nothing moves.
 */
export function claimFiles(
  chances: readonly (readonly Chance[])[],
  fixed: readonly ReadonlySet<number>[],
  valueOfOrder: OrderValue,
): readonly ReadonlySet<number>[] {
  const chooser = new Chooser(chances, fixed, valueOfOrder);
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const moved = [chooser.nameFiles(), chooser.bringTogether(), chooser.keepApart()];
    if (!moved.includes(true)) break;
  }
  return chooser.claims.of;
}

class Chooser {
  readonly claims: Claims;
  readonly #fixed: readonly ReadonlySet<number>[];
  readonly #valueOfOrder: OrderValue;
  /** The files that are not fixed, the likeliest first. */
  readonly #offers: readonly (Chance & { readonly issue: number })[];
  /** Where two issues may meet: for each issue the chances of such files. */
  readonly #places: readonly ReadonlyMap<number, number>[];
  /** For each issue the chances of all its files. */
  readonly #chances: readonly ReadonlyMap<number, number>[];

  constructor(
    chances: readonly (readonly Chance[])[],
    fixed: readonly ReadonlySet<number>[],
    valueOfOrder: OrderValue,
  ) {
    this.claims = new Claims(chances.length);
    this.#fixed = fixed;
    this.#valueOfOrder = valueOfOrder;
    this.#offers = chances
      .flatMap((own, issue) => own.map(({ file, chance }) => ({ issue, file, chance })))
      .filter(({ issue, file }) => fixed[issue]?.has(file) !== true)
      .toSorted((a, b) => b.chance - a.chance || a.issue - b.issue || a.file - b.file);
    this.#chances = chances.map((own) => new Map(own.map(({ file, chance }) => [file, chance])));
    this.#places = this.#chances.map(
      (own) => new Map([...own].filter(([, chance]) => chance >= MEETING_CHANCE_MIN)),
    );
    fixed.forEach((files, issue) => {
      for (const file of files) this.claims.add(issue, file);
    });
  }

  /** Names or drops one file of one issue at a time; whether anything changed. */
  nameFiles(): boolean {
    let moved = false;
    for (const { issue, file, chance } of this.#offers) {
      const has = this.claims.has(issue, file);
      const others = this.claims.count(issue) - (has ? 1 : 0);
      const roomy = this.#likelier(issue, file, chance) < FILES_SURE_OF_PLACE;
      const orders = this.#ordersAt(issue, file, has ? 1 : 0);
      const worth = orders + this.#worthOf(issue, file, chance);
      const wanted = worth > 0 && (roomy || (orders > 0 && others < FILES_MAX));
      if (wanted === has) continue;
      if (wanted) this.claims.add(issue, file);
      else this.claims.remove(issue, file);
      moved = true;
    }
    return moved;
  }

  /** Has two issues that should wait for each other name the best file of both. */
  bringTogether(): boolean {
    let moved = false;
    const issues = this.#places.length;
    for (let a = 0; a < issues; a += 1) {
      for (let b = a + 1; b < issues; b += 1) {
        if (this.#valueOfOrder(a, b) <= 0 || this.claims.sharedBy(a, b) > 0) continue;
        moved = this.#meet(a, b) !== undefined || moved;
      }
    }
    return moved;
  }

  /** Drops a file for which another issue waits in vain, where those that should wait can meet elsewhere. */
  keepApart(): boolean {
    let moved = false;
    for (const [issue, own] of this.claims.of.entries()) {
      for (const file of [...own]) {
        if (this.#fixed[issue]?.has(file) !== true && this.#part(issue, file)) moved = true;
      }
    }
    return moved;
  }

  #part(issue: number, file: number): boolean {
    const ordered = [...this.claims.claimantsOf(file)]
      .filter((other) => other !== issue && this.claims.sharedBy(issue, other) === 1)
      .map((other) => ({ other, value: this.#valueOfOrder(issue, other) }));
    if (!ordered.some(({ value }) => value < 0)) return false;
    this.claims.remove(issue, file);
    let gain = -this.#worthOf(issue, file, this.#chances[issue]?.get(file) ?? 0);
    for (const { value } of ordered) gain -= value;
    const named: Naming[] = [];
    for (const { other, value } of ordered.toSorted((a, b) => b.value - a.value)) {
      if (value <= 0) break;
      if (this.claims.sharedBy(issue, other) > 0) continue;
      const met = this.#meet(issue, other, file);
      gain += met?.gain ?? 0;
      named.push(...(met?.named ?? []));
    }
    if (gain > GAIN_MIN) return true;
    for (const naming of named.toReversed()) this.claims.remove(naming.issue, naming.file);
    this.claims.add(issue, file);
    return false;
  }

  /** Names the file that is the best one for both, if any is worth it; not `without`. */
  #meet(a: number, b: number, without?: number): Meet | undefined {
    let best: Meet | undefined;
    for (const [file, chance] of this.#places[a] ?? []) {
      const other = this.#places[b]?.get(file);
      if (other === undefined || file === without) continue;
      const named: Naming[] = [
        { issue: a, file, chance },
        { issue: b, file, chance: other },
      ].filter(({ issue }) => !this.claims.has(issue, file));
      if (named.some(({ issue }) => this.claims.count(issue) >= FILES_MAX)) continue;
      // Where one of them names the file already, the order of both is among those of the other.
      let gain = named.length === 2 ? this.#valueOfOrder(a, b) : 0;
      for (const naming of named) {
        gain += this.#ordersAt(naming.issue, file, 0);
        gain += this.#worthOf(naming.issue, file, naming.chance);
      }
      if (gain > (best?.gain ?? GAIN_MIN)) best = { gain, named };
    }
    for (const { issue, file } of best?.named ?? []) this.claims.add(issue, file);
    return best;
  }

  /** A file's own worth, more where it is among the likeliest that the issue names. */
  #worthOf(issue: number, file: number, chance: number): number {
    const isSure = this.#likelier(issue, file, chance) < FILES_SURE_OF_PLACE;
    return chance * (isSure ? WORTH : WORTH_OF_FURTHER);
  }

  /** How many files that are likelier the issue names. */
  #likelier(issue: number, file: number, chance: number): number {
    let count = 0;
    for (const other of this.claims.of[issue] ?? []) {
      const theirs = this.#chances[issue]?.get(other) ?? 1;
      if (other !== file && theirs > chance) count += 1;
    }
    return count;
  }

  /** The worth of the orders with those that name the file and, beside it, share this many with the issue. */
  #ordersAt(issue: number, file: number, shared: number): number {
    let sum = 0;
    for (const other of this.claims.claimantsOf(file)) {
      if (other !== issue && this.claims.sharedBy(issue, other) === shared)
        sum += this.#valueOfOrder(issue, other);
    }
    return sum;
  }
}

interface Naming {
  readonly issue: number;
  readonly file: number;
  readonly chance: number;
}

interface Meet {
  readonly gain: number;
  readonly named: readonly Naming[];
}

/** Which issue names which files, and how many files any two issues both name. */
export class Claims {
  readonly of: readonly ReadonlySet<number>[];
  readonly #own: readonly Set<number>[];
  readonly #claimants = new Map<number, Set<number>>();
  readonly #shared: readonly Map<number, number>[];

  constructor(issues: number) {
    this.#own = Array.from({ length: issues }, () => new Set<number>());
    this.#shared = this.#own.map(() => new Map<number, number>());
    this.of = this.#own;
  }

  has(issue: number, file: number): boolean {
    return this.#own[issue]?.has(file) === true;
  }

  count(issue: number): number {
    return this.#own[issue]?.size ?? 0;
  }

  /** How many files both name. */
  sharedBy(a: number, b: number): number {
    return this.#shared[a]?.get(b) ?? 0;
  }

  /** All issues that name the file. */
  claimantsOf(file: number): ReadonlySet<number> {
    return this.#claimants.get(file) ?? NOBODY;
  }

  add(issue: number, file: number): void {
    if (this.has(issue, file)) return;
    for (const other of this.claimantsOf(file)) this.#count(issue, other, 1);
    this.#own[issue]?.add(file);
    this.#claimants.set(file, (this.#claimants.get(file) ?? new Set()).add(issue));
  }

  remove(issue: number, file: number): void {
    if (!this.has(issue, file)) return;
    this.#own[issue]?.delete(file);
    this.#claimants.get(file)?.delete(issue);
    for (const other of this.claimantsOf(file)) this.#count(issue, other, -1);
  }

  #count(a: number, b: number, by: number): void {
    this.#shared[a]?.set(b, this.sharedBy(a, b) + by);
    this.#shared[b]?.set(a, this.sharedBy(b, a) + by);
  }
}

const NOBODY: ReadonlySet<number> = new Set();

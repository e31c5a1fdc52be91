import type { ConflictFile } from "../../src/classify/evidence.ts";

/** One commit of the model. `edits` are the pieces of work that it carries; `includes` names commits that a squash took in. */
export interface Commit {
  readonly sha: string;
  readonly parents: readonly string[];
  readonly subject: string;
  readonly atMs: number;
  readonly edits: readonly string[];
  readonly includes: readonly string[];
}

/** The file of an edit: an edit is named by its file and what makes it one of its kind. */
export const pathOf = (edit: string): string => edit.split("#")[0] ?? edit;

/** A checked-out branch with the edits that are not committed yet. */
export interface Worktree {
  readonly path: string;
  readonly branch: string;
  readonly taskId: string;
  readonly dirty: Set<string>;
}

/** What a commit is made from; the sha follows from the order of making. */
type CommitInput = Omit<Commit, "sha" | "includes"> & { readonly includes?: readonly string[] };

/**
 * Git as far as the simulation needs it: a graph of commits, branches here and on `origin`, worktrees and saved refs.
 * It forgets no commit, so that work which no ref reaches any more can be named.
 */
export class GitModel {
  readonly base = "main";
  /** Local branches. */
  readonly heads = new Map<string, string>();
  /** Branches of `origin`. */
  readonly remote = new Map<string, string>();
  /** `origin`'s branches as last seen from here. */
  readonly tracking = new Map<string, string>();
  /** `refs/coppice/…` by full name. */
  readonly refs = new Map<string, string>();
  readonly worktrees = new Map<string, Worktree>();
  readonly #commits = new Map<string, Commit>();
  readonly #made: { commits: Set<string>; edits: Set<string> } = {
    commits: new Set(),
    edits: new Set(),
  };

  constructor(atMs: number) {
    const root = this.write({ parents: [], subject: "Begin", atMs, edits: [] });
    this.heads.set(this.base, root);
    this.remote.set(this.base, root);
    this.tracking.set(this.base, root);
  }

  commit(sha: string): Commit {
    const found = this.#commits.get(sha);
    if (found === undefined) throw new Error(`the model has no commit ${sha}`);
    return found;
  }

  has(sha: string): boolean {
    return this.#commits.has(sha);
  }

  /** Adds a commit to the graph and returns its sha; no ref points to it yet. */
  write(input: CommitInput): string {
    const sha = (this.#commits.size + 1).toString(16).padStart(40, "0");
    this.#commits.set(sha, { includes: [], ...input, sha });
    return sha;
  }

  /** `origin` is seen from here as it is now. */
  fetch(): void {
    this.tracking.clear();
    for (const [branch, sha] of this.remote) this.tracking.set(branch, sha);
  }

  /** An agent changes a file without committing. */
  edit(path: string, file: string): void {
    this.#made.edits.add(file);
    this.#worktree(path).dirty.add(file);
  }

  /** An agent commits everything that is dirty, and one change more. */
  commitWork(path: string, subject: string, file: string, atMs: number): string {
    this.edit(path, file);
    const worktree = this.#worktree(path);
    const parent = this.#tip(worktree.branch);
    const sha = this.write({ parents: [parent], subject, atMs, edits: [...worktree.dirty] });
    worktree.dirty.clear();
    this.#made.commits.add(sha);
    this.heads.set(worktree.branch, sha);
    return sha;
  }

  /** An agent merges the base as last seen here into its branch, with everything that is dirty. */
  mergeBase(path: string, atMs: number): void {
    const worktree = this.#worktree(path);
    const [ours, theirs] = [this.#tip(worktree.branch), this.tracking.get(this.base)];
    if (theirs === undefined || this.isAncestor(theirs, ours)) return;
    const edits = [...worktree.dirty];
    const parents = [ours, theirs];
    const sha = this.write({ parents, subject: `Merge ${this.base}`, atMs, edits });
    worktree.dirty.clear();
    this.#made.commits.add(sha);
    this.heads.set(worktree.branch, sha);
  }

  /** Someone merges a branch of `origin` into another one there. */
  mergeOnRemote(branch: string, into: string, squash: boolean, atMs: number): void {
    const head = this.remote.get(branch);
    const onto = this.remote.get(into);
    if (head === undefined || onto === undefined) throw new Error(`cannot merge ${branch}`);
    const taken = this.between(onto, head);
    const sha = squash
      ? this.write({
          parents: [onto],
          subject: `Squash ${branch}`,
          atMs,
          edits: taken.flatMap((one) => this.commit(one).edits),
          includes: taken,
        })
      : this.write({ parents: [onto, head], subject: `Merge ${branch}`, atMs, edits: [] });
    this.remote.set(into, sha);
  }

  /** Every commit that can be reached from `sha`, itself included, squashed ones too. */
  reachable(sha: string): Set<string> {
    const seen = new Set<string>();
    const queue = [sha];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      const commit = this.commit(next);
      queue.push(...commit.parents, ...commit.includes);
    }
    return seen;
  }

  /** Commits reachable from `to` and not from `from`. */
  between(from: string, to: string): string[] {
    const known = this.reachable(from);
    return [...this.reachable(to)].filter((sha) => !known.has(sha));
  }

  isAncestor(old: string, young: string): boolean {
    return this.reachable(young).has(old);
  }

  /** Files that both commits have changed since they parted: there they do not merge. */
  conflicts(left: string, right: string): ConflictFile[] {
    const changed = (from: string, to: string): Set<string> =>
      new Set(this.between(from, to).flatMap((sha) => this.commit(sha).edits.map(pathOf)));
    const there = changed(left, right);
    return [...changed(right, left)]
      .filter((path) => there.has(path))
      .map((path) => ({ path, left: [{ from: 1, to: 1 }], right: [{ from: 1, to: 1 }] }));
  }

  /** The agents' commits and edits that no branch, no saved ref and no worktree holds any more. */
  lostWork(): string[] {
    const held = new Set<string>();
    for (const sha of [...this.heads.values(), ...this.remote.values(), ...this.refs.values()]) {
      for (const one of this.reachable(sha)) held.add(one);
    }
    const edits = new Set([...held].flatMap((sha) => this.commit(sha).edits));
    for (const worktree of this.worktrees.values()) {
      for (const edit of worktree.dirty) edits.add(edit);
    }
    return [
      ...[...this.#made.commits].filter((sha) => !held.has(sha)),
      ...[...this.#made.edits].filter((edit) => !edits.has(edit)),
    ];
  }

  #worktree(path: string): Worktree {
    const found = this.worktrees.get(path);
    if (found === undefined) throw new Error(`the model has no worktree ${path}`);
    return found;
  }

  #tip(branch: string): string {
    const tip = this.heads.get(branch);
    if (tip === undefined) throw new Error(`the model has no branch ${branch}`);
    return tip;
  }
}

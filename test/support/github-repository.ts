import { exec } from "../../src/adapters/exec.ts";
import { CommitChecks } from "./github-checks.ts";
import type { IssueRecord, MilestoneRecord, PullRecord, Site } from "./github-shapes.ts";

/** How a repository on the test server begins. */
export interface RepositoryOptions {
  /** `owner/name`. */
  readonly name: string;
  readonly defaultBranch?: string;
  /** A bare repository on disk: branches and merges are then read from git. */
  readonly bareRepository?: string;
  /** False: a server that knows neither blocked-by nor sub-issues. */
  readonly relations?: boolean;
  readonly hasIssues?: boolean;
  /** False: drafts are refused, as in private repositories of free plans. */
  readonly drafts?: boolean;
}

export type NewIssue = Partial<Omit<IssueRecord, "number" | "pull">> & { readonly title: string };
export type NewPull = Partial<Pick<PullRecord, "fork" | "draft" | "reviewers">> & {
  readonly head: string;
  readonly base?: string;
  readonly title?: string;
  readonly body?: string;
  readonly author?: string;
  readonly state?: "open" | "closed";
};

/** A repository as people and programs leave it behind on GitHub. */
export class GitHubRepositoryState implements Site {
  readonly url: string;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  readonly hasIssues: boolean;
  readonly relations: boolean;
  readonly drafts: boolean;
  readonly issues = new Map<number, IssueRecord>();
  readonly milestones = new Map<number, MilestoneRecord>();
  /** Branches with their commits, where no bare repository tells them. */
  readonly branches = new Map<string, string>();
  readonly checks = new CommitChecks();
  readonly #bareRepository: string | undefined;
  #second = 0;

  constructor(url: string, options: RepositoryOptions) {
    const [owner = "", name = ""] = options.name.split("/");
    this.url = url;
    this.owner = owner;
    this.name = name;
    this.defaultBranch = options.defaultBranch ?? "main";
    this.hasIssues = options.hasIssues ?? true;
    this.relations = options.relations ?? true;
    this.drafts = options.drafts ?? true;
    this.#bareRepository = options.bareRepository;
    this.branches.set(this.defaultBranch, fabricatedSha(0));
  }

  get fullName(): string {
    return `${this.owner}/${this.name}`;
  }

  addIssue(issue: NewIssue): number {
    const number = this.issues.size + 1;
    this.issues.set(number, {
      body: null,
      state: "open",
      labels: [],
      milestone: null,
      author: this.owner,
      association: "OWNER",
      blockedBy: [],
      parent: null,
      type: null,
      fields: {},
      createdAt: this.#nextTime(),
      closedAt: null,
      pushedAt: null,
      ...issue,
      number,
      pull: null,
    });
    return number;
  }

  addMilestone(
    title: string,
    state: "open" | "closed" = "open",
    dueOn: string | null = null,
  ): number {
    const number = this.milestones.size + 1;
    this.milestones.set(number, { number, title, state, dueOn });
    return number;
  }

  /** A push to a repository without git behind it. */
  push(branch: string): string {
    const sha = fabricatedSha(this.branches.size + 1);
    this.branches.set(branch, sha);
    return sha;
  }

  async addPull(pull: NewPull): Promise<number> {
    const base = pull.base ?? this.defaultBranch;
    const isOurs = this.#bareRepository === undefined && (pull.fork ?? null) === null;
    if (isOurs && !this.branches.has(pull.head)) this.push(pull.head);
    const number = this.addIssue({
      title: pull.title ?? `Merge ${pull.head}`,
      body: pull.body ?? "",
      author: pull.author ?? this.owner,
      state: pull.state ?? "open",
    });
    this.issue(number).pull = {
      head: pull.head,
      base,
      fork: pull.fork ?? null,
      headSha: (await this.tip(pull.head)) ?? fabricatedSha(number + 1000),
      baseSha: (await this.tip(base)) ?? fabricatedSha(0),
      draft: pull.draft ?? false,
      mergedAt: null,
      mergeSha: null,
      reviewers: pull.reviewers ?? [],
      teams: [],
    };
    return number;
  }

  issue(number: number): IssueRecord {
    const issue = this.issues.get(number);
    if (issue === undefined) throw new Error(`${this.fullName} has no #${number}`);
    return issue;
  }

  pull(number: number): PullRecord {
    const { pull } = this.issue(number);
    if (pull === null) throw new Error(`#${number} is no pull request`);
    return pull;
  }

  /** All pull requests, by number. */
  get pulls(): readonly { readonly issue: IssueRecord; readonly pull: PullRecord }[] {
    return [...this.issues.values()].flatMap((issue) =>
      issue.pull === null ? [] : [{ issue, pull: issue.pull }],
    );
  }

  close(number: number): void {
    const issue = this.issue(number);
    issue.state = "closed";
    issue.closedAt = this.#nextTime();
  }

  /** A person presses the merge button: a merge commit in the base, where there is git. */
  async merge(number: number): Promise<void> {
    const pull = this.pull(number);
    const sha = (await this.#mergeCommit(pull, this.issue(number))) ?? fabricatedSha(number + 2000);
    pull.headSha = (await this.tip(pull.head)) ?? pull.headSha;
    this.#merged(this.issue(number), pull, sha);
  }

  /** The commit of a branch, or null when there is no such branch. */
  async tip(branch: string): Promise<string | null> {
    if (this.#bareRepository === undefined) return this.branches.get(branch) ?? null;
    const run = await this.#git(
      "rev-parse",
      "--verify",
      "--quiet",
      `refs/heads/${branch}^{commit}`,
    );
    return run.code === 0 ? run.stdout.trim() : null;
  }

  /** Whether the branch holds commits that the base lacks. */
  async isAhead(base: string, head: string): Promise<boolean> {
    if (this.#bareRepository === undefined) {
      return this.branches.get(base) !== this.branches.get(head);
    }
    const run = await this.#git("rev-list", "--count", `refs/heads/${base}..refs/heads/${head}`);
    return Number(run.stdout) > 0;
  }

  /** What GitHub does by itself after a push: heads move, contained ones are merged, those without a branch closed. */
  async noticePushes(): Promise<void> {
    for (const { issue, pull } of this.pulls) {
      if (issue.state === "closed" || pull.fork !== null) continue;
      const tip = await this.tip(pull.head);
      if (tip !== null && tip !== pull.headSha) issue.pushedAt = this.#nextTime();
      pull.headSha = tip ?? pull.headSha;
      pull.baseSha = (await this.tip(pull.base)) ?? pull.baseSha;
      if (await this.#isContained(pull)) this.#merged(issue, pull, pull.baseSha);
      else if (tip === null) this.close(issue.number);
    }
  }

  async #isContained(pull: PullRecord): Promise<boolean> {
    if (this.#bareRepository === undefined) return false;
    return (await this.#git("merge-base", "--is-ancestor", pull.headSha, pull.baseSha)).code === 0;
  }

  #merged(issue: IssueRecord, pull: PullRecord, sha: string): void {
    this.close(issue.number);
    pull.mergedAt = issue.closedAt;
    pull.mergeSha = sha;
  }

  async #mergeCommit(pull: PullRecord, issue: IssueRecord): Promise<string | null> {
    if (this.#bareRepository === undefined) return null;
    const [base, head] = [`refs/heads/${pull.base}`, `refs/heads/${pull.head}`];
    const tree = await this.#need("merge-tree", "--write-tree", base, head);
    const message = `Merge pull request #${issue.number} from ${this.owner}/${pull.head}`;
    const commit = await this.#need("commit-tree", tree, "-p", base, "-p", head, "-m", message);
    await this.#need("update-ref", base, commit);
    return commit;
  }

  async #need(...args: string[]): Promise<string> {
    const run = await this.#git(...args);
    if (run.code !== 0) throw new Error(`git ${args.join(" ")}: ${run.stdout}${run.stderr}`);
    return run.stdout.trim();
  }

  #git(...args: string[]) {
    const person = { name: "A Person", email: "person@example.invalid" };
    const config = ["-c", `user.name=${person.name}`, "-c", `user.email=${person.email}`];
    return exec("git", [`--git-dir=${this.#bareRepository}`, ...config, ...args]);
  }

  /** Each record is a second younger than the one before. */
  #nextTime(): string {
    this.#second += 1;
    return new Date(Date.UTC(2026, 0, 1) + this.#second * 1000).toISOString().replace(".000", "");
  }
}

const fabricatedSha = (number: number): string => number.toString(16).padStart(40, "0");

import { pathToFileURL } from "node:url";
import {
  type ChecksFact,
  known,
  type Probe,
  type PullRequestFact,
  unknown,
} from "../../classify/evidence.ts";
import { CoppiceError, unreachable } from "../../manifest/errors.ts";
import { markedTask, ownership } from "../../manifest/marker.ts";
import { toIso } from "../../manifest/time.ts";
import type { OpenPullRequest } from "../../planner/open-pull-request.ts";
import { selectIssues } from "../../planner/select-issues.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Forge, OpenOutcome, PullRequestSpec } from "../../ports/forge.ts";
import { checksIn } from "./checks.ts";
import { type Origin, type OriginTips, openOrigin, recordsFolder } from "./origin.ts";
import { addRecord, type PullRecord, readRecords, recordPath } from "./records.ts";

export interface LocalForgeOptions {
  /** Folder of the repository that `origin` leads to; without it there are issues only. */
  readonly originDir: string | undefined;
  /** JSON file or folder of Markdown files; without it there are pull requests only. */
  readonly issues: string | undefined;
  readonly clock: Pick<Clock, "now">;
}

/** The embedded forge: issues from files, pull requests as records beside a local `origin`. */
export function createLocalForge(options: LocalForgeOptions): Forge {
  const { originDir, clock } = options;
  const desk = originDir === undefined ? null : openDesk(originDir, clock);
  const issues = async () => {
    if (options.issues === undefined) throw noIssues;
    // Most runs read none, and the reader of front matter takes its time to load.
    const { readIssues } = await import("./issues.ts");
    return readIssues(options.issues);
  };
  return {
    kind: "local",
    listIssues: async (query) => selectIssues((await issues()).issues, query),
    async issueStates(numbers) {
      const all = numbers.length === 0 ? [] : (await issues()).issues;
      const asked = all.filter((issue) => numbers.includes(issue.number));
      return new Map(asked.map((issue) => [issue.number, issue.state]));
    },
    async openPullRequests() {
      const listed = options.issues === undefined ? [] : (await issues()).openPullRequests;
      return [...listed, ...(desk === null ? [] : await openOnes(desk))];
    },
    async pullRequests(branches) {
      if (desk === null || branches.length === 0) return known(new Map());
      try {
        const facts = await factsOf(desk, new Set(branches));
        return known(new Map(facts.map(({ fact }) => [fact.headBranch, fact])));
      } catch (error) {
        if (error instanceof CoppiceError) return unknown(error.message);
        throw error;
      }
    },
    async checks(pulls) {
      const all = (fact: Probe<never>) => new Map(pulls.map(({ number }) => [number, fact]));
      if (desk === null) return all(unknown(NO_ORIGIN));
      try {
        const records = pulls.length === 0 ? [] : await readRecords(desk.folder);
        return new Map(pulls.map(({ number, sha }) => [number, checksOf(records, number, sha)]));
      } catch (error) {
        if (error instanceof CoppiceError) return all(unknown(error.message));
        throw error;
      }
    },
    async openPullRequest(spec) {
      if (desk === null) return { kind: "rejected", reason: NO_ORIGIN };
      try {
        return await openOnDesk(desk, spec);
      } catch (error) {
        if (error instanceof CoppiceError) return { kind: "failed", reason: error.message };
        throw error;
      }
    },
  };
}

/** Where the pull requests of one origin are. */
interface Desk {
  readonly folder: string;
  readonly origin: Origin;
  readonly clock: Pick<Clock, "now">;
}

interface Known {
  readonly record: PullRecord;
  readonly fact: PullRequestFact;
}

const openDesk = (originDir: string, clock: Pick<Clock, "now">): Desk => ({
  folder: recordsFolder(originDir),
  origin: openOrigin(originDir),
  clock,
});

const RACES_MAX = 100;

function checksOf(records: readonly PullRecord[], number: number, sha: string): Probe<ChecksFact> {
  const record = records.find((each) => each.number === number);
  return record === undefined
    ? unknown(`there is no pull request #${number}`)
    : known(checksIn(record, sha));
}

async function openOnes(desk: Desk): Promise<readonly OpenPullRequest[]> {
  const records = (await readRecords(desk.folder)).filter(({ state }) => state === "open");
  if (records.length === 0) return [];
  const tips = await desk.origin.tips();
  const found = await Promise.all(
    records.map(async (record) => ({ record, fact: await factOf(desk, record, tips) })),
  );
  return found.flatMap(({ record: { number, title, body, head }, fact }) =>
    fact.state === "open" ? [{ number, title, body, headBranch: head, url: fact.url }] : [],
  );
}

/** Looks, and adds a record only when none was added since it looked; otherwise looks again. */
async function openOnDesk(desk: Desk, spec: PullRequestSpec): Promise<OpenOutcome> {
  for (let race = 0; race < RACES_MAX; race += 1) {
    const records = await readRecords(desk.folder);
    const tips = await desk.origin.tips();
    const existing = await existingFor(desk, records, tips, spec);
    if (existing !== null) return adopt(existing, spec);
    const record = await draftRecord(desk, tips, spec, (records.at(-1)?.number ?? 0) + 1);
    if (record.kind !== "record") return record;
    if (await addRecord(desk.folder, record.record)) {
      const fact = await factOf(desk, record.record, tips);
      return { kind: "opened", pullRequest: fact, notes: [] };
    }
  }
  return { kind: "failed", reason: `${desk.folder} is too busy: ${RACES_MAX} numbers were taken` };
}

/** The open one of the branch, else the newest of this very work or commit: branch names come back, and tasks are done again. */
async function existingFor(
  desk: Desk,
  records: readonly PullRecord[],
  tips: OriginTips,
  spec: PullRequestSpec,
): Promise<Known | null> {
  const all = await Promise.all(
    records
      .filter((record) => record.head === spec.branch)
      .map(async (record) => ({ record, fact: await factOf(desk, record, tips) })),
  );
  const related = all.filter(
    ({ fact: { number, state, headSha } }) =>
      state === "open" || number === spec.deliveredTo || headSha === spec.headSha,
  );
  return preferred(related);
}

function adopt({ record, fact }: Known, spec: PullRequestSpec): OpenOutcome {
  const name = `pull request #${fact.number} of ${spec.branch}`;
  switch (fact.state) {
    case "closed":
      return {
        kind: "rejected",
        reason: `${name} was closed without a merge: set "state": "open" in ${fact.url}, or give the task another branch`,
      };
    case "merged":
      return { kind: "adopted", pullRequest: fact, notes: [] };
    case "open": {
      const owner = ownership(record.body, spec.body);
      if (owner === "another-task") {
        const other = markedTask(record.body);
        return {
          kind: "rejected",
          reason: `${name} belongs to task ${other?.taskId} of ${other?.project}: give one of the two another branch`,
        };
      }
      const notes = [
        ...(record.base === spec.base ? [] : [`${name} goes to ${record.base}`]),
        ...(owner === "unmarked" ? [`${name} was opened by someone else`] : []),
      ];
      return { kind: "adopted", pullRequest: fact, notes };
    }
    default:
      return unreachable(fact.state);
  }
}

async function draftRecord(
  { origin, clock }: Desk,
  tips: OriginTips,
  spec: PullRequestSpec,
  number: number,
): Promise<OpenOutcome | { readonly kind: "record"; readonly record: PullRecord }> {
  const headSha = tips.branches.get(spec.branch);
  const baseSha = tips.branches.get(spec.base);
  if (baseSha === undefined) {
    return { kind: "rejected", reason: `origin has no branch ${spec.base}: push it first` };
  }
  if (headSha === undefined) {
    return { kind: "failed", reason: `origin has no branch ${spec.branch}: it was not pushed` };
  }
  if (!(await origin.isAhead(headSha, baseSha))) {
    return { kind: "rejected", reason: `no commits between ${spec.base} and ${spec.branch}` };
  }
  const record: PullRecord = {
    version: 1,
    number,
    state: "open",
    head: spec.branch,
    base: spec.base,
    headSha,
    baseSha,
    title: spec.title,
    body: spec.body,
    draft: spec.draft,
    labels: [...spec.labels],
    reviewers: [...spec.reviewers],
    createdAt: toIso(clock.now()),
  };
  return { kind: "record", record };
}

/** The pull request that stands for each branch. */
async function factsOf(desk: Desk, branches: ReadonlySet<string>): Promise<readonly Known[]> {
  const records = (await readRecords(desk.folder)).filter((record) => branches.has(record.head));
  if (records.length === 0) return [];
  const tips = await desk.origin.tips();
  const all = await Promise.all(
    records.map(async (record) => ({ record, fact: await factOf(desk, record, tips) })),
  );
  return [...branches].flatMap(
    (branch) => preferred(all.filter(({ record }) => record.head === branch)) ?? [],
  );
}

/** The open one, else the newest. */
const preferred = (all: readonly Known[]): Known | null =>
  all.findLast(({ fact }) => fact.state === "open") ?? all.at(-1) ?? null;

async function factOf(desk: Desk, record: PullRecord, tips: OriginTips): Promise<PullRequestFact> {
  return {
    number: record.number,
    url: pathToFileURL(recordPath(desk.folder, record.number)).href,
    state: await stateOf(desk.origin, record, tips),
    headBranch: record.head,
    headSha: tips.branches.get(record.head) ?? record.headSha,
    baseBranch: record.base,
    markedTask: markedTask(record.body)?.taskId ?? null,
    draft: record.draft,
  };
}

async function stateOf(
  origin: Origin,
  record: PullRecord,
  tips: OriginTips,
): Promise<PullRequestFact["state"]> {
  if (record.state !== "open") return record.state;
  const tip = tips.branches.get(record.head);
  const sha = tip ?? record.headSha;
  // A branch that was set back to where it began holds nothing that could be merged.
  if (await origin.isAhead(sha, record.baseSha)) {
    // In the default branch it is merged as well: that is where a stacked one ends up.
    for (const target of [tips.branches.get(record.base), tips.head]) {
      if (target !== undefined && target !== null && (await origin.isContained(sha, target))) {
        return "merged";
      }
    }
  }
  return tip === undefined ? "closed" : "open";
}

const NO_ORIGIN =
  "the repository has no origin on this machine to keep pull requests beside: make one with git clone --bare, and git remote add origin";

const noIssues = new CoppiceError({
  code: "issues-missing",
  kind: "usage",
  message: "no issues are named",
  hint: "Give --issues a JSON file or a folder of Markdown files, or --repo owner/name for GitHub.",
});

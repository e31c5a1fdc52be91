import { z } from "zod";
import type { PullRequestFact } from "../../classify/evidence.ts";
import { unreachable } from "../../manifest/errors.ts";
import { markedTask, ownership } from "../../manifest/marker.ts";
import type { OpenOutcome, PullRequestSpec } from "../../ports/forge.ts";
import { type Effect, effect } from "../fault-point.ts";
import type { GitHubClient } from "./client.ts";
import { GitHubError } from "./errors.ts";
import type { GitHubRepository } from "./repository.ts";

/** A repository on GitHub, ready to be asked. */
export interface Place {
  readonly client: GitHubClient;
  readonly repository: () => Promise<GitHubRepository>;
}

/** The fields that we read of a pull request. */
export const Pull = z.object({
  number: z.int().positive(),
  html_url: z.string(),
  state: z.enum(["open", "closed"]),
  /** ISO 8601 in UTC, whole seconds: the later is the greater text. */
  updated_at: z.string(),
  merged_at: z.string().nullish(),
  draft: z.boolean().default(false),
  body: z.string().nullish(),
  head: z.object({
    ref: z.string(),
    sha: z.string(),
    /** Null when the fork is gone. */
    repo: z.object({ full_name: z.string() }).nullable(),
  }),
  base: z.object({ ref: z.string() }),
  labels: z.array(z.object({ name: z.string() })).default([]),
  requested_reviewers: z.array(z.object({ login: z.string() })).nullish(),
  requested_teams: z.array(z.object({ slug: z.string() })).nullish(),
});
export type Pull = z.infer<typeof Pull>;

/** The route of the list and of new ones. */
export const PULLS = "/repos/{owner}/{repo}/pulls";

/** See Forge.openPullRequest. Whatever GitHub answers, the branch ends up with at most one open pull request. */
export async function openPullRequest(place: Place, spec: PullRequestSpec): Promise<OpenOutcome> {
  try {
    const existing = await existingFor(place, spec);
    return existing === null ? await create(place, spec) : await adopt(place, existing, spec);
  } catch (error) {
    if (error instanceof GitHubError) return refusal(error);
    throw error;
  }
}

/** Pull requests of a branch of this repository; forks may have a branch of the same name. */
export async function pullsOf({ client, repository }: Place, branch: string): Promise<Pull[]> {
  const { owner, repo, fullName } = await repository();
  // A bare branch name would not be filtered at all.
  const head = `${owner}:${branch}`;
  const found: Pull[] = [];
  for await (const pull of client.list(`GET ${PULLS}`, { owner, repo, head, state: "all" }, Pull)) {
    if (isFrom(pull, fullName) && pull.head.ref === branch) found.push(pull);
  }
  return found;
}

/** The open one, else the newest. */
export function preferred(pulls: readonly Pull[]): Pull | undefined {
  const newestFirst = pulls.toSorted((a, b) => b.number - a.number);
  return newestFirst.find((pull) => pull.state === "open") ?? newestFirst[0];
}

/** One that ended counts only when it was for this work or for this commit: branch names come back. */
async function existingFor(place: Place, spec: PullRequestSpec): Promise<Pull | null> {
  const related = ({ number, state, head }: Pull): boolean =>
    state === "open" || number === spec.deliveredTo || head.sha === spec.headSha;
  return preferred((await pullsOf(place, spec.branch)).filter(related)) ?? null;
}

async function adopt(place: Place, pull: Pull, spec: PullRequestSpec): Promise<OpenOutcome> {
  const name = `pull request #${pull.number} of ${spec.branch}`;
  const fact = factOf(pull);
  switch (fact.state) {
    case "closed":
      return {
        kind: "rejected",
        reason: `${name} was closed without a merge: reopen it, or give the task another branch`,
      };
    case "merged": {
      const rest = `${name} was merged at ${pull.head.sha}: ${spec.headSha} is not in it`;
      const notes = pull.head.sha === spec.headSha ? [] : [rest];
      return { kind: "adopted", pullRequest: fact, notes };
    }
    case "open": {
      const owner = ownership(pull.body, spec.body);
      if (owner === "another-task") {
        const other = markedTask(pull.body);
        return {
          kind: "rejected",
          reason: `${name} belongs to task ${other?.taskId} of ${other?.project}: give one of the two another branch`,
        };
      }
      const notes = await decorate(place, pull, spec);
      if (pull.base.ref !== spec.base) notes.push(`${name} goes to ${pull.base.ref}`);
      if (owner === "unmarked") notes.push(`${name} was opened by someone else`);
      return { kind: "adopted", pullRequest: fact, notes };
    }
    default:
      return unreachable(fact.state);
  }
}

/** Asks for the new pull request exactly once; when the answer leaves doubt, only looks. */
async function create(
  place: Place,
  spec: PullRequestSpec,
  notes: readonly string[] = [],
): Promise<OpenOutcome> {
  const { client, repository } = place;
  const { owner, repo, fullName } = await repository();
  const { title, body, base, draft } = spec;
  const parameters = { owner, repo, title, body, base, draft, head: spec.branch };
  try {
    const pull = await effect("pull-request-create", () =>
      client.post(`POST ${PULLS}`, parameters, Pull),
    );
    const decorated = await decorate(place, pull, spec);
    return { kind: "opened", pullRequest: factOf(pull), notes: [...notes, ...decorated] };
  } catch (error) {
    if (!(error instanceof GitHubError)) throw error;
    if (draft && complains(error, /draft pull requests are not supported/i)) {
      const note = `${fullName} has no draft pull requests: this one is ready for review`;
      return create(place, { ...spec, draft: false }, [...notes, note]);
    }
    if (error.reason === "no-answer" || complains(error, EXISTS))
      return lookAgain(place, spec, error);
    throw error;
  }
}

const EXISTS = /a pull request already exists/i;
const LOOK_AGAIN_AFTER_MS = [500, 2000, 5000];

async function lookAgain(
  place: Place,
  spec: PullRequestSpec,
  doubt: GitHubError,
): Promise<OpenOutcome> {
  for (const waitMs of LOOK_AGAIN_AFTER_MS) {
    await place.client.clock.sleep(waitMs, new AbortController().signal);
    const existing = await existingFor(place, spec);
    if (existing !== null) return adopt(place, existing, spec);
  }
  return { kind: "failed", reason: `${doubt.message}; no pull request of ${spec.branch} is seen` };
}

/** Adds the labels and reviewers that are missing; a refusal is a note, since the pull request stands. */
async function decorate(place: Place, pull: Pull, spec: PullRequestSpec): Promise<string[]> {
  const { owner, repo } = await place.repository();
  const labels = without(
    spec.labels,
    pull.labels.map((label) => label.name),
  );
  const people = without(
    spec.reviewers.filter((name) => !name.includes("/")),
    (pull.requested_reviewers ?? []).map((person) => person.login),
  );
  const teams = without(
    spec.reviewers.filter((name) => name.includes("/")).map((name) => name.split("/")[1] ?? name),
    (pull.requested_teams ?? []).map((team) => team.slug),
  );
  const notes: string[] = [];
  const add = async (
    what: string,
    name: Effect,
    route: string,
    parameters: object,
  ): Promise<void> => {
    try {
      await effect(name, () =>
        place.client.post(route, { owner, repo, ...parameters }, z.unknown()),
      );
    } catch (error) {
      if (!(error instanceof GitHubError)) throw error;
      notes.push(`${what} of pull request #${pull.number} not set: ${error.message}`);
    }
  };
  if (labels.length > 0) {
    const route = "POST /repos/{owner}/{repo}/issues/{issue_number}/labels";
    await add("labels", "labels-add", route, { issue_number: pull.number, labels });
  }
  if (people.length + teams.length > 0) {
    const route = `POST ${PULLS}/{pull_number}/requested_reviewers`;
    const asked = { pull_number: pull.number, reviewers: people, team_reviewers: teams };
    await add("reviewers", "reviewers-ask", route, asked);
  }
  return notes;
}

/** GitHub compares these names without regard to case. */
const without = (wanted: readonly string[], there: readonly string[]): string[] => {
  const known = new Set(there.map((name) => name.toLowerCase()));
  return wanted.filter((name) => !known.has(name.toLowerCase()));
};

function refusal(error: GitHubError): OpenOutcome {
  const reason = `${error.message}. ${error.hint}`;
  if (error.retryAtMs !== undefined) {
    return { kind: "failed", reason: error.message, retryAtMs: error.retryAtMs };
  }
  // Right after a push GitHub may not know the branch yet.
  const notYet = error.complaints.some((each) => each.field === "head");
  return error.reason === "no-answer" || notYet
    ? { kind: "failed", reason }
    : { kind: "rejected", reason };
}

const complains = (error: GitHubError, pattern: RegExp): boolean => pattern.test(error.message);

/** Its branch lives in this repository, not in a fork. */
export const isFrom = (pull: Pull, fullName: string): boolean =>
  pull.head.repo?.full_name === fullName;

/** What the rest of the program knows of a pull request. */
export const factOf = (pull: Pull): PullRequestFact => ({
  number: pull.number,
  url: pull.html_url,
  state: pull.state === "open" ? "open" : pull.merged_at ? "merged" : "closed",
  headBranch: pull.head.ref,
  headSha: pull.head.sha,
  baseBranch: pull.base.ref,
  markedTask: markedTask(pull.body)?.taskId ?? null,
  draft: pull.draft,
});

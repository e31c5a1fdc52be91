import { type ChecksFact, known, type Probe, unknown } from "../../classify/evidence.ts";
import { CoppiceError } from "../../manifest/errors.ts";
import { checkTails } from "./check-tail.ts";
import { checksOfCommit } from "./commit-checks.ts";
import { GitHubError } from "./errors.ts";
import type { Place } from "./pull-requests.ts";
import { remember } from "./remember.ts";

/** Commits that are asked for in one look. */
const ASKED_MAX = 50;
/** Not everything that checks a commit begins at once: what has ended by then has settled nothing. */
const SETTLES_AFTER_MS = 2 * 60_000;
/** A person may have a check run again after all have ended. */
const SETTLED_AGAIN_AFTER_MS = 10 * 60_000;
const REMEMBERED_MAX = 1000;

/** What a commit's checks were when they were last asked for. */
interface Look {
  readonly atMs: number;
  /** When it was asked for first. */
  readonly sinceMs: number;
  readonly fact: Probe<ChecksFact>;
}

/**
 * Watches what checks commits, see `Forge.checks`: each at the price of three conditional requests a look, and in ten minutes
 * once all have ended, which nothing has in the first two; no more than 50 in one look, those first that were not asked for
 * the longest.
 */
export function checksWatch(place: Place) {
  const looks = new Map<string, Look>();
  const tailOf = checkTails(place);

  async function look(sha: string): Promise<Probe<ChecksFact>> {
    try {
      return known(await checksOfCommit(place, sha, tailOf));
    } catch (error) {
      if (error instanceof CoppiceError) return unknown(reasonOf(error));
      throw error;
    }
  }

  return async (
    pulls: readonly { readonly number: number; readonly sha: string }[],
  ): Promise<ReadonlyMap<number, Probe<ChecksFact>>> => {
    const nowMs = place.client.clock.now();
    const askedAtMs = (sha: string): number => looks.get(sha)?.atMs ?? 0;
    const due = [...new Set(pulls.map(({ sha }) => sha))]
      .filter((sha) => isDue(looks.get(sha), nowMs))
      .toSorted((left, right) => askedAtMs(left) - askedAtMs(right))
      .slice(0, ASKED_MAX);
    const facts = await Promise.all(due.map(async (sha) => [sha, await look(sha)] as const));
    for (const [sha, fact] of facts) {
      const sinceMs = looks.get(sha)?.sinceMs ?? nowMs;
      remember(looks, sha, { atMs: nowMs, sinceMs, fact }, REMEMBERED_MAX);
    }
    return new Map(
      pulls.map(({ number, sha }) => [number, looks.get(sha)?.fact ?? unknown("not asked yet")]),
    );
  };
}

function isDue(look: Look | undefined, nowMs: number): boolean {
  if (look === undefined || look.fact.kind === "unknown") return true;
  const { state } = look.fact.value;
  const isSettled =
    (state === "passed" || state === "failed") && look.atMs - look.sinceMs >= SETTLES_AFTER_MS;
  return !isSettled || Math.abs(nowMs - look.atMs) >= SETTLED_AGAIN_AFTER_MS;
}

/** What is missing is told with the way to it, for the rights to read checks are none of those that a run needs. */
const reasonOf = (error: CoppiceError): string =>
  error instanceof GitHubError && error.reason === "forbidden"
    ? `${error.message}. ${RIGHTS}`
    : error.message;

const RIGHTS =
  "Give the token the rights checks, commit statuses and actions (read); where a fine-grained token offers no checks, take a classic one with the scope repo.";

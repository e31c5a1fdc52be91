import { z } from "zod";
import { known, type Probe, type PullRequestFact, unknown } from "../../classify/evidence.ts";
import { GitHubError } from "./errors.ts";
import { factOf, isFrom, type Place, PULLS, Pull, preferred, pullsOf } from "./pull-requests.ts";

/** Beyond so many pages of changes each branch is asked for by itself. */
const CHANGED_PAGES_MAX = 10;

/**
 * Watches branches at the price of one conditional request, however many they are: the list of pull requests, the last
 * changed first. What has changed since the last look stands at its beginning. A branch that is new to the watch is asked
 * for by itself, unless the whole list is the shorter way.
 */
export function pullRequestWatch(place: Place) {
  const watched = new Set<string>();
  /** Those of watched branches, by number. */
  const pulls = new Map<number, Pull>();
  /** The newest change that has been seen. */
  let seenTo: string | undefined;

  /** One page, and how many there are. */
  async function page(number: number) {
    const { owner, repo } = await place.repository();
    const order = { state: "all", sort: "updated", direction: "desc" };
    const asked = { owner, repo, ...order, per_page: 100, page: number };
    const { data, headers } = await place.client.get(`GET ${PULLS}`, asked, z.array(Pull));
    const last = Number(/[?&]page=(\d+)[^>]*>; rel="last"/.exec(headers.link)?.[1] ?? number);
    return { data, last };
  }

  /** What may have changed since the last look, and all that there is of branches that are new to the watch. */
  async function look(branches: readonly string[]): Promise<void> {
    const { fullName } = await place.repository();
    const first = await page(1);
    const found = [...first.data];
    let read = 1;
    const readOn = async () => {
      read += 1;
      found.push(...(await page(read)).data);
    };
    const hasMore = () =>
      read < first.last && seenTo !== undefined && !isBefore(found.at(-1), seenTo);
    while (hasMore() && read < CHANGED_PAGES_MAX) await readOn();
    const open = new Set(
      found
        .filter((pull) => pull.state === "open" && isFrom(pull, fullName))
        .map((pull) => pull.head.ref),
    );
    const all = hasMore();
    const asked = branches.filter((name) => (all || !watched.has(name)) && !open.has(name));
    if (asked.length >= first.last - read) {
      while (read < first.last) await readOn();
    } else {
      const answers = await Promise.all(asked.map((branch) => pullsOf(place, branch)));
      found.push(...answers.flat());
    }
    for (const branch of branches) watched.add(branch);
    for (const pull of found) {
      if (watched.has(pull.head.ref) && isFrom(pull, fullName)) pulls.set(pull.number, pull);
    }
    seenTo = first.data[0]?.updated_at ?? seenTo ?? "";
  }

  return async (
    branches: readonly string[],
  ): Promise<Probe<ReadonlyMap<string, PullRequestFact>>> => {
    if (branches.length === 0) return known(new Map());
    try {
      await look(branches);
      const found = branches.flatMap((branch) => {
        const pull = preferred([...pulls.values()].filter(({ head }) => head.ref === branch));
        return pull === undefined ? [] : [[branch, factOf(pull)] as const];
      });
      return known(new Map(found));
    } catch (error) {
      if (error instanceof GitHubError) return unknown(error.message);
      throw error;
    }
  };
}

const isBefore = (pull: Pull | undefined, time: string | undefined): boolean =>
  pull !== undefined && time !== undefined && pull.updated_at < time;

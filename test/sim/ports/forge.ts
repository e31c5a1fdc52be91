import {
  type ChecksFact,
  known,
  type Probe,
  type PullRequestFact,
  unknown,
} from "../../../src/classify/evidence.ts";
import { markedTask } from "../../../src/manifest/marker.ts";
import type { Forge, OpenOutcome, PullRequestSpec } from "../../../src/ports/forge.ts";
import { couldNot, type Door } from "./door.ts";

/** The simulated forge. */
export function simForge(door: Door): Forge {
  const { world } = door;
  return {
    kind: "local",
    listIssues: () =>
      door.pass({ method: "listIssues", taskId: null, effect: () => [], failed: couldNot }),
    openPullRequests: () =>
      door.pass({ method: "openPullRequests", taskId: null, effect: () => [], failed: couldNot }),
    issueStates: () =>
      door.pass({ method: "issueStates", taskId: null, effect: () => new Map(), failed: couldNot }),
    pullRequests: (branches) =>
      door.pass<Probe<ReadonlyMap<string, PullRequestFact>>>({
        method: "pullRequests",
        taskId: null,
        effect: () => {
          const found = branches.flatMap((branch) => world.pullRequestOf(branch) ?? []);
          return known(new Map(found.map((one) => [one.headBranch, world.fact(one)])));
        },
        failed: unknown,
      }),
    checks: (pulls) =>
      door.pass<ReadonlyMap<number, Probe<ChecksFact>>>({
        method: "checks",
        taskId: null,
        effect: () =>
          new Map(pulls.map(({ number, sha }) => [number, checksOf(door, number, sha)])),
        failed: (reason) => new Map(pulls.map(({ number }) => [number, unknown(reason)])),
      }),
    openPullRequest: (spec) =>
      door.pass<OpenOutcome>({
        method: "openPullRequest",
        taskId: spec.taskId,
        effect: () => openPullRequest(door, spec),
        failed: (reason) => ({ kind: "failed", reason }),
      }),
  };
}

function checksOf({ world }: Door, number: number, sha: string): Probe<ChecksFact> {
  const found = world.pullRequests.find((one) => one.number === number);
  if (found?.state !== "open") return unknown(`there is no open pull request #${number}`);
  return known(world.checks(found.headBranch, sha, found.markedTask ?? ""));
}

function openPullRequest({ world, pid }: Door, spec: PullRequestSpec): OpenOutcome {
  const { git } = world;
  const there = world.pullRequestOf(spec.branch);
  if (there?.state === "closed") return { kind: "rejected", reason: "closed by a person" };
  if (there !== undefined) return { kind: "adopted", pullRequest: world.fact(there), notes: [] };
  const head = git.remote.get(spec.branch);
  const onto = git.remote.get(spec.base);
  if (head === undefined || onto === undefined) {
    return { kind: "rejected", reason: "head or base does not exist" };
  }
  if (git.isAncestor(head, onto)) return { kind: "rejected", reason: "no commits between" };
  const pullRequest = world.openPullRequest({
    headBranch: spec.branch,
    headSha: head,
    baseBranch: spec.base,
    markedTask: markedTask(spec.body)?.taskId ?? null,
    draft: spec.draft,
  });
  world.tell({ kind: "pull-request-opened", pid, taskId: spec.taskId, pullRequest });
  return { kind: "opened", pullRequest: world.fact(pullRequest), notes: [] };
}

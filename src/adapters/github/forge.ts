import type { Forge } from "../../ports/forge.ts";
import { checksWatch } from "./checks.ts";
import { createGitHubClient, type GitHubAccess } from "./client.ts";
import { issueStates, listIssues, type Note } from "./issues.ts";
import { openPullRequests } from "./open-pull-requests.ts";
import { openPullRequest } from "./pull-requests.ts";
import { repositoryLookup } from "./repository.ts";
import { pullRequestWatch } from "./watch.ts";

export interface GitHubForgeOptions extends GitHubAccess {
  /** `owner/name`. */
  readonly repo: string;
  /** Told when something is left out that a person should know of. */
  readonly note: Note;
}

/** GitHub, or GitHub Enterprise Server, by its REST interface. */
export function createGitHubForge(options: GitHubForgeOptions): Forge {
  const client = createGitHubClient(options);
  const repository = repositoryLookup(client, options.repo);
  const place = { client, repository };
  return {
    kind: "github",
    listIssues: async (query) => listIssues(client, await repository(), query, options.note),
    issueStates: async (numbers) =>
      numbers.length === 0 ? new Map() : issueStates(client, await repository(), numbers),
    openPullRequests: async () => openPullRequests(client, await repository()),
    pullRequests: pullRequestWatch(place),
    checks: checksWatch(place),
    openPullRequest: (spec) => openPullRequest(place, spec),
  };
}

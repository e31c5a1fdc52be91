import { z } from "zod";
import type { OpenPullRequest } from "../../planner/open-pull-request.ts";
import type { GitHubClient } from "./client.ts";
import type { GitHubRepository } from "./repository.ts";

const Pull = z.object({
  number: z.int().positive(),
  title: z.string(),
  body: z.string().nullish(),
  html_url: z.string(),
  head: z.object({ ref: z.string() }),
});

/** All pull requests that are open, by whomever, oldest first. Throws GitHubError. */
export async function openPullRequests(
  client: GitHubClient,
  { owner, repo }: GitHubRepository,
): Promise<readonly OpenPullRequest[]> {
  const query = { owner, repo, state: "open", sort: "created", direction: "asc" };
  const found: OpenPullRequest[] = [];
  for await (const pull of client.list("GET /repos/{owner}/{repo}/pulls", query, Pull)) {
    const { number, title, body, html_url: url, head } = pull;
    found.push({ number, title, body: body ?? "", url, headBranch: head.ref });
  }
  return found;
}

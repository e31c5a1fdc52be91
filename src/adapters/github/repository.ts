import { z } from "zod";
import type { GitHubClient } from "./client.ts";

/** A repository by the name that GitHub knows it by now: case and renames are GitHub's. */
export interface GitHubRepository {
  readonly owner: string;
  readonly repo: string;
  /** `owner/name`. */
  readonly fullName: string;
}

/** Asks once and remembers; a failure is not remembered. */
export function repositoryLookup(client: GitHubClient, name: string) {
  let found: GitHubRepository | undefined;
  return async (): Promise<GitHubRepository> => {
    found ??= await lookUp(client, name);
    return found;
  };
}

const Repository = z.object({
  name: z.string(),
  full_name: z.string(),
  owner: z.object({ login: z.string() }),
});

async function lookUp(client: GitHubClient, name: string): Promise<GitHubRepository> {
  const [owner, repo] = name.split("/");
  const { data } = await client.get("GET /repos/{owner}/{repo}", { owner, repo }, Repository);
  return { owner: data.owner.login, repo: data.name, fullName: data.full_name };
}

import { withPlainReferences } from "./dependencies.ts";
import { readMarkdown } from "./markdown.ts";

/** A pull request that waits for its review. */
export interface OpenPullRequest {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly headBranch: string;
  readonly url: string;
}

const CLOSES =
  /(?<!\b(?:not|never|partly|partially|n['’]t) )\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #(\d{1,9})\b/gi;
const BRANCH = /(?:^|\/)(?:issue|gh)[-_/]?(\d{1,9})(?![\d.])/i;

/**
 * The issues of the same repository that a pull request is to close: by a closing word before their number in title or
 * body, or by the name of its branch (`fix/issue-12`). A mere mention is none. `repo` is `owner/name`.
 */
export function issuesClosedBy(
  pullRequest: OpenPullRequest,
  repo: string | undefined,
): readonly number[] {
  const lines = readMarkdown(pullRequest.body).map(({ prose }) => prose);
  const said = [pullRequest.title, ...lines].flatMap((line) =>
    [...withPlainReferences(line, repo).matchAll(CLOSES)].map(([, number]) => Number(number)),
  );
  const [, named] = BRANCH.exec(pullRequest.headBranch) ?? [];
  return [...new Set([...said, ...(named === undefined ? [] : [Number(named)])])];
}

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { CoppiceError } from "../../manifest/errors.ts";
import { isJsonObject } from "../../manifest/json.ts";
import type { Problem } from "../../manifest/problem.ts";
import { shapeMistakes } from "../../manifest/shape.ts";
import { type Mistake, readSource } from "../../manifest/source.ts";
import type { Issue } from "../../planner/issue.ts";
import type { OpenPullRequest } from "../../planner/open-pull-request.ts";
import { isPullRequest, issueFromRest, parentOf, RestIssue } from "../../planner/rest-issue.ts";
import { readMarkdownIssue } from "./markdown-issue.ts";
import { mistakes } from "./problems.ts";

/** What a file or folder holds; GitHub lists pull requests among its issues. */
export interface FoundIssues {
  readonly issues: readonly Issue[];
  readonly openPullRequests: readonly OpenPullRequest[];
}

/**
 * Reads issues from a JSON file in REST shape, or from a folder of Markdown files with front matter. Throws
 * CoppiceError `issues-missing` or `issues-invalid` (kind input) with file, line, field and remedy.
 */
export async function readIssues(path: string): Promise<FoundIssues> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw missing(`${path} does not exist`);
  return found.isDirectory() ? readFolder(path) : readJsonFile(path);
}

async function readFolder(folder: string): Promise<FoundIssues> {
  const names = (await readdir(folder))
    .filter((name) => /\.md$/i.test(name) && !/^readme\.md$/i.test(name))
    .toSorted();
  if (names.length === 0) throw missing(`${folder} holds no Markdown files`);
  const read = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      return readMarkdownIssue(await readText(file), file);
    }),
  );
  const problems = read.flatMap((each) => (each.kind === "invalid" ? each.problems : []));
  if (problems.length > 0) throw mistakes("issues-invalid", problems);
  const issues = read.flatMap((each) => (each.kind === "read" ? [each.issue] : []));
  return { issues, openPullRequests: [] };
}

async function readJsonFile(file: string): Promise<FoundIssues> {
  const text = await readText(file);
  if (text.trim() === "") throw missing(`${file} is empty`);
  const outcome = readSource(text, file);
  if (outcome.kind === "broken") throw mistakes("issues-invalid", outcome.problems);
  const { value, place, locate } = outcome.source;
  if (!Array.isArray(value)) throw mistakes("issues-invalid", [place(notAList)]);
  const problems: Problem[] = [];
  const issues: Issue[] = [];
  const openPullRequests: OpenPullRequest[] = [];
  for (const [index, item] of value.entries()) {
    const parsed = RestIssue.safeParse(item);
    if (!isJsonObject(item)) problems.push(place(notAnIssue(index)));
    else if (!parsed.success) {
      const found = shapeMistakes(parsed.error.issues, item);
      problems.push(...found.map((each) => place({ ...each, path: [index, ...each.path] })));
    } else if (isPullRequest(parsed.data)) {
      if (parsed.data.state === "open")
        openPullRequests.push(pullRequestFromRest(parsed.data, file));
    } else {
      const origin = `${file}:${locate([index]).line}`;
      const parent = parentOf(parsed.data);
      issues.push(
        issueFromRest(parsed.data, { blockedBy: parsed.data.blocked_by ?? [], parent, origin }),
      );
    }
  }
  if (problems.length > 0) throw mistakes("issues-invalid", problems);
  return { issues, openPullRequests };
}

function pullRequestFromRest(rest: RestIssue, file: string): OpenPullRequest {
  const { number, title, body, html_url: url } = rest;
  return { number, title, body: body ?? "", headBranch: "", url: url ?? file };
}

const BYTES_MAX = 20 * 1024 * 1024;

async function readText(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > BYTES_MAX) throw missing(`${file} is larger than 20 MB`);
  return readFile(file, "utf8");
}

const HOW_TO_GET =
  'gh api --paginate "repos/OWNER/NAME/issues?per_page=100" > issues.json writes it';

const notAList: Mistake = {
  severity: "error",
  code: "not-a-list",
  path: [],
  message: "the file is no list of issues",
  remedy: `Write [{"number": 1, "title": "…"}]; ${HOW_TO_GET}.`,
};

const notAnIssue = (index: number): Mistake => ({
  severity: "error",
  code: "not-an-issue",
  path: [index],
  message: "an issue is an object",
  remedy: 'Write {"number": 1, "title": "…"}.',
});

const missing = (message: string): CoppiceError =>
  new CoppiceError({
    code: "issues-missing",
    kind: "input",
    message,
    hint: `Give --issues a JSON file in GitHub's REST shape (${HOW_TO_GET}), or a folder of Markdown files named like 12-title.md.`,
  });

import { plainLine } from "../manifest/plain-text.ts";
import { withPlainReferences } from "./dependencies.ts";
import type { Issue } from "./issue.ts";
import { readMarkdown } from "./markdown.ts";
import { issuesClosedBy, type OpenPullRequest } from "./open-pull-request.ts";

/** Whether an issue becomes a task. `why` goes on after `#<issue>`. */
export type Triage =
  | { readonly kind: "task" }
  /** A task that a person has to approve first. */
  | { readonly kind: "draft"; readonly why: string }
  | { readonly kind: "skipped"; readonly why: string; readonly duplicateOf: number | null };

/** What else decides on an issue's fate. */
export interface TriageFacts {
  /** `owner/name`. */
  readonly repo: string | undefined;
  readonly pullRequests: readonly OpenPullRequest[];
  /** A person named these by number: each is a task, whatever it looks like. */
  readonly asked: ReadonlySet<number>;
  /** Issues that say too little become tasks all the same. */
  readonly allowVague: boolean;
  /** Whether an issue, also of no part of this plan, is still to be done. */
  readonly isOpen: (issue: number) => boolean;
}

/**
 * Sorts issues (with plain texts, each number once): what is no work, or is being done already, is skipped; what may be
 * none is a draft, for a wrong skip costs more than a look.
 */
export function triage(issues: readonly Issue[], facts: TriageFacts): ReadonlyMap<number, Triage> {
  const inWork = pullRequestsByIssue(facts);
  const originals = new Map(issues.map((issue) => [issue.number, originalOf(issue, facts.repo)]));
  return new Map(
    issues.map((issue) => {
      if (facts.asked.has(issue.number)) return [issue.number, { kind: "task" }];
      const found =
        duplicate(issue, originals, facts) ??
        underReview(inWork.get(issue.number)) ??
        discussion(issue) ??
        (facts.allowVague ? undefined : vague(issue));
      return [issue.number, found ?? { kind: "task" }];
    }),
  );
}

/** The numbers that the issues call their originals and that are not among them, ascending. */
export function namedOriginals(issues: readonly Issue[], repo: string | undefined): number[] {
  const given = new Set(issues.map(({ number }) => number));
  const named = issues.flatMap((issue) => originalOf(issue, repo) ?? []);
  return [...new Set(named)].filter((number) => !given.has(number)).toSorted((a, b) => a - b);
}

function pullRequestsByIssue({ pullRequests, repo }: TriageFacts) {
  const byIssue = new Map<number, OpenPullRequest>();
  for (const pullRequest of pullRequests) {
    for (const issue of issuesClosedBy(pullRequest, repo)) {
      if (!byIssue.has(issue)) byIssue.set(issue, pullRequest);
    }
  }
  return byIssue;
}

function underReview(pullRequest: OpenPullRequest | undefined): Triage | undefined {
  if (pullRequest === undefined) return undefined;
  const { number, title, url } = pullRequest;
  const why = `has the open pull request #${number} “${plainLine(title, 80)}” (${url})`;
  return { kind: "skipped", why, duplicateOf: null };
}

/** Of issues that call each other duplicates the lowest stays. */
function duplicate(
  issue: Issue,
  originals: ReadonlyMap<number, number | null>,
  { isOpen }: TriageFacts,
): Triage | undefined {
  const original = originals.get(issue.number) ?? null;
  if (original === null) {
    const label = issue.labels.find((each) => wordsOf(each) === "duplicate");
    if (label === undefined) return undefined;
    return { kind: "skipped", why: `has the label “${label}”`, duplicateOf: null };
  }
  if (leadsBack(issue.number, originals)) return undefined;
  const why = `is a duplicate of #${original}`;
  return originals.has(original) || isOpen(original)
    ? { kind: "skipped", why, duplicateOf: original }
    : { kind: "draft", why: `${why}, which is not open: is it still there?` };
}

/** The way from duplicate to original comes back to this issue, the lowest of those on it. */
function leadsBack(issue: number, originals: ReadonlyMap<number, number | null>): boolean {
  const seen = new Set<number>();
  let at: number | null = issue;
  while (at !== null && !seen.has(at)) {
    seen.add(at);
    at = originals.get(at) ?? null;
  }
  return at === issue && Math.min(...seen) === issue;
}

const DUPLICATE =
  /(?:^|[.!:;,] ?)(?:(?:this|it)(?: issue)? is |(?:closed|closing|marked?) as )?(?:(?:a|an|the)(?: exact)? |exact )?(?:duplicates?|dupe|dup)(?: of|:)? #(\d{1,9})\b(?![^.!?]*\?)/i;

/** The issue of the same repository that the text calls its original; never one in a quote, code or question. */
function originalOf(issue: Issue, repo: string | undefined): number | null {
  for (const { prose } of [{ prose: issue.title }, ...readMarkdown(issue.body)]) {
    if (!/\bdup/i.test(prose)) continue;
    const [, number] = DUPLICATE.exec(withPlainReferences(prose, repo)) ?? [];
    if (number !== undefined && Number(number) !== issue.number) return Number(number);
  }
  return null;
}

const TALK = /^(?:question|discussion|support|support request|usage question|q a|q and a)s?$/;
const WORK =
  /\b(?:bug|defect|regression|feature|enhancement|task|improvement|chore|documentation|docs|fix|refactor|performance|security|accepted|confirmed)\b/;
const ASKING =
  /^(?:how|why|what|when|where|which|who|is|are|can|could|should|does|do|did|would|will|any|has|have)\b[^?]*\?$/i;

/** By its type, its label or a mark of its title it is no task; by its shape alone it is a draft. */
function discussion(issue: Issue): Triage | undefined {
  const skipped = (by: string): Triage => ({
    kind: "skipped",
    why: `is a question or discussion, by ${by}`,
    duplicateOf: null,
  });
  if (issue.type !== null && TALK.test(wordsOf(issue.type))) {
    return skipped(`its type “${plainLine(issue.type, 80)}”`);
  }
  if (issue.labels.some((label) => WORK.test(wordsOf(label)))) return undefined;
  const label = issue.labels.find((each) => TALK.test(wordsOf(each)));
  if (label !== undefined) return skipped(`the label “${plainLine(label, 80)}”`);
  const [, mark] = /^(?:\[([\w &]+)\]|([\w &]+):)/.exec(issue.title)?.flatMap((x) => x ?? []) ?? [];
  if (mark !== undefined && TALK.test(wordsOf(mark))) return skipped(`its title “${mark}”`);
  if (!ASKING.test(issue.title.trim())) return undefined;
  if (readMarkdown(issue.body).some(({ checked }) => checked !== null)) return undefined;
  return { kind: "draft", why: "reads like a question: set it to pending to have it done" };
}

const WORDS_ENOUGH = 3;
const SMALL_WORDS = new Set(
  "a an and are as at be by do does for from has have i in is it its of on or our please so that the this to up we with you".split(
    " ",
  ),
);
/** A path, a name of code, a number, a quoted word, an address: it names something that can be looked for. */
const NAMES_SOMETHING = /[\w)]\.\w|\/\w|_|`|::|->|[a-z][A-Z]|\d|(?:^|\s)["“']\w|https?:/;

/** Title and text together hold hardly a word that tells what is wanted. */
function vague(issue: Issue): Triage | undefined {
  const lines = readMarkdown(issue.body);
  const own = lines.filter(({ kind, text }) => kind !== "heading" && !/^I[ '’]/.test(text));
  const said = [issue.title, ...own.map(({ text }) => text)].join("\n");
  if (NAMES_SOMETHING.test(said)) return undefined;
  const words = said.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const telling = new Set(words.filter((word) => !SMALL_WORDS.has(word)));
  if (telling.size >= WORDS_ENOUGH) return undefined;
  const lacking = own.some(({ text }) => text !== "")
    ? "its text says neither what is wrong nor where"
    : "it has no text: what is wrong or wanted, and where?";
  return { kind: "draft", why: `is too vague to be worked on, ${lacking}` };
}

/** Lower-case words without the prefix that sorts labels: `Type: Question` → `question`. */
function wordsOf(label: string): string {
  const words = label.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const first = words[0] ?? "";
  const bare = /^(?:type|kind|t|category|status|resolution|s|r)$/.test(first) && words.length > 1;
  return words.slice(bare ? 1 : 0).join(" ");
}

import type { Issue } from "./issue.ts";
import { type Line, readMarkdown } from "./markdown.ts";

/** What an edge rests on, the strongest first. */
export const BASES = ["relation", "stated", "required", "after", "task-list"] as const;
export type Basis = (typeof BASES)[number];

/** One place where an issue says that `task` waits for `dependsOn` (both issue numbers of this repository). */
export interface Statement {
  readonly task: number;
  readonly dependsOn: number;
  readonly basis: Basis;
  /** Who says so: the issue's number. */
  readonly source: number;
  /** The words, on one line. */
  readonly sentence: string;
  /** Where they stand: `title`, `body line 3` or `relation`. */
  readonly place: string;
}

/** A dependency on an issue of another repository: told, never followed. */
export interface ForeignReference {
  readonly reference: string;
  readonly sentence: string;
  readonly place: string;
}

/**
 * Every dependency that an issue states: relations of the forge, sentences of title and body, lists under a telling
 * heading, task lists. `repo` is `owner/name`; without it the issue's own address tells.
 */
export function statedDependencies(
  issue: Issue,
  repo: string | undefined,
): { readonly statements: readonly Statement[]; readonly foreign: readonly ForeignReference[] } {
  const source = issue.number;
  const relation = { basis: "relation" as const, source, place: "relation" };
  const statements: Statement[] = issue.blockedBy.map((dependsOn) => ({
    ...relation,
    task: source,
    dependsOn,
    sentence: `#${source} is blocked by #${dependsOn}`,
  }));
  if (issue.parent !== null) {
    const sentence = `#${source} is a sub-issue of #${issue.parent}`;
    statements.push({ ...relation, task: issue.parent, dependsOn: source, sentence });
  }
  const foreign: ForeignReference[] = [];
  for (const block of blocksOf(issue, repo ?? repoOfUrl(issue.url))) {
    for (const said of claims(block, source)) {
      const { place } = block;
      const { sentence, basis, target } = said;
      if (target.repo !== null) {
        foreign.push({ reference: `${target.repo}#${target.number}`, sentence, place });
      } else {
        const [task, dependsOn] = said.reversed
          ? [target.number, said.subject]
          : [said.subject, target.number];
        statements.push({ task, dependsOn, basis, source, sentence, place });
      }
    }
  }
  return { statements, foreign };
}

/** A reference to an issue; `repo` is null for this repository. */
interface Reference {
  readonly repo: string | null;
  readonly number: number;
}

/** "`subject` waits for `target`", or the other way round. */
interface Claim {
  readonly subject: number;
  readonly target: Reference;
  readonly basis: Basis;
  readonly reversed: boolean;
  readonly sentence: string;
}

/** A title, heading, list item or paragraph on one line, every reference in the form `#1` or `owner/name#1`. */
interface Block {
  readonly text: string;
  readonly item: boolean;
  readonly checked: boolean | null;
  readonly section: string;
  readonly place: string;
}

/** Words that tell of a dependency. */
interface Wording {
  readonly words: RegExp;
  readonly basis: Basis;
  /** The issue named afterwards is the one that waits. */
  readonly reversed: boolean;
}

const PHRASES: readonly Wording[] = [
  {
    basis: "stated",
    reversed: false,
    words:
      /\b(?:depend(?:s|ed|ing|ent)?[ -](?:up)?on|dependenc(?:y|ies)(?: on|(?=:))|blocked[ -](?:by|on|until)|blockers?(?=:)|wait(?:s|ing)? (?:for|on|until))\b/gi,
  },
  {
    basis: "stated",
    reversed: true,
    words:
      /\b(?:(?:un)?blocks|(?:un)?blocking(?! issues?\b)|(?:blocker|dependency) (?:of|for))\b/gi,
  },
  { basis: "required", reversed: false, words: /\b(?:requires?|needs?|prerequisites?(?=:))\b/gi },
  {
    basis: "required",
    reversed: true,
    words: /\b(?:(?:required|needed) (?:by|for)|prerequisite (?:of|for))\b/gi,
  },
  { basis: "after", reversed: false, words: /\b(?:after|until)\b/gi },
];

const SECTIONS: readonly Wording[] = [
  {
    basis: "stated",
    reversed: false,
    words:
      /^(?:dependenc(?:y|ies)|depends (?:up)?on|blocked(?: by| on)?|blockers?|wait(?:s|ing) (?:for|on))$/,
  },
  { basis: "stated", reversed: true, words: /^(?:blocks|blocking)$/ },
  { basis: "required", reversed: false, words: /^(?:pre ?requisites?|requires|required|needs)$/ },
  { basis: "after", reversed: false, words: /^after$/ },
];

const WINDOW = 200;
const SENTENCE_LENGTH_MAX = 160;

/** What one block claims: by its phrases, and by standing in a telling section or in a task list. */
function claims(block: Block, issue: number): Claim[] {
  if (block.checked === true) return [];
  const { text } = block;
  const section = SECTIONS.find(({ words }) => words.test(block.section));
  const leading = block.item || section !== undefined ? referencesAt(text, 0) : [];
  const itemIsAbout =
    block.item && leading.length === 1 && leading[0]?.repo === null ? leading[0].number : null;
  const spoken = phrases(text);
  const found = spoken
    .filter((phrase) => !denied(text, phrase))
    .flatMap(({ wording: { basis, reversed }, start, references }) => {
      const subject = itemIsAbout ?? subjectBefore(text, start) ?? issue;
      const sentence = sentenceAt(text, start);
      return references.map((target) => ({ subject, target, basis, reversed, sentence }));
    });
  if (section === undefined && block.checked === null) return found;
  const listed = leading.length > 0 || spoken.length > 0 ? leading : trailingReference(text);
  const { basis, reversed } = section ?? { basis: "task-list" as const, reversed: false };
  const sentence = (block.checked === null ? "" : "- [ ] ") + sentenceAt(text, 0);
  return [
    ...listed.map((target) => ({ subject: issue, target, basis, reversed, sentence })),
    ...found,
  ];
}

/** Telling words that references follow. */
interface Phrase {
  readonly wording: Wording;
  readonly start: number;
  readonly end: number;
  readonly references: readonly Reference[];
}

function phrases(text: string): Phrase[] {
  return PHRASES.flatMap((wording) =>
    [...text.matchAll(wording.words)].flatMap((match) => {
      const end = match.index + match[0].length;
      const references = referencesAt(text, end);
      return references.length === 0 ? [] : [{ wording, start: match.index, end, references }];
    }),
  );
}

const DENIAL =
  /(?:\b(?:not|no longer|never|nothing|none|without|nor|cannot|previously|formerly|used to|no(?= (?:[\w-]+ )?$))|n['’]t) (?:(?!(?:and|so|as|because|since|it|this|that|which|we|I) )[\w-]+ ){0,2}$/i;
const FILLER =
  /(?:[ :(,–—-]|(?:both|either|all|of|the|these|this|following|issues?|tickets?|tasks?|prs?|pull|requests?|merge|merging|landing|completion|completing|closing|fixing|resolving|finishing|work|fix|changes?|on|in|from|for)(?![\w-]))*/iy;
const REFERENCE = /(?:([\w.-]{1,100}\/[\w.-]{1,100}))?#(\d{1,9})(?!\w)/y;
const BETWEEN =
  /(?: ?\([^()]{0,200}\))?(?: |[,;&+/]|(?:and|or|plus|as well as|also|then|issues?|prs?|the)(?![\w-]))*/iy;

/** The list of references that begins at `from`, but for words like "the issues"; empty when there is none. */
function referencesAt(text: string, from: number): Reference[] {
  const references: Reference[] = [];
  let at = skip(FILLER, text, from);
  for (;;) {
    REFERENCE.lastIndex = at;
    const found = REFERENCE.exec(text);
    if (found === null) return references;
    references.push({ repo: found[1] ?? null, number: Number(found[2]) });
    at = skip(BETWEEN, text, REFERENCE.lastIndex);
  }
}

function skip(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

/** The reference that a line ends with, e.g. `- [ ] Write the parser (#4)`. */
function trailingReference(text: string): Reference[] {
  const end = text.slice(-WINDOW).match(/(?:^|[ (])(?:([\w.-]+\/[\w.-]+))?#(\d{1,9})\)?[.,;]?$/);
  return end === null ? [] : [{ repo: end[1] ?? null, number: Number(end[2]) }];
}

/** True when the words are negated or asked: "no longer depends on #4", "Does it need #4?". */
function denied(text: string, { start, end }: Phrase): boolean {
  const asked = /^[^.!?()]*\?/.test(text.slice(end, end + WINDOW));
  if (asked) return true;
  if (/until$/i.test(text.slice(start, end))) return false;
  const before = text.slice(Math.max(0, start - WINDOW), start);
  const clause = before.split(/[.;:!?,()–—]| - | but /i).at(-1) ?? "";
  return DENIAL.test(clause);
}

/** The issue of this repository that a phrase speaks of when it stands right before it: "#5 is blocked by #6". */
function subjectBefore(text: string, start: number): number | null {
  const before = text.slice(Math.max(0, start - WINDOW), start);
  const found = /(?<![\w/&])#(\d{1,9})(?: (?:is|are|also|still|currently|now|which|that))* $/.exec(
    before,
  );
  return found === null ? null : Number(found[1]);
}

function sentenceAt(text: string, at: number): string {
  const before = text.slice(Math.max(0, at - WINDOW), at);
  const begin = at - (before.split(/(?<=[.!?]) /).at(-1)?.length ?? 0);
  const rest = text.slice(begin, begin + SENTENCE_LENGTH_MAX + 1);
  const end = /^.*?[.!?](?= |$)/.exec(rest)?.[0] ?? rest;
  return end.length <= SENTENCE_LENGTH_MAX
    ? end.trim()
    : `${end.slice(0, SENTENCE_LENGTH_MAX - 1).trim()}…`;
}

function blocksOf(issue: Issue, repo: string | undefined): Block[] {
  const blocks: { line: Line; place: string; parts: string[] }[] = [];
  for (const line of readMarkdown(`# ${issue.title}`)) {
    blocks.push({ line, place: "title", parts: [line.prose] });
  }
  let open = false;
  for (const line of readMarkdown(issue.body)) {
    if (line.prose === "") open = false;
    else if (line.kind === "text" && open) blocks.at(-1)?.parts.push(line.prose);
    else {
      blocks.push({ line, place: `body line ${line.number}`, parts: [line.prose] });
      open = line.kind !== "heading";
    }
  }
  return blocks.map(({ line, place, parts }) => ({
    text: withPlainReferences(parts.join(" "), repo),
    item: line.kind === "item",
    checked: line.checked,
    section: line.section,
    place,
  }));
}

const LINK = /\[([^\][]{0,200})\]\(<?(https?:\/\/[^\s()<>]{1,300})>?(?: [^()]{0,100})?\)/g;
const ISSUE_ADDRESS =
  /https?:\/\/[\w.-]{1,100}(?::\d{1,5})?\/([\w.-]{1,100}\/[\w.-]{1,100})\/(?:issues|pull)\/(\d{1,9})(?![\w-])(?:[?#][\w=&.-]{0,100})?/g;
const ONLY_ISSUE_ADDRESS = new RegExp(`^(?:${ISSUE_ADDRESS.source})$`);
const QUALIFIED = /(?<![\w&/#\\.-])([\w.-]{1,100}\/[\w.-]{1,100})#(\d{1,9})(?!\w)/g;

/** Every way to name an issue becomes `#1`, or `owner/name#1` in another repository; emphasis and tags go. */
export function withPlainReferences(text: string, repo: string | undefined): string {
  const named = (_: string, owner: string, number: string) =>
    owner.toLowerCase() === repo?.toLowerCase() ? `#${number}` : `${owner}#${number}`;
  return text
    .replace(LINK, (_, words: string, address: string) =>
      ONLY_ISSUE_ADDRESS.test(address) ? address : words,
    )
    .replace(ISSUE_ADDRESS, named)
    .replace(/<\/?[a-z][^<>]{0,100}>|[<>*]/gi, " ")
    .replace(/(?<!\w)_|_(?!\w)/g, " ")
    .replace(QUALIFIED, named)
    .replace(/\bGH-(\d{1,9})\b/g, "#$1")
    .replace(/\s+/g, " ")
    .replace(/ (?=[,.;:)])/g, "")
    .trim();
}

function repoOfUrl(url: string | null): string | undefined {
  return /\/([\w.-]+\/[\w.-]+)\/issues\/\d+$/.exec(url ?? "")?.[1];
}

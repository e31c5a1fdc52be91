import { plainLine } from "../manifest/plain-text.ts";
import type { Issue } from "./issue.ts";
import { type Line, readMarkdown } from "./markdown.ts";

/** One item of an issue's task list, as a piece of work of its own. */
export interface Part {
  /** From 1, in the order of the list. */
  readonly number: number;
  /** The issue with the item as its title, and item and whole text as its text. */
  readonly issue: Issue;
  /** The item with what stands below it, by which its files are told. */
  readonly item: Issue;
}

/** The task list of an issue that is large enough to be split along it. */
export interface TaskList {
  readonly parts: readonly Part[];
  /** What says that each item comes after the one before; null: nothing does. */
  readonly order: string | null;
}

/** As many open items make an issue large. */
const LARGE = 3;
const TITLE_LENGTH_MAX = 120;
/** Lists of what must hold, of what was tried, or of where it happens: none of work to be done one by one. */
const NO_WORK =
  /\b(?:check ?lists?|acceptance|criteria|definition of done|done when|before|submit\w*|prerequisites?|requirements?|test(?:s|ing|ed)?|verif\w+|environments?|versions?|browsers?|platforms?|affected|affects|impact|contribut\w+|code of conduct|terms)\b/;
const ORDER_STATED =
  /\b(?:in (?:this|that|the (?:given|following)) order|in order:|one after (?:the other|another)|step by step|each (?:builds|depends) on the (?:previous|one before))/i;

/** The open items of a task list that are work of this very issue, or null when they are fewer than three. */
export function taskListOf(issue: Issue): TaskList | null {
  const raw = issue.body.split("\n");
  const lines = readMarkdown(issue.body);
  const indentOf = (line: Line) => /^\s*/.exec(raw[line.number - 1] ?? "")?.[0].length ?? 0;
  const boxes = lines.filter((line) => line.checked !== null && !NO_WORK.test(line.section));
  const outer = Math.min(...boxes.map(indentOf));
  const items = boxes.filter((line) => line.checked === false && indentOf(line) === outer);
  const work = items.filter(({ prose }) => isWork(prose));
  if (work.length < LARGE || work.length < items.length) return null;
  const [first] = work;
  const isNumbered = /^\s*\d/.test(raw[(first?.number ?? 1) - 1] ?? "");
  const stated = lines.find(({ prose }) => ORDER_STATED.test(prose));
  const order =
    stated === undefined
      ? isNumbered
        ? "the list is numbered"
        : null
      : `“${plainLine(stated.prose, 160)}”`;
  return {
    order,
    parts: work.map((line, at) => partOf(issue, line, at + 1, lines, outer, indentOf)),
  };
}

/** A reference to another issue is no work of this one, and "I have read …" is none at all. */
const isWork = (prose: string): boolean =>
  /[\p{L}\p{N}]/u.test(prose) &&
  !/^(?:[\w./-]*#\d|GH-\d|https?:\/\/|I(?: |'|’))/.test(prose.trim());

function partOf(
  issue: Issue,
  line: Line,
  number: number,
  lines: readonly Line[],
  outer: number,
  indentOf: (line: Line) => number,
): Part {
  const after = lines.slice(line.number);
  const end = after.findIndex(
    (next) => next.kind === "heading" || (next.kind !== "blank" && indentOf(next) <= outer),
  );
  const below = after.slice(0, end < 0 ? undefined : end).map(({ text }) => text);
  const text = [line.text, ...below].join("\n").trim();
  const title = plainLine(line.text.replace(/[*_`]/g, ""), TITLE_LENGTH_MAX);
  const own = { ...issue, title };
  return {
    number,
    issue: {
      ...own,
      body: `${text}\n\nThis is part ${number} of issue #${issue.number}, “${issue.title}”. The whole issue:\n\n${issue.body}`,
    },
    item: { ...own, body: text },
  };
}

/** One line of an issue's Markdown, taken apart for what it says. */
export interface Line {
  /** One-based. */
  readonly number: number;
  readonly kind: "heading" | "item" | "text" | "code" | "quote" | "blank";
  /** The state of a list item's checkbox; null where there is none. */
  readonly checked: boolean | null;
  /** What stands on the line without its marker, comments and struck words; code spans keep their backticks. */
  readonly text: string;
  /** `text` as prose: each code span is replaced. Empty for code and quotes, which state nothing. */
  readonly prose: string;
  readonly codeSpans: readonly string[];
  /** The heading or label that the line stands under, in plain lower-case words; "" when none. */
  readonly section: string;
}

/** A line that names what follows it, e.g. `Files: a.ts, b.ts` or `**Blocked by**`. */
export interface Label {
  readonly title: string;
  /** What follows on the same line. */
  readonly rest: string;
}

const LABEL_LENGTH_MAX = 60;

/** Reads Markdown line by line, as GitHub shows it, in time linear in its length; any text is Markdown. */
export function readMarkdown(body: string): Line[] {
  const lines: MutableLine[] = [];
  let fence = "";
  let commented = false;
  let inList = false;
  for (const raw of body.split("\n")) {
    const before = lines.at(-1)?.kind ?? "blank";
    const line = emptyLine(lines.length + 1);
    lines.push(line);
    if (raw.trim() === "") {
      if (fence !== "") line.kind = "code";
      continue;
    }
    const mark = commented ? "" : fenceMark(raw);
    if (fence !== "") {
      line.kind = "code";
      if (mark.startsWith(fence) && raw.trim() === mark) fence = "";
      else line.text = raw;
      continue;
    }
    if (mark !== "") {
      line.kind = "code";
      fence = mark;
      continue;
    }
    const indented = /^(?: {4}|\t)/.test(raw) && (before === "blank" || before === "code");
    if (indented && !inList && !commented) {
      line.kind = "code";
      line.text = raw;
      continue;
    }
    const { kind, content, checked } = commented ? asText(raw) : opening(raw);
    const inline = readInline(content, commented);
    commented = inline.commented;
    line.text = inline.text.trim();
    if (line.text === "") continue;
    line.kind = kind;
    line.checked = checked;
    line.codeSpans = inline.codeSpans;
    if (kind !== "quote") line.prose = inline.prose.trim();
    if (kind === "item") inList = true;
    else if (kind === "heading" || (kind === "text" && !/^\s/.test(raw) && before === "blank")) {
      inList = false;
    }
  }
  lines.forEach((line, index) => {
    if (line.kind === "text" && isUnderline(lines[index + 1])) line.kind = "heading";
  });
  nameSections(lines);
  return lines;
}

type MutableLine = { -readonly [Key in keyof Line]: Line[Key] };

const emptyLine = (number: number): MutableLine => ({
  number,
  kind: "blank",
  checked: null,
  text: "",
  prose: "",
  codeSpans: [],
  section: "",
});

/** The label that a line begins with, or null. */
export function labelOf(text: string): Label | null {
  const colon = text.indexOf(":");
  const bold = /^(?:\*\*|__)[^*_]+(?:\*\*|__)$/;
  if (colon < 0 || colon > LABEL_LENGTH_MAX) {
    const alone = text.length <= LABEL_LENGTH_MAX && bold.test(text);
    return alone ? { title: plainTitle(text), rest: "" } : null;
  }
  const rest = text.slice(colon + 1).replace(/^[*_]{1,3}/, "");
  const title = text.slice(0, colon);
  if (rest.startsWith("/") || !/^[\p{L}\p{M}\p{Extended_Pictographic}*_ /-]+$/u.test(title)) {
    return null;
  }
  return { title: plainTitle(title), rest: rest.trim() };
}

/** The marks that open or close a fenced block, or "". */
function fenceMark(raw: string): string {
  const [, ticks, info = ""] = /^\s*(?:[-*+]\s+|\d{1,9}[.)]\s+)?(`{3,}|~{3,})(.*)$/.exec(raw) ?? [];
  return ticks === undefined || (ticks.startsWith("`") && info.includes("`")) ? "" : ticks;
}

interface Opening {
  readonly kind: "heading" | "item" | "text" | "quote";
  readonly content: string;
  readonly checked: boolean | null;
}

const asText = (content: string): Opening => ({ kind: "text", content, checked: null });

function opening(raw: string): Opening {
  if (/^\s{0,3}>/.test(raw)) {
    return { kind: "quote", content: raw.slice(raw.indexOf(">") + 1), checked: null };
  }
  const heading = /^\s{0,3}#{1,6}(?:\s(.*))?$/.exec(raw);
  if (heading) return { kind: "heading", content: heading[1] ?? "", checked: null };
  const item = /^\s*(?:[-*+]|\d{1,9}[.)])\s+(?:\[([ xX])\]\s)?(.*)$/.exec(raw);
  if (item === null) return asText(raw);
  const checked = item[1] === undefined ? null : item[1] !== " ";
  return { kind: "item", content: item[2] ?? "", checked };
}

interface Inline {
  readonly text: string;
  readonly prose: string;
  readonly codeSpans: readonly string[];
  /** A comment is still open at the end of the line. */
  readonly commented: boolean;
}

/** Takes comments and struck words out of one line and its code spans apart. */
function readInline(raw: string, commentedBefore: boolean): Inline {
  if (!commentedBefore && nextMark(raw, 0) === undefined) {
    return { text: raw, prose: raw, codeSpans: [], commented: false };
  }
  const lastRun = new Map<string, number>();
  for (const run of raw.matchAll(/`+/g)) lastRun.set(run[0], run.index);
  const codeSpans: string[] = [];
  let text = "";
  let prose = "";
  let at = 0;
  const pass = (to: number, inProse = raw.slice(at, to), inText = raw.slice(at, to)) => {
    text += inText;
    prose += inProse;
    at = to;
  };
  let commented = commentedBefore;
  while (at < raw.length) {
    if (commented) {
      const end = raw.indexOf("-->", at);
      if (end < 0) break;
      pass(end + "-->".length, " ", " ");
      commented = false;
    }
    const found = nextMark(raw, at);
    pass(found?.index ?? raw.length);
    if (found === undefined) break;
    const mark = found[0];
    const after = at + mark.length;
    if (mark === "<!--") {
      commented = true;
      at = after;
    } else if (mark === "~~") {
      const end = raw.indexOf(mark, after);
      if (end < 0) pass(raw.length);
      else pass(end + mark.length, " ", " ");
    } else if ((lastRun.get(mark) ?? 0) > at) {
      const end = endOfSpan(raw, after, mark);
      codeSpans.push(raw.slice(after, end).trim());
      pass(end + mark.length, "`…`");
    } else pass(after);
  }
  return { text, prose, codeSpans, commented };
}

function nextMark(raw: string, from: number): RegExpExecArray | undefined {
  const mark = /`+|<!--|~~/g;
  mark.lastIndex = from;
  return mark.exec(raw) ?? undefined;
}

/** Where the run of backticks begins that closes the span which one of the same length opened; there is one. */
function endOfSpan(raw: string, from: number, run: string): number {
  const runs = /`+/g;
  runs.lastIndex = from;
  for (let found = runs.exec(raw); found !== null; found = runs.exec(raw)) {
    if (found[0] === run) return found.index;
  }
  return raw.length;
}

/** A line of `===` or `---` makes a heading of the text above it. */
const isUnderline = (line: Line | undefined): boolean =>
  line?.kind === "text" && /^(?:=+|-{2,})$/.test(line.text);

/**
 * A heading holds until the next one. A label alone on its line holds for what follows directly and for the list below
 * it; a label with more on its line holds for its paragraph.
 */
function nameSections(lines: readonly MutableLine[]): void {
  let heading = "";
  let label: Label | null = null;
  let before: Line["kind"] = "blank";
  for (const line of lines) {
    const own = line.kind === "text" || line.kind === "item" ? labelOf(line.text) : null;
    if (line.kind === "heading") {
      heading = line.text.length <= LABEL_LENGTH_MAX ? plainTitle(line.text) : "";
      label = null;
    } else if (own !== null && (line.kind === "text" || own.rest === "")) label = own;
    else if (line.kind === "blank" && label !== null && label.rest !== "") label = null;
    else if (line.kind === "text" && before === "blank") label = null;
    before = line.kind;
    line.section = label?.title ?? heading;
  }
}

function plainTitle(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

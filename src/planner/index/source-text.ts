/** What the text of one source file tells. */
export interface SourceReading {
  /** Names that it defines, each once. */
  readonly symbols: readonly string[];
  /** Marks of the names that it uses and of the sentences in its strings, each once. */
  readonly marks: Uint32Array;
  /** Its first lines say that a program wrote it. */
  readonly generated: boolean;
}

const SYMBOLS_MAX = 400;
const MARKS_MAX = 600;

/** Reads a source of any language by rules that most of them share. */
export function readSource(text: string): SourceReading {
  return {
    symbols: definedNames(text),
    marks: sourceMarks(text),
    generated: GENERATED.test(text.slice(0, HEAD_LENGTH)),
  };
}

const HEAD_LENGTH = 1000;
const GENERATED =
  /@generated\b|\b(?:auto-?generated|automatically generated|generated (?:code|file|from|by)\b[^\n]{0,120}do not (?:edit|modify))|\bcode generated\b[^\n]{0,120}do not edit/i;

const MODIFIERS =
  '(?:(?:export|default|declare|abstract|public|private|protected|internal|static|final|sealed|async|unsafe|extern|const|constexpr|inline|virtual|open|data|override|local|typedef|friend|pub(?:\\([^()\\n]*\\))?|FMT_\\w+|"C")[ \\t]+)*';
const KEYWORDS =
  "(?:function\\*?|func|fun|fn|def|defp|defmodule|sub|proc|class|struct|enum|trait|interface|type|union|namespace|protocol|object|record|macro_rules!|module|mod)";
/** `func (r *Repo) Name`, `export default class Name`, `pub(crate) fn name`, `def name`. */
const BY_KEYWORD = new RegExp(
  `^[ \\t]*${MODIFIERS}${KEYWORDS}[ \\t]+(?:\\([^()\\n]{0,120}\\)[ \\t]*)?(?:self\\.)?([A-Za-z_$][\\w$]*)`,
  "gm",
);
const BY_DEFINE = /^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)/gm;
/** `const name = (a) =>`, `let name = function`, `export const NAME =`. */
const BY_ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+const[ \t]+([A-Za-z_$][\w$]*)|(?:(?:const|let|var|val)[ \t]+|(?:\w+\.){1,3})([A-Za-z_$][\w$]*)(?:[ \t]*:[^=\n]{0,200})?[ \t]*=[ \t]*(?:async\b|function\b|\(|[A-Za-z_$][\w$]*[ \t]*=>))/gm;
const NO_NAME =
  /^(?:if|for|while|switch|catch|return|else|new|function|func|fn|def|do|try|with|match|await|yield|throw|assert|super|this|self|sizeof|typeof|constructor|elif|except|print|and|or|not|in|case|when|unless|until|using|lock|synchronized|require|import|expect|describe|it|test)$/;
const NAME_LENGTH_MIN = 3;
const NAME_LENGTH_MAX = 80;

function definedNames(text: string): string[] {
  const names = new Set<string>();
  const add = (name: string | undefined) => {
    if (name === undefined || name.length < NAME_LENGTH_MIN || name.length > NAME_LENGTH_MAX)
      return;
    if (names.size < SYMBOLS_MAX && !NO_NAME.test(name)) names.add(name);
  };
  for (const match of text.matchAll(BY_KEYWORD)) add(match[1]);
  for (const match of text.matchAll(BY_ASSIGNMENT)) add(match[1] ?? match[2]);
  if (text.includes("define")) for (const match of text.matchAll(BY_DEFINE)) add(match[1]);
  for (let end = text.indexOf("{"); end >= 0; end = text.indexOf("{", end + 1)) {
    if (BREAK.has(text.charCodeAt(end + 1))) add(nameBefore(text, end));
  }
  // A piece of a text keeps the whole of it in memory; pieces of what was joined do not.
  return names.size === 0 ? [] : [...names].join(" ").split(" ");
}

const BREAK: ReadonlySet<number> = new Set([10, 13]);
const PARAMETERS_LENGTH_MAX = 1000;
const TAIL_LENGTH_MAX = 120;

/** The name of `List<String> name(int a) throws B {`, given the place of the brace. */
function nameBefore(text: string, brace: number): string | undefined {
  const close = text.lastIndexOf(")", brace);
  if (close < 0 || brace - close > TAIL_LENGTH_MAX) return undefined;
  if (/[;{}=]/.test(text.slice(close, brace))) return undefined;
  let open = close - 1;
  const first = Math.max(0, close - PARAMETERS_LENGTH_MAX);
  for (let depth = 1; open >= first; open -= 1) {
    const code = text.charCodeAt(open);
    if (code === CLOSE) depth += 1;
    else if (code === OPEN) depth -= 1;
    else if (code === SEMICOLON) return undefined;
    if (depth === 0) break;
  }
  if (open < first) return undefined;
  let start = open;
  while (isNameCode(text.charCodeAt(start - 1))) start -= 1;
  return text.charCodeAt(start - 1) === POINT ? undefined : text.slice(start, open);
}

const OPEN = 40;
const CLOSE = 41;
const POINT = 46;
const SEMICOLON = 59;

const isLower = (code: number): boolean => code >= 97 && code <= 122;
const isUpper = (code: number): boolean => code >= 65 && code <= 90;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const UNDERSCORE = 95;
const isNameCode = (code: number): boolean =>
  isLower(code) || isUpper(code) || isDigit(code) || code === UNDERSCORE || code === 36;

/** Names and sentences of a text, as numbers that are the same wherever they stand. */
export interface MarkedText {
  readonly names: ReadonlyMap<number, string>;
  /** Of each three words that follow each other. */
  readonly phrases: ReadonlyMap<number, string>;
}

/** The marks of what an issue says, to be looked for among those of the sources. */
export function markedText(text: string): MarkedText {
  const names = new Map<number, string>();
  eachName(text, (mark, from, to) => names.set(mark, text.slice(from, to)));
  const phrases = new Map<number, string>();
  for (const line of text.split("\n")) {
    for (const run of line.split(PLACEHOLDER)) {
      for (const trio of trios(run)) phrases.set(markOf(trio), trio);
    }
  }
  return { names, phrases };
}

const STRING =
  /"((?:[^"\\\n]|\\.){12,400})"|'((?:[^'\\\n]|\\.){12,400})'|`((?:[^`\\]|\\.){12,400})`/g;
/** Where a message is filled in: what stands there differs each time. */
const PLACEHOLDER = /%[-+#0-9.]*[a-zA-Z]|\$?\{[^{}]*\}|["'`<>|]|\\./;

function sourceMarks(text: string): Uint32Array {
  const marks = new Set<number>();
  for (const match of text.matchAll(STRING)) {
    const said = match[1] ?? match[2] ?? match[3] ?? "";
    if (!said.includes(" ")) continue;
    for (const run of said.split(PLACEHOLDER)) {
      for (const trio of trios(run)) marks.add(markOf(trio));
    }
    if (marks.size >= MARKS_MAX / 2) break;
  }
  eachName(text, (mark) => {
    if (marks.size < MARKS_MAX) marks.add(mark);
  });
  return Uint32Array.from(marks);
}

function trios(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z][\w-]*/g) ?? [];
  return words.slice(2).map((word, place) => `${words[place]} ${words[place + 1]} ${word}`);
}

const MARKED_NAME_LENGTH_MIN = 5;

/** Every name of several parts (`parseDate`, `max_age`, `utf8`), which a plain word is not, with its mark. */
function eachName(text: string, found: (mark: number, from: number, to: number) => void): void {
  const length = text.length;
  for (let place = 0; place < length; place += 1) {
    let code = text.charCodeAt(place);
    if (!isNameCode(code) || isDigit(code)) {
      // A number swallows the letters that follow it.
      if (isDigit(code)) while (isNameCode(text.charCodeAt(place + 1))) place += 1;
      continue;
    }
    const from = place;
    let mark = FIRST_MARK;
    let telling = false;
    let before = 0;
    while (isNameCode(code)) {
      mark = Math.imul(mark ^ code, MARK_FACTOR);
      telling ||=
        (isUpper(code) && (isLower(before) || isDigit(before))) ||
        (isDigit(code) && (isLower(before) || isUpper(before))) ||
        (before === UNDERSCORE && place - from > 1 && code !== UNDERSCORE);
      before = code;
      place += 1;
      code = text.charCodeAt(place);
    }
    const size = place - from;
    if (telling && size >= MARKED_NAME_LENGTH_MIN && size <= NAME_LENGTH_MAX) {
      found(mark >>> 0, from, place);
    }
  }
}

/** FNV-1a in 32 bits. `before`: the mark of what stands before the text. */
export function markOf(text: string, before = FIRST_MARK): number {
  let mark = before;
  for (let place = 0; place < text.length; place += 1) {
    mark = Math.imul(mark ^ text.charCodeAt(place), MARK_FACTOR);
  }
  return mark >>> 0;
}

/** The mark of nothing. */
export const FIRST_MARK = 0x811c9dc5;
const MARK_FACTOR = 0x01000193;

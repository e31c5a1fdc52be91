import { normal, wordReader } from "../index/words.ts";
import type { Issue } from "../issue.ts";
import { readMarkdown } from "../markdown.ts";

/** The parts of an issue that are read differently; each has a limited length. */
export const ZONES = ["title", "span", "text", "code"] as const;
export type Zone = (typeof ZONES)[number];

/** An issue, taken apart once for everything that looks at its words. */
export interface IssueText {
  readonly number: number;
  readonly zones: Readonly<Record<Zone, string>>;
  /** Names as code has them, each once. */
  readonly names: Readonly<Record<Zone, readonly Name[]>>;
  /** Pieces without spaces that hold a point, slash or the like: paths, file names, `a.b`, `a::b`; each once. */
  readonly compounds: readonly string[];
  readonly addresses: readonly string[];
  /** Stems of each zone with their counts; `label` has those of the labels. */
  readonly counts: Readonly<Record<Exclude<Zone, "span"> | "label", ReadonlyMap<string, number>>>;
  /** Numbers of the issues that it speaks of or that the forge relates it to. */
  readonly related: ReadonlySet<number>;
  /** What stands before the first colon of the title, as in `parser: …`; empty when nothing does. */
  readonly topic: string;
}

/** A name as it is written, and without case and separators; issues that use it share it. */
export interface Name {
  readonly name: string;
  readonly plain: string;
}

const ZONE_LENGTH_MAX = 8000;
const ADDRESS = /\bhttps?:\/\/[^\s<>()"'`]{1,300}/g;

/** Reads issues one after the other; what is found of a word or name is kept for the next ones. */
export function issueReader(): (issue: Issue) => IssueText {
  const words = wordReader();
  const names = nameReader();
  return (issue) => readIssueText(issue, words, names);
}

function readIssueText(
  issue: Issue,
  words: (text: string) => string[],
  namesIn: (text: string) => Name[],
): IssueText {
  const prose: string[] = [];
  const code: string[] = [];
  const spans: string[] = [];
  const addresses: string[] = [];
  for (const line of readMarkdown(issue.body)) {
    if (line.kind === "code") code.push(line.text);
    else {
      addresses.push(...(line.text.match(ADDRESS) ?? []));
      prose.push(line.text.replace(ADDRESS, " "));
      spans.push(...line.codeSpans);
    }
  }
  const zones = {
    title: issue.title,
    span: spans.join(" ").slice(0, ZONE_LENGTH_MAX),
    text: prose.join("\n").slice(0, ZONE_LENGTH_MAX),
    code: code.join("\n").slice(0, ZONE_LENGTH_MAX),
  };
  return {
    number: issue.number,
    zones,
    names: {
      title: namesIn(zones.title),
      span: namesIn(zones.span),
      text: namesIn(zones.text),
      code: namesIn(zones.code),
    },
    compounds: compoundsIn(`${zones.title}\n${zones.text}\n${zones.code}`),
    addresses: addresses.slice(0, ADDRESSES_MAX),
    counts: {
      title: counted(words(zones.title)),
      text: counted(words(zones.text)),
      code: counted(words(zones.code)),
      label: counted(issue.labels.flatMap(words)),
    },
    related: relatedIssues(issue),
    topic: /^\[?([\w/@. -]{3,40}?)(?:\]|:|\()/.exec(issue.title)?.[1] ?? "",
  };
}

const ADDRESSES_MAX = 50;

function relatedIssues(issue: Issue): ReadonlySet<number> {
  const text = `${issue.title}\n${issue.body.slice(0, 2 * ZONE_LENGTH_MAX)}`;
  const named = [...text.matchAll(/(?:#|issues\/|pull\/)(\d{1,9})(?!\w)/g)].map(([, digits]) =>
    Number(digits),
  );
  return new Set([...named, ...issue.blockedBy, ...(issue.parent === null ? [] : [issue.parent])]);
}

function counted(list: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of list) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function nameReader(): (text: string) => Name[] {
  const known = new Map<string, Name>();
  return (text) => {
    const found = new Set<Name>();
    for (const name of text.match(/[A-Za-z_$@][\w$-]*/g) ?? []) {
      const own = known.get(name) ?? { name, plain: normal(name) };
      known.set(name, own);
      found.add(own);
    }
    return [...found];
  };
}

const compoundsIn = (text: string): string[] => [
  ...new Set(
    text
      .split(/[^\w@.+~/\\:#$>-]+/)
      .filter((piece) => piece.length <= COMPOUND_LENGTH_MAX && /\w[./\\:#>-]+\w/.test(piece))
      .map((piece) => piece.replaceAll("\\", "/").replace(/[.:,>-]+$/, "")),
  ),
];

const COMPOUND_LENGTH_MAX = 200;

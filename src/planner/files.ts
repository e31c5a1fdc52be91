import type { Issue } from "./issue.ts";
import { type Line, labelOf, readMarkdown } from "./markdown.ts";

/** A file that an issue is expected to touch. */
export interface PredictedFile {
  /** Relative to the repository, `/` between folders. */
  readonly path: string;
  /** 0 to 1; 1 only where the issue itself lists its files. */
  readonly confidence: number;
  /** A phrase for people, e.g. `named in body line 3`. */
  readonly why: string;
}

/** Guesses the files of an issue; each path once, the surest first. */
export type FilePredictor = (issue: Issue, files: FileIndex) => readonly PredictedFile[];

/** The paths of a repository, ready to be asked what a piece of text names. */
export interface FileIndex {
  /** The path itself, or the only one that ends with `/name`. */
  find(name: string): string | undefined;
  /** The longest path, of two names or more, that `name` ends with: what an absolute path means here. */
  endOf(name: string): string | undefined;
}

/** An index of repository paths (files only, `/` between folders). */
export function fileIndex(paths: readonly string[]): FileIndex {
  const all = new Set(paths);
  const byName = new Map<string, string[]>();
  for (const path of all) {
    const same = byName.get(lastName(path));
    if (same === undefined) byName.set(lastName(path), [path]);
    else same.push(path);
  }
  const namesakes = (name: string) => byName.get(lastName(name)) ?? [];
  const find = (name: string): string | undefined => {
    if (all.has(name)) return name;
    const longer = namesakes(name).filter((path) => path.endsWith(`/${name}`));
    return longer.length === 1 ? longer[0] : undefined;
  };
  const endOf = (name: string): string | undefined =>
    namesakes(name)
      .filter((path) => path.includes("/") && name.endsWith(`/${path}`))
      .toSorted((a, b) => b.length - a.length)[0];
  return { find: remembered(find), endOf: remembered(endOf) };
}

/**
 * The predictor that believes only what the issue says: the entries of its `Files` section (also files that do not
 * exist yet), and the repository's paths that title, text or code name. Of a stack trace without folders only the
 * innermost frame counts: the others are the road, not the place.
 */
export const mentionedFiles: FilePredictor = (issue, files) => {
  const surest = new Map<string, PredictedFile>();
  for (const file of mentions(issue, files)) {
    if (file.confidence > (surest.get(file.path)?.confidence ?? 0)) surest.set(file.path, file);
  }
  return [...surest.values()].toSorted((a, b) => b.confidence - a.confidence);
};

function* mentions(issue: Issue, files: FileIndex): Generator<PredictedFile> {
  for (const { name } of names(issue.title)) {
    const path = files.find(name);
    if (path !== undefined) yield { path, confidence: sureness(name), why: "named in the title" };
  }
  let inTrace = false;
  for (const line of readMarkdown(issue.body)) {
    const place = `body line ${line.number}`;
    for (const path of listedFiles(line, files)) {
      yield { path, confidence: 1, why: `listed under Files, ${place}` };
    }
    for (const name of [...linkedFiles(line.text, issue), ...line.codeSpans]) {
      const path = files.find(name);
      if (path !== undefined) yield { path, confidence: 0.9, why: `named in ${place}` };
    }
    if (line.kind !== "code") inTrace = false;
    for (const { name, traced } of names(line.text)) {
      const path = files.find(name);
      const within = isAbsolute(name) && !PACKAGES.test(name) ? files.endOf(name) : undefined;
      if (within !== undefined) {
        yield { path: within, confidence: 0.7, why: `at the end of a path in ${place}` };
      } else if (path !== undefined && line.kind !== "code") {
        yield { path, confidence: sureness(name), why: `named in ${place}` };
      } else if (path !== undefined && (name.includes("/") || (traced && !inTrace))) {
        inTrace ||= traced;
        yield { path, confidence: 0.8 * sureness(name), why: `in the code of ${place}` };
      }
    }
  }
}

const NAME_LENGTH_MAX = 300;
const ADDRESS = /\bhttps?:\/\/[^\s<>()"'`]+/g;
const FILE_ADDRESS =
  /\bhttps?:\/\/[\w.:-]{1,200}\/([\w.-]{1,100}\/[\w.-]{1,100})\/(?:blob|blame|raw|edit)\/[^\s/]{1,200}\/([^\s<>()"'`#?]{1,300})/g;
/** Folders of installed packages: what lies below them is not the repository's. */
const PACKAGES = /(?:^|\/)(?:node_modules|vendor|\.cargo|\.m2|pkg\/mod)\//;
const FILES_TITLE =
  /^(?:(?:affected|changed|modified|touched|relevant|involved|key) )?files?(?: (?:to (?:be )?[a-z]+|likely [a-z ]+|affected|changed|modified|touched|involved))?$/;

/** From the root of a disk or, in a diff, of one side. */
const isAbsolute = (name: string): boolean => /^(?:\/|[ab]\/|[A-Za-z]:)/.test(name);

const sureness = (name: string): number => (name.includes("/") ? 0.9 : 0.7);

/** A piece of text that may be a path; `traced` when a line number follows, as in a stack trace. */
interface Name {
  readonly name: string;
  readonly traced: boolean;
}

/** The pieces of a text that may be paths, without position, punctuation and emphasis; addresses are left out. */
function names(text: string): Name[] {
  return text
    .replace(ADDRESS, " ")
    .split(/[\s`'"“”‘’<>,;|()#=?!]+/)
    .filter((word) => word.length <= NAME_LENGTH_MAX && /[./\\]/.test(word))
    .flatMap((word) => {
      const pieces = /^[A-Za-z]:[\\/]/.test(word) ? [word] : word.split(":");
      return pieces.map((piece, index) => ({
        name: cleanName(piece),
        traced: /^\d/.test(pieces[index + 1] ?? ""),
      }));
    })
    .filter(({ name }) => /\w/.test(name));
}

/** A path as people write it: emphasis, final points, `./` and Windows' separators go. */
function cleanName(word: string): string {
  return word
    .replace(/\\([_*[\]()#+.!-])/g, "$1")
    .replaceAll("\\", "/")
    .replace(/^\*+|^\[(?=[^\]]*$)|[.*]+$|(?<=^[^[]*)\]$/g, "")
    .replace(/^(?:\.{1,2}\/)+/, "");
}

/** The paths of addresses that show a file of the issue's own repository. */
function linkedFiles(text: string, issue: Issue): string[] {
  return [...text.matchAll(FILE_ADDRESS)].flatMap(([, repo = "", path = ""]) =>
    issue.url === null || issue.url.toLowerCase().includes(`/${repo.toLowerCase()}/`)
      ? [path.replace(/[.,:;*]+$/, "")]
      : [],
  );
}

/** The entries that a line adds to a `Files` section: known paths, and new ones as they are written. */
function listedFiles(line: Line, files: FileIndex): string[] {
  const label = line.kind === "text" || line.kind === "item" ? labelOf(line.text) : null;
  const labelled = label !== null && FILES_TITLE.test(label.title);
  const within = FILES_TITLE.test(line.section) && line.kind !== "heading" && line.kind !== "quote";
  if (!labelled && !within) return [];
  const text = (labelled ? label.rest : line.text).replace(
    /\[([^[\]]{1,300})\]\([^()]{0,500}\)/g,
    "$1",
  );
  return text.split(/[,;]| and /).flatMap((piece) => leadingPaths(piece, files));
}

/** The words of a piece up to the first that is no path: `src/a.ts (new)`, `src/a.ts - the parser`. */
function leadingPaths(piece: string, files: FileIndex): string[] {
  const words = piece.replaceAll("`", " ").trim().split(/\s+/);
  const paths = words.map((word) => {
    const bare = word.replace(/^["'*(]+/, "").slice(0, NAME_LENGTH_MAX + 1);
    const [name = ""] = bare.replace(/["'*):.]+$/, "").split(/:(?!\/)/);
    return { name, known: files.find(cleanName(name)) };
  });
  const end = paths.findIndex(({ name, known }) => known === undefined && !isPath(name));
  return paths
    .slice(0, end < 0 ? undefined : end)
    .map(({ name, known }) => known ?? name.replaceAll("\\", "/"));
}

const isPath = (word: string): boolean =>
  word.length <= NAME_LENGTH_MAX &&
  (/[\w*]\/|\/[\w*]/.test(word) || /[\w-]\.[A-Za-z]\w{0,9}$/.test(word)) &&
  !/^(?:https?:.*|e\.g|i\.e|n\/a|and\/or)$/i.test(word);

const lastName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Asks each question once: thousands of issues name the same files. */
function remembered(
  ask: (name: string) => string | undefined,
): (name: string) => string | undefined {
  const answers = new Map<string, string | undefined>();
  return (name) => {
    if (!answers.has(name)) answers.set(name, ask(name));
    return answers.get(name);
  };
}

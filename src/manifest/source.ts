import { findNodeAtLocation, type Node, parseTree } from "jsonc-parser";
import type { Json } from "./json.ts";
import { keyFindings } from "./keys.ts";
import { type Finding, fieldName, type JsonPath, type Place, placesOf } from "./place.ts";
import type { Problem } from "./problem.ts";
import { syntaxFindings } from "./syntax.ts";

/** A problem that does not know its place yet. */
export interface Mistake extends Pick<Problem, "severity" | "code" | "message" | "remedy"> {
  readonly path: JsonPath;
  /** The key is wrong, not its value. */
  readonly atKey?: boolean;
}

/** A JSON text that was read, and where each of its values stands. */
export interface Source {
  readonly value: Json;
  /** The place of a value, or of the nearest thing around it that exists. */
  readonly locate: (path: JsonPath) => Place;
  readonly place: (mistake: Mistake) => Problem;
}

export type SourceOutcome =
  | { readonly kind: "read"; readonly source: Source }
  | { readonly kind: "broken"; readonly problems: readonly Problem[] };

const BYTES_MAX = 20 * 1024 * 1024;
const DEPTH_MAX = 64;

/** Reads strict JSON (a byte order mark is forgiven): no comments, no trailing commas, no key twice. */
export function readSource(text: string, file: string): SourceOutcome {
  const body = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const places = placesOf(body);
  const outcome = readJson(body);
  if (outcome.kind === "read") {
    return { kind: "read", source: sourceOf(body, outcome.value, file, places) };
  }
  const problems = outcome.findings.map(({ at, path, ...finding }): Problem => {
    return { severity: "error", file, ...places(at), field: fieldName(path ?? []), ...finding };
  });
  return { kind: "broken", problems };
}

type JsonOutcome =
  | { readonly kind: "read"; readonly value: Json }
  | { readonly kind: "broken"; readonly findings: readonly Finding[] };

function readJson(body: string): JsonOutcome {
  const shape = measure(body);
  const refused = refusal(body, shape);
  if (refused !== undefined) return { kind: "broken", findings: [refused] };
  let value: Json;
  try {
    value = JSON.parse(body) as Json;
  } catch (error) {
    return { kind: "broken", findings: syntaxFindings(body, error) };
  }
  const findings = keyFindings(body, value, shape.members);
  return findings.length > 0 ? { kind: "broken", findings } : { kind: "read", value };
}

function refusal(body: string, shape: Shape): Finding | undefined {
  if (body.trim() === "") {
    return {
      at: 0,
      code: "empty-file",
      message: "the file is empty",
      remedy: "Make a manifest with coppice plan, or put the file back from git.",
    };
  }
  if (new TextEncoder().encode(body).length > BYTES_MAX) {
    return {
      at: 0,
      code: "file-too-large",
      message: "the file is larger than 20 MB",
      remedy: "Move long texts out of it, or split it into several manifests.",
    };
  }
  if (shape.tooDeepAt !== undefined) {
    return {
      at: shape.tooDeepAt,
      code: "nested-too-deeply",
      message: `brackets are nested more than ${DEPTH_MAX} deep`,
      remedy: "Remove the inner lists and objects: a manifest needs seven levels.",
    };
  }
  return undefined;
}

interface Shape {
  /** Where the brackets first nest deeper than allowed. */
  readonly tooDeepAt: number | undefined;
  /** Colons outside of strings: the members of all objects, doubles included. */
  readonly members: number;
}

/** One pass over the text, before anything that recurses sees it. */
function measure(text: string): Shape {
  let tooDeepAt: number | undefined;
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') at = endOfString(text, at);
    else if (char === ":") members += 1;
    else if (char === "}" || char === "]") depth -= 1;
    else if (char === "{" || char === "[") {
      depth += 1;
      if (depth > DEPTH_MAX) tooDeepAt ??= at;
    }
  }
  return { tooDeepAt, members };
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

/** The tree is built only when a place is asked for: most manifests have no mistake. */
function sourceOf(
  body: string,
  value: Json,
  file: string,
  places: (offset: number) => Place,
): Source {
  let tree: Node | undefined;
  const nodeAt = (path: JsonPath): Node | undefined => {
    tree ??= parseTree(body);
    if (tree === undefined) return undefined;
    return (
      findNodeAtLocation(tree, [...path]) ?? (path.length > 0 ? nodeAt(path.slice(0, -1)) : tree)
    );
  };
  return {
    value,
    locate: (path) => places(nodeAt(path)?.offset ?? 0),
    place({ path, atKey, ...mistake }) {
      const node = nodeAt(path);
      const at = atKey && node?.parent?.type === "property" ? node.parent : node;
      return { ...mistake, file, ...places(at?.offset ?? 0), field: fieldName(path) };
    },
  };
}

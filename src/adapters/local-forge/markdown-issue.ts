import { basename } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { closedObject } from "../../manifest/closed-object.ts";
import { isJsonObject, type Json } from "../../manifest/json.ts";
import { fieldName, type JsonPath, type Place } from "../../manifest/place.ts";
import type { Problem } from "../../manifest/problem.ts";
import { shapeMistakes } from "../../manifest/shape.ts";
import type { Mistake } from "../../manifest/source.ts";
import type { Issue } from "../../planner/issue.ts";

export type MarkdownIssue =
  | { readonly kind: "read"; readonly issue: Issue }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

/**
 * Reads one issue: YAML front matter, then the text. The number may stand in the file's name (`12-title.md`) instead,
 * and the title in the first heading.
 */
export function readMarkdownIssue(text: string, file: string): MarkdownIssue {
  const { yaml, body } = split(text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n"));
  const front = readFrontMatter(yaml, file);
  if (front.kind === "invalid") return front;
  const { fields } = front;
  const heading = /^#[ \t]+(.+?)[ \t]*#*$/m.exec(body);
  const number = fields.number ?? numberOfName(file);
  const title = fields.title ?? heading?.[1];
  const lacking = [
    ...(number === undefined ? [noNumber] : []),
    ...(title === undefined ? [noTitle] : []),
  ];
  if (number === undefined || title === undefined) {
    return { kind: "invalid", problems: lacking.map((each) => problemAt(file, START, each)) };
  }
  const usesHeading = fields.title === undefined && heading !== null;
  const issue: Issue = {
    number,
    title,
    body: (usesHeading ? body.replace(heading[0], "") : body).trim(),
    labels: fields.labels,
    state: fields.state,
    milestone: fields.milestone ?? null,
    milestoneDue: fields.due ?? null,
    type: fields.type ?? null,
    priority: fields.priority ?? null,
    estimate: fields.estimate ?? null,
    authorAssociation: null,
    url: null,
    blockedBy: fields.blockedBy,
    parent: fields.parent ?? null,
    origin: `${file}:1`,
  };
  return { kind: "read", issue };
}

/** YAML has numbers and lists where a person thinks of words. */
const Words = z.preprocess(
  (value) => (typeof value === "number" ? String(value) : value),
  z.string().min(1),
);
const Labels = z.preprocess(
  (value) => (typeof value === "string" ? value.split(",").map((each) => each.trim()) : value),
  z.array(Words),
);
const Numbers = z.preprocess(
  (value) => (typeof value === "number" ? [value] : value),
  z.array(z.int().positive()),
);

const FrontMatter = closedObject({
  number: z.int().positive().optional(),
  title: Words.optional(),
  labels: Labels.default([]),
  state: z.enum(["open", "closed"]).default("open"),
  blockedBy: Numbers.default([]),
  parent: z.int().positive().optional(),
  milestone: Words.optional(),
  due: z.iso.date().optional(),
  type: Words.optional(),
  priority: Words.optional(),
  estimate: Words.optional(),
});
type FrontMatter = z.infer<typeof FrontMatter>;

const FENCE = "---\n";
const START: Place = { line: 1, column: 1 };

function split(text: string): { readonly yaml: string; readonly body: string } {
  const end = text.startsWith(FENCE) ? /^---[ \t]*$/m.exec(text.slice(FENCE.length)) : null;
  if (end === null) return { yaml: "", body: text };
  const from = FENCE.length + end.index;
  return { yaml: text.slice(FENCE.length, from), body: text.slice(from + end[0].length) };
}

type Front =
  | { readonly kind: "read"; readonly fields: FrontMatter }
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] };

function readFrontMatter(yaml: string, file: string): Front {
  const lineCounter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter, prettyErrors: false });
  // The fence before the front matter is line 1.
  const placeOf = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: line + 1, column: col };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) =>
      problemAt(file, placeOf(error.pos[0]), {
        code: "front-matter-syntax",
        path: [],
        message: `the front matter is no YAML: ${error.message}`,
        remedy: "Put text that holds a colon or begins with a sign in quotes.",
      }),
    );
    return { kind: "invalid", problems };
  }
  const value: Json = document.toJS() ?? {};
  const shape = FrontMatter.safeParse(value);
  if (isJsonObject(value) && shape.success) return { kind: "read", fields: shape.data };
  const found =
    shape.success || !isJsonObject(value) ? [noFields] : shapeMistakes(shape.error.issues, value);
  const problems = found.map((each) => {
    const node = each.path.length > 0 ? document.getIn(each.path, true) : null;
    return problemAt(file, placeOf(isNode(node) ? (node.range?.[0] ?? 0) : 0), each);
  });
  return { kind: "invalid", problems };
}

type Finding = Pick<Mistake, "code" | "message" | "remedy"> & { readonly path: JsonPath };

const problemAt = (file: string, place: Place, { path, ...finding }: Finding): Problem => ({
  ...finding,
  severity: "error",
  file,
  ...place,
  field: fieldName(path),
});

const noNumber: Finding = {
  code: "number-missing",
  path: ["number"],
  message: "the issue has no number",
  remedy: "Name the file like 12-title.md, or write number: 12 in its front matter.",
};

const noTitle: Finding = {
  code: "title-missing",
  path: ["title"],
  message: "the issue has no title",
  remedy: "Write title: … in the front matter, or a first heading: # Title.",
};

const noFields: Finding = {
  code: "front-matter-shape",
  path: [],
  message: "the front matter holds no fields",
  remedy: "Write one field a line, like title: Mend the door.",
};

function numberOfName(file: string): number | undefined {
  const digits = /^(?:issue-)?0*([1-9]\d{0,8})(?:[-_. ].*)?\.md$/i.exec(basename(file))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

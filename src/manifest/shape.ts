import type { z } from "zod";
import { unreachable } from "./errors.ts";
import { isJsonObject, type Json } from "./json.ts";
import type { JsonPath } from "./place.ts";
import type { Mistake } from "./source.ts";
import { didYouMean } from "./suggest.ts";

/** What zod found, in the words of a person who has the file open, each with its remedy. */
export function shapeMistakes(issues: readonly z.core.$ZodIssue[], value: Json): Mistake[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
    if (issue.code === "unrecognized_keys") return unknownFields(issue, path);
    return [{ severity: "error" as const, path, ...wordsFor(issue, path, valueAt(value, path)) }];
  });
}

type Words = Pick<Mistake, "code" | "message" | "remedy">;

function unknownFields(issue: z.core.$ZodIssueUnrecognizedKeys, path: JsonPath): Mistake[] {
  const known = "known" in issue && Array.isArray(issue.known) ? issue.known.map(String) : [];
  return issue.keys.map((key) => ({
    severity: "error",
    code: "unknown-field",
    path: [...path, key],
    atKey: true,
    message: `unknown field ${JSON.stringify(key)}`,
    remedy: `${didYouMean(key, known)}Remove it, or begin its name with x- to keep it.`,
  }));
}

function wordsFor(issue: z.core.$ZodIssue, path: JsonPath, value: Json | undefined): Words {
  const key = String(path.findLast((step) => typeof step === "string") ?? "the manifest");
  if (value === undefined) {
    return {
      code: "missing-field",
      message: `${key} is missing`,
      remedy: `Add ${JSON.stringify(key)}: ${exampleOf(issue)}.`,
    };
  }
  switch (issue.code) {
    case "invalid_type":
      return {
        code: "wrong-type",
        message: `${key} is ${typeName(issue.expected)}, not ${shown(value)}`,
        remedy: `Write ${exampleOf(issue)}.`,
      };
    case "invalid_value": {
      const options = issue.values.map(String);
      return {
        code: "unknown-value",
        message: `${shown(value)} is no ${key}`,
        remedy: `${didYouMean(String(value), options)}Write one of ${options.join(", ")}.`,
      };
    }
    case "too_small":
    case "too_big":
      return {
        code: "out-of-range",
        message: `${key} is out of range: ${shown(value)}`,
        remedy: rangeRemedy(issue),
      };
    case "invalid_union":
      return {
        code: "wrong-type",
        message: `${key} is a command, not ${shown(value)}`,
        remedy: 'Write it as "npm test" (run by sh -c), or as words: ["npm", "test"].',
      };
    case "invalid_format":
      return {
        code: "wrong-format",
        message: `${shown(value)} is no ${key}: ${formatRule(issue)}`,
        remedy: formatRemedy(issue, key, String(value)),
      };
    case "unrecognized_keys":
    case "not_multiple_of":
    case "invalid_key":
    case "invalid_element":
    case "custom":
      return {
        code: "wrong-value",
        message: `${key}: ${issue.message}`,
        remedy: "Change the value; schemas/manifest.schema.json describes the field.",
      };
    default:
      return unreachable(issue);
  }
}

function exampleOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return JSON.stringify(issue.values[0]);
  if (issue.code !== "invalid_type") return '"…"';
  switch (issue.expected) {
    case "string":
      return '"…" (text in double quotes)';
    case "int":
    case "number":
      return "a number without quotes";
    case "boolean":
      return "true or false";
    case "array":
      return "a list: […]";
    default:
      return "an object: {…}";
  }
}

function typeName(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    string: "text",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
    array: "a list",
    object: "an object",
    record: "an object",
  };
  return names[expected] ?? expected;
}

function rangeRemedy(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [word, bound] =
    issue.code === "too_small" ? ["at least", issue.minimum] : ["at most", issue.maximum];
  if (issue.origin === "string" || issue.origin === "array") {
    const what = issue.origin === "string" ? "characters" : "entries";
    return `Write ${word} ${bound} ${what}${issue.code === "too_small" ? ", or leave the field out" : ""}.`;
  }
  return `Write a number ${issue.inclusive === false ? (issue.code === "too_small" ? "above" : "below") : word} ${bound}.`;
}

function formatRule(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format === "datetime") return "a time is written in ISO 8601 with its zone";
  if (issue.format === "url") return "an address begins with https://";
  return issue.message;
}

function formatRemedy(
  issue: z.core.$ZodIssueInvalidStringFormat,
  key: string,
  value: string,
): string {
  if (issue.format === "datetime") return "Write it like 2026-01-17T08:00:00Z.";
  if (issue.format === "url") return "Write it like https://github.example.com/api/v3.";
  switch (key) {
    case "id":
    case "dependsOn":
    case "parent":
      return `Write ${JSON.stringify(nearestId(value))}, for example.`;
    case "repo":
      return 'Write it like "octocat/hello-world".';
    case "branchPrefix":
      return 'Write it like "fix/".';
    default:
      return 'Write it like "fix/issue-7".';
  }
}

function nearestId(value: string): string {
  const id = value
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  return id === "" ? "t1" : id;
}

function shown(value: Json): string {
  if (Array.isArray(value)) return "a list";
  if (isJsonObject(value)) return "an object";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

function valueAt(value: Json, path: JsonPath): Json | undefined {
  let at: Json | undefined = value;
  for (const step of path) {
    if (typeof step === "number") at = Array.isArray(at) ? at[step] : undefined;
    else at = isJsonObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  }
  return at;
}

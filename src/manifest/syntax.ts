import { type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { unreachable } from "./errors.ts";
import type { Finding } from "./place.ts";

/** Every mistake of a text that is no JSON, without the echoes that one mistake makes; never empty. */
export function syntaxFindings(body: string, cause: unknown): Finding[] {
  const errors: ParseError[] = [];
  parseTree(body, errors, { disallowComments: true, allowTrailingComma: false });
  const findings: Finding[] = [];
  let heard = -1;
  for (const { error, offset, length } of errors) {
    const echo = heard >= 0 && body.slice(heard, offset).trim() === "";
    heard = Math.max(heard, offset + length);
    if (echo) continue;
    findings.push(
      offset + length >= body.trimEnd().length && wantsMore(printParseErrorCode(error))
        ? truncated(body)
        : explain(printParseErrorCode(error), offset, body),
    );
  }
  if (findings.length > 0) return findings;
  const remedy = "Mend the JSON text; an editor shows the place.";
  return [{ at: 0, code: "syntax", message: `the file is no JSON: ${String(cause)}`, remedy }];
}

type ErrorName = ReturnType<typeof printParseErrorCode>;

const wantsMore = (error: ErrorName): boolean =>
  error.endsWith("Expected") || error.startsWith("UnexpectedEnd");

function truncated(body: string): Finding {
  return {
    at: body.trimEnd().length,
    code: "truncated-file",
    message: "the file ends before its last bracket is closed",
    remedy: "Write the missing end, or put the file back from git: its last write may be cut.",
  };
}

function explain(error: ErrorName, offset: number, body: string): Finding {
  const syntax = (message: string, remedy: string, at = offset): Finding => {
    return { at, code: "syntax", message, remedy };
  };
  const before = body.slice(0, offset).trimEnd();
  if (before.endsWith(",") && /[}\]]/.test(body[offset] ?? "")) {
    const comma = before.length - 1;
    return syntax("a comma stands before a closing bracket", "Remove the comma.", comma);
  }
  switch (error) {
    case "InvalidCommentToken":
    case "UnexpectedEndOfComment":
      return syntax("JSON has no comments", 'Remove it, or keep the text in a field "x-note".');
    case "CommaExpected":
      return syntax("a comma is missing before this", "Write a comma between the two values.");
    case "ColonExpected":
      return syntax("a colon is missing before this", "Write a colon between key and value.");
    case "PropertyNameExpected":
      return syntax("a key in double quotes is expected here", 'Write "key": value.');
    case "ValueExpected":
      return syntax("a value is missing here", 'Write text in "quotes", a number, [], {} or null.');
    case "CloseBraceExpected":
    case "CloseBracketExpected":
      return syntax("a bracket is not closed before this", "Close it with } or ].");
    case "EndOfFileExpected":
      return syntax("something stands behind the end", "Remove what follows the last bracket.");
    case "UnexpectedEndOfString":
      return syntax(
        "the text is not closed on its line",
        'Write the closing ", and \\n for a line.',
      );
    case "InvalidEscapeCharacter":
    case "InvalidUnicode":
      return syntax("the text holds a wrong escape", "Write \\\\ for a backslash.");
    case "InvalidCharacter":
      return syntax("the text holds a control character", "Write \\t for a tab, \\n for a line.");
    case "InvalidNumberFormat":
    case "UnexpectedEndOfNumber":
      return syntax("this is no number", "Write digits, e.g. 15 or 0.5.");
    case "InvalidSymbol":
    case "<unknown ParseErrorCode>":
      return syntax("this is no JSON", 'Put keys and text in double quotes: "…".');
    default:
      return unreachable(error);
  }
}

import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { terminalLines } from "../../../src/classify/terminal-text.ts";

describe("terminal text", () => {
  test.each([
    ["colours go", "\u001b[1;31mred\u001b[0m\r\nplain", ["red", "plain"]],
    ["a line drawn anew counts once", "10 %\r20 %\r\u001b[K30 %\r\n", ["30 %"]],
    [
      "titles and links go",
      "\u001b]0;title\u0007a \u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\",
      ["a link"],
    ],
    ["the clipboard stays untouched", "a\u001b]52;c;c2VjcmV0\u0007b", ["ab"]],
    ["device strings go", "a\u001bPq#0;2\u001b\\b\u0090more\u009cc", ["abc"]],
    ["one-byte sequences go", "a\u009b31mb\u009d0;t\u009cc", ["abc"]],
    ["a cursor that moves to another row ends the line", "one\u001b[2;1Htwo", ["one", "two"]],
    ["a cursor that moves on is a gap", "one\u001b[3Ctwo", ["one two"]],
    ["a backspace takes back", "pasx\bs\r\n", ["pass"]],
    ["the same line twice in a row is one", "busy\r\nbusy\r\n\r\n\r\nend\r\n", ["busy", "", "end"]],
    ["a torn sequence at the end goes", "text\u001b[3", ["text"]],
  ])("%s", (_, raw, lines) => expect(terminalLines(raw)).toEqual(lines));

  test.prop([
    fc.array(
      fc.constantFrom(
        "\u001b",
        "[",
        "]",
        "P",
        "\\",
        "\u0007",
        "\r",
        "\n",
        "\b",
        ";",
        "1",
        "m",
        "H",
        "x",
        "é",
        "\u009b",
        "\u009d",
        "\u009c",
      ),
    ),
  ])("nothing that a terminal would act on is left", (parts) => {
    const text = terminalLines(parts.join("")).join("");
    expect(text).not.toMatch(/\p{Cc}/u);
  });

  test("a megabyte of broken sequences is read to its end", () => {
    const broken = ["\u001b]0;", "\u001b[1", "\r"].map((part) => part.repeat(100_000)).join("");
    expect(terminalLines(`${broken}\nthe end`).at(-1)).toBe("the end");
  });
});

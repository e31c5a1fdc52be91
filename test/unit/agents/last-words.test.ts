import { expect, test } from "vitest";
import { announcesWork, closingQuestion } from "../../../src/agents/last-words.ts";

test.each([
  ["Which option do you want me to take, 1 or 2?", "Which option do you want me to take, 1 or 2?"],
  ["Done with A. Should I also do B?", "Should I also do B?"],
  ["終わりました。続けますか？", "続けますか？"],
  ["هل أتابع؟", "هل أتابع؟"],
  ["Postgres or SQLite? Please tell me so that I can go on.", "Postgres or SQLite?"],
])("%j ends with a question", (text, question) => {
  expect(closingQuestion([text])).toBe(question);
});

test("a question before its list of choices ends the message", () => {
  expect(closingQuestion(["Which one?", "", "1. CommonJS", "2. ESM", ""])).toBe("Which one?");
});

test.each(["Should I continue? I think not: everything is complete.", "All tests passed.", ""])(
  "%j asks nothing",
  (text) => {
    expect(closingQuestion([text])).toBeUndefined();
  },
);

test("only the last paragraph asks", () => {
  expect(closingQuestion(["What was wrong?", "", "A missing semicolon."])).toBeUndefined();
});

test.each([
  ["I read the files and will now start the implementation.", true],
  ["Let me run the tests.", true],
  ["I’ll push it next.", true],
  ["The fix is committed. Let me know if anything is unclear.", false],
  ["If you want, I can add a test.", false],
  ["Everything is in place.", false],
])("%j announces work: %s", (text, announced) => {
  expect(announcesWork([text])).toBe(announced);
});

/**
 * The question that ends a message, if one does: its last sentence, or the one before a plea ("Please tell me.") or
 * before a list of choices. A question further up ("Should I continue? I think not.") is none.
 */
export function closingQuestion(lines: readonly string[]): string | undefined {
  const texts = lines.map((line) => line.trim());
  let last = texts.findLastIndex((line) => line !== "");
  if (last < 0) return undefined;
  const end = last;
  while (last > 0 && (CHOICE.test(texts[last] ?? "") || texts[last] === "")) last -= 1;
  if (last < end && /[?？؟]["'」』)*_]*:?$/u.test(texts[last] ?? "")) return texts[last];
  const sentences = sentencesOf(lastParagraph(texts.slice(0, end + 1)));
  const final = sentences.at(-1) ?? "";
  if (isQuestion(final)) return final;
  const before = sentences.at(-2) ?? "";
  return PLEA.test(final) && isQuestion(before) ? before : undefined;
}

/** The last sentence says what the agent is about to do: the turn ended before the work. */
export function announcesWork(lines: readonly string[]): boolean {
  const texts = lines.map((line) => line.trim()).filter((line) => !CHOICE.test(line));
  const final = sentencesOf(lastParagraph(texts)).at(-1) ?? "";
  return ANNOUNCEMENT.test(final) && !/^if\b|\blet (?:me|us) know\b/i.test(final);
}

const CHOICE = /^(?:[-*•]|\(?[0-9a-hA-H][.)])\s+\S/;
const PLEA = /^(?:please|let me know|tell me|just (?:say|tell)|reply|answer|choose|pick)\b/i;
const ANNOUNCEMENT =
  /\bI(?:['’]ll| will| shall|['’]m going to| am going to|['’]m about to)\b|\bwill now\b|\blet me\b|\bnow I(?:['’]ll| will)\b|\bnext,? I\b/i;

const isQuestion = (sentence: string): boolean => /[?？؟]["'」』)*_]*$/u.test(sentence);

function lastParagraph(lines: readonly string[]): string {
  const end = lines.findLastIndex((line) => line !== "") + 1;
  const start = lines.slice(0, end).lastIndexOf("") + 1;
  return lines.slice(start, end).join(" ");
}

function sentencesOf(paragraph: string): string[] {
  return paragraph
    .split(/(?<=[.?!؟]["')*_]*)\s+|(?<=[。？！]["'」』)*_]*)\s*/u)
    .filter((sentence) => sentence !== "");
}

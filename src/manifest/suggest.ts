import { closest, distance } from "fastest-levenshtein";

/** The known word that was probably meant, or undefined when none is near. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lower = word.toLowerCase();
  const same = known.find((other) => other.toLowerCase() === lower);
  if (same !== undefined) return same;
  const best = closest(word, known);
  const far = distance(lower, best.toLowerCase());
  return far <= Math.ceil(Math.min(word.length, best.length) / 3) ? best : undefined;
}

/** `Did you mean "title"? ` with the space behind it, or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = suggestion(word, known);
  return meant === undefined ? "" : `Did you mean ${JSON.stringify(meant)}? `;
}

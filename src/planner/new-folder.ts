import type { PredictedFile } from "./files.ts";

/**
 * Of 85 real issues with such titles the fixes of 23 made files, those of 11 of them in the likeliest folder; of the other
 * 366 it was 12.
 */
const ASKS_FOR_NEW = /\b(?:add|support|implement|introduce|new|create|feature|proposal)\b/i;
const CHANCE = 0.13;

/**
 * The folder in which an issue that asks for something new may make a file, and how likely: the one that holds most of its
 * guesses. For people only: as a file of a task it would order everything below. Undefined: nothing speaks for one.
 */
export function newFileFolder(
  title: string,
  files: readonly PredictedFile[],
): { readonly path: string; readonly confidence: number } | undefined {
  // Who lists files lists the new ones, too.
  if (!ASKS_FOR_NEW.test(title) || files.some(({ confidence }) => confidence === 1))
    return undefined;
  const weights = new Map<string, number>();
  for (const { path, confidence } of files) {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    if (folder !== "") weights.set(folder, (weights.get(folder) ?? 0) + confidence);
  }
  const [likeliest] = [...weights].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return likeliest && { path: likeliest[0], confidence: CHANCE };
}

/** Choices that a seed repeats. */
export interface Random {
  /** From 0 up to, but not, 1. */
  fraction(): number;
  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number;
  chance(probability: number): boolean;
  /** Undefined when there is nothing to choose from. */
  oneOf<T>(choices: readonly T[]): T | undefined;
}

/** A linear congruential generator with the constants of Numerical Recipes: plenty for choosing troubles. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const fraction = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  // Neighbouring seeds begin alike.
  for (let skipped = 0; skipped < 10; skipped += 1) fraction();
  return {
    fraction,
    whole: (least, most) => least + Math.floor(fraction() * (most - least + 1)),
    chance: (probability) => fraction() < probability,
    oneOf: (choices) => choices[Math.floor(fraction() * choices.length)],
  };
}

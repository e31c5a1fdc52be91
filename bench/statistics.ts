/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  if (low === undefined || high === undefined) throw new Error("there is no median of nothing");
  return (low + high) / 2;
}

/** The smallest value that at least `share` (0 to 1) of all values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error("there is no quantile of nothing");
  return value;
}

/** Measures both in turn, so that a neighbour's load on the machine meets both; the order changes each time. */
export async function inTurn<Ours, Floor>(
  repetitions: number,
  ours: () => Promise<Ours>,
  floor: () => Promise<Floor>,
): Promise<{ readonly ours: readonly Ours[]; readonly floor: readonly Floor[] }> {
  const measured: { ours: Ours[]; floor: Floor[] } = { ours: [], floor: [] };
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    if (repetition % 2 === 1) measured.ours.push(await ours());
    measured.floor.push(await floor());
    if (repetition % 2 === 0) measured.ours.push(await ours());
  }
  return measured;
}

/** How long the work takes, in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** A logistic model: the chance of an event is `1 / (1 + e^-(bias + Σ weight × value))`. */
export interface LogisticModel {
  readonly bias: number;
  /** In the order of the values that it is asked with. */
  readonly weights: readonly number[];
}

/** The logarithm of the odds: 0 is an even chance. */
export function logOdds(model: LogisticModel, row: Float64Array): number {
  let sum = model.bias;
  for (let place = 0; place < row.length; place += 1) {
    sum += (row[place] ?? 0) * (model.weights[place] ?? 0);
  }
  return sum;
}

export const chanceOf = (odds: number): number => 1 / (1 + Math.exp(-odds));
